"""Search the notifications: which rows a search means, in which order, and where a page ends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from notifier.alerting.models import (
    OF_ALERT,
    Answer,
    AnswerKind,
    Notification,
    NotificationState,
)
from notifier.delivery.models import DELIVERED_STATES, FAILED_STATES, MessageState
from notifier.directory.models import ConventionRule, OrganisationRef
from notifier.intake.models import Incident

PAGE = 50
# How many incidents a search by the beginning of a reference may mean.
MAX_INCIDENTS = 200
# Ids follow the order of time, but where transactions overlapped or a clock stepped back.
_OUT_OF_ORDER = 10_000
# Under how many rules an alert is searched for: the first ones of those that it names.
_RULES = 3


class LogState(models.TextChoices):
    """What became of a notification, as people search for it."""

    RECEIVED = "recue", "reçue"
    HANDED_OVER = "remise", "remise à l’opérateur, sans accusé"
    UNDER_WAY = "attente", "en attente ou retenue"
    NOT_RECEIVED = "non-recue", "non reçue"
    WITHDRAWN = "retiree", "retirée"
    UNKNOWN = "inconnue", "sort inconnu"
    NOT_SENT = "non-envoyee", "non envoyée"


class LogAnswer(models.TextChoices):
    """What the reader of a notification answered, as people search for it."""

    ANSWERED = "repondu", "répondu"
    NOTED = "bien-note", "bien noté"
    TAKEN = "prise-en-charge", "je m’en occupe"
    CALL_ME = "a-rappeler", "rappelez-moi"
    NOT_MINE = "pas-ma-commune", "pas ma commune, pas chez nous"
    HANDED_OVER = "transmis", "transmis à un adjoint"
    UNANSWERED = "sans", "sans réponse"

    @property
    def kind(self) -> AnswerKind | None:
        """The one kind of answer that is meant; None: any, or none."""
        return AnswerKind[self.name] if self.name in AnswerKind.__members__ else None


# What its reader answered to its alert, or whose text tells it, while that was open.
_GIVEN = Answer.objects.filter(
    alert=OuterRef("alert"),
    recipient__in=(OuterRef("recipient"), OuterRef("message__recipient")),
    opened_revision=OuterRef("opened_revision"),
)
# What was answered once cannot be answered again to the texts that follow, where these ask.
_SINCE = Q(at__gte=OuterRef("created_at"))
_ASKS = ~Q(answer_hash="")
_WAS_SENT = Q(message__isnull=False) & ~Q(message__state=MessageState.CANCELLED)
# Another row was made in the place of what was sent again.
_COUNTS = Q(state__in=(NotificationState.QUEUED, NotificationState.SUPPRESSED))


def _answered(answer: LogAnswer) -> Q:
    """Select by what was answered: kept by `log.lines` in the same way."""
    if answer is LogAnswer.UNANSWERED:
        return _ASKS & _COUNTS & _WAS_SENT & ~Q(Exists(_GIVEN))
    given, some = _GIVEN, Answer.objects.all()
    if answer.kind:
        given, some = given.filter(kind=answer.kind), some.filter(kind=answer.kind)
    meant = Q(Exists(given.filter(_SINCE))) | _ASKS & Q(Exists(given))
    # Where few were answered so, the database begins with these.
    return Q(alert__in=some.values("alert")) & meant


_SENT = ~Q(state=NotificationState.SUPPRESSED)
_MEANT = {
    LogState.RECEIVED: _SENT & Q(message__state__in=DELIVERED_STATES),
    LogState.HANDED_OVER: _SENT & Q(message__state=MessageState.ACCEPTED),
    LogState.UNDER_WAY: Q(state=NotificationState.DEFERRED)
    | _SENT & Q(message__state__in=(MessageState.PENDING, MessageState.SENDING)),
    LogState.NOT_RECEIVED: Q(state=NotificationState.EXPIRED)
    | _SENT & Q(message__state__in=FAILED_STATES),
    LogState.WITHDRAWN: Q(state=NotificationState.CANCELLED)
    | _SENT & Q(message__state=MessageState.CANCELLED),
    LogState.UNKNOWN: _SENT & Q(message__state=MessageState.UNKNOWN),
    LogState.NOT_SENT: Q(state=NotificationState.SUPPRESSED),
}


@dataclass(frozen=True)
class LogQuery:
    """What is searched for; whatever is None or empty is not asked about."""

    organisation: OrganisationRef | None = None
    people: Collection[int] | None = None
    """By their ids; an empty one finds nothing."""
    reference: str = ""
    """How it begins."""
    since: datetime | None = None
    until: datetime | None = None
    """Aware; excluded."""
    state: LogState | None = None
    answer: LogAnswer | None = None
    convention: int | None = None
    family: str = ""
    """The code of a family of categories: C01."""


def search(
    notifications: QuerySet[Notification], query: LogQuery, *, before: int | None = None
) -> QuerySet[Notification]:
    """Return what is meant of these notifications, the latest first, those before an id alone.

    The caller cuts it: a page takes PAGE and one more. Three statements at most beside its own.
    """
    found = notifications.select_related("message", "alert", "incident", "report")
    if before is not None:
        found = found.filter(pk__lt=before)
    if query.organisation:
        ref = query.organisation
        found = found.filter(organisation_kind=ref.kind, organisation=ref.code)
    if query.people is not None:
        found = found.filter(recipient__in=[f"person:{pk}" for pk in query.people])
    if query.reference:
        found = found.filter(incident__in=_incidents(query.reference))
    if query.state:
        found = found.filter(_MEANT[query.state])
    if query.answer:
        found = found.filter(_answered(query.answer), kind__in=OF_ALERT)
    if query.convention:
        found = found.filter(_under(query.convention))
    if query.family:
        of_family = Q(alert__category__startswith=query.family)
        of_family |= Q(alert=None, report__category__startswith=query.family)
        found = found.filter(of_family)
    return _within(found, query.since, query.until).order_by("-id")


def _incidents(reference: str) -> list[int]:
    found = Incident.objects.filter(reference__startswith=reference).order_by("-id")
    return list(found.values_list("pk", flat=True)[:MAX_INCIDENTS])


def _under(convention: int) -> Q:
    """Select what was told under a convention: of its organisations, by the rules of the alert."""
    rules = ConventionRule.objects.filter(convention=convention)
    known = list(rules.values_list("pk", "organisation__kind", "organisation__code"))
    told = Q(pk__in=[])
    for kind, code in {(kind, code) for _, kind, code in known}:
        told |= Q(organisation_kind=kind, organisation=code)
    by_rule = Q(pk__in=[])
    for place in range(_RULES):
        by_rule |= Q(**{f"alert__terms__rules__{place}__in": [pk for pk, _, _ in known]})
    return told & by_rule


def _within(
    found: QuerySet[Notification], since: datetime | None, until: datetime | None
) -> QuerySet[Notification]:
    """Keep those of a period, and tell the database between which ids they lie."""
    everything = Notification.objects.order_by("created_at").values_list("pk", flat=True)
    if since is not None:
        first = everything.filter(created_at__gte=since).first()
        found = found.filter(created_at__gte=since)
        found = found.filter(pk__gte=first - _OUT_OF_ORDER) if first else found
    if until is not None:
        last = everything.filter(created_at__lt=until).last()
        found = found.filter(created_at__lt=until)
        found = found.filter(pk__lte=last + _OUT_OF_ORDER) if last else found.none()
    return found
