"""Show a person an uncertain report: candidates, clues, the mail to the duty officer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from notifier.alerting.content.facts import ReviewFacts
from notifier.alerting.models import Answer, AnswerKind, Notification, NotificationKind
from notifier.alerting.notification.duty_officer import TITLE, duty_mail
from notifier.alerting.notification.planned import PlannedNotification
from notifier.alerting.policy.current import (
    MAX_LISTED,
    categories,
    composer,
    label_of,
    list_communes,
)
from notifier.alerting.policy.expiry import decidable_until, useful_until
from notifier.alerting.policy.text_kind import withheld
from notifier.delivery.outbox import cancel_pending
from notifier.directory.models import OrganisationKind
from notifier.intake.models import Report, ReportState
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry
from notifier.moments import written_moment
from notifier.territory.resolution.names import normalise
from notifier.territory.resolve import Commune, commune_by_code, communes_in, first_commune_in

NO_ADDRESS = "aucune adresse de permanence à prévenir"


@dataclass(frozen=True)
class Candidate:
    """A commune that may be meant, and how many of all clues name it."""

    commune: Commune
    clues: int
    of: int

    @property
    def label(self) -> str:
        """As in a list: "Delle (90033) : 2 indices sur 3"."""
        plural = "s" if self.clues > 1 else ""
        return f"{self.commune.label} : {self.clues} indice{plural} sur {self.of}"


def candidates(reports: list[Report]) -> list[Candidate]:
    """Return the communes that the clues name, the most probable first.

    `reports` are those of one incident in review, the latest first. A commune outside the source's
    départements is left out. The more clues name a commune the more probable it is; then the higher
    a clue ranks it.
    """
    clues = [clue for report in reports for clue in report.clues]
    named = Counter(code for clue in clues for code in clue["communes"])
    rank = {
        code: min(clue["communes"].index(code) for clue in clues if code in clue["communes"])
        for code in named
    }
    source = reports[0].source
    certain = {code for report in reports if report.is_partial for code in report.communes}
    return [
        Candidate(commune, named[code], len(clues))
        for code in sorted(named, key=lambda code: (-named[code], rank[code]))
        if code not in certain
        and (commune := commune_by_code(code)) is not None
        and source.may_speak_for(commune.departement)
    ]


def near_names(reports: list[Report]) -> list[Commune]:
    """Return the communes of the source's départements that a short name given may stand for.

    "Rougemont" may be Rougemont-le-Château. `reports` as for `candidates`.
    """
    keys = {normalise(str(report.location.get("name") or "")) for report in reports} - {""}
    near = [
        commune
        for departement in reports[0].source.departements
        for commune in communes_in(departement)
        if any(f" {key} " in f" {normalise(commune.name)} " for key in keys)
    ]
    near.sort(key=lambda commune: not normalise(commune.name).startswith(tuple(keys)))
    return near[:MAX_LISTED]


def clue_in_words(clue: dict[str, Any]) -> str:
    """Say what a clue says, without the name as dispatch typed it: that could be anything."""
    if clue["kind"] != "name":
        return str(clue["says"])
    names = ", ".join(c.label for c in map(commune_by_code, clue["communes"]) if c)
    return f"Le nom donné peut désigner : {names}." if names else "Le nom donné n’est pas reconnu."


def deadline(report: Report) -> datetime:
    """Return until when a decision is still of use."""
    return decidable_until(report, categories().get(report.category))


def is_late(report: Report) -> bool:
    """Return whether a text to the commune that is decided would be of no more use."""
    return useful_until(report, categories().get(report.category)) <= timezone.now()


# The mails to queue, and their journal entries.
Notice = tuple[list[PlannedNotification], list[Entry]]


def review_notice(report: Report, reason: str, reports: list[Report]) -> Notice:
    """Plan the mail that asks the duty officer where it is, once for each place of an incident."""
    others = [r for r in reports if r.state == ReportState.REVIEW and r.pk != report.pk]
    if any(other.location == report.location for other in others):
        return [], []
    return _notice(report, reason, is_expired=False)


def expiry_notice(report: Report, reason: str) -> Notice:
    """Plan the mail saying that nobody decided in time: somebody must still tell the commune."""
    return _notice(report, reason, is_expired=True)


def contested_notice(report: Report, reason: str) -> Notice:
    """Plan the mail that asks the duty officer about what was told, and may be elsewhere.

    Another one at each call: it replaces those that have not left yet.
    """
    subject, body = composer().review(review_facts(report, reason))
    mail = duty_mail(
        NotificationKind.REVIEW,
        report.source,
        dedup_key=f"{_key(report)}-contested-{timezone.now():%Y%m%d%H%M%S%f}",
        supersedes=tuple(_mails_about([report]).values_list("dedup_key", flat=True)),
        incident_id=report.incident_id,
        subject=subject,
        body=body,
    )
    said = f"{TITLE} prévenue par courriel ({mail.masked})" if mail.address else NO_ADDRESS
    return [mail], [review_entry(report, f"{reason}, à vérifier ; {said}")]


def cancel_notices(reports: Iterable[Report]) -> None:
    """Cancel the mails about these reports that are not sent yet."""
    cancel_pending(_mails_about(list(reports)).values_list("message_id", flat=True))


def _mails_about(reports: Sequence[Report]) -> QuerySet[Notification]:
    """Select the mails about these reports, whatever they ask or say."""
    about = Q(pk__in=())
    for report in reports:
        about |= Q(dedup_key__startswith=_key(report))
    # The incident first: of its few rows the keys are looked at one by one.
    of_incidents = Notification.objects.filter(incident__in={r.incident_id for r in reports})
    return of_incidents.filter(about, kind=NotificationKind.REVIEW)


def dedup_key(report: Report, *, is_expired: bool = False) -> str:
    """Return the key of a mail about a report: one that asks, one that says it is too late."""
    if is_expired and report.is_contested and report.handled_at:
        # It may be contested again afterwards, and left undecided again.
        return f"{_key(report)}-expired-{report.handled_at:%Y%m%d%H%M%S%f}"
    return f"{_key(report)}-{'expired' if is_expired else 'asked'}"


def _key(report: Report) -> str:
    return f"review-{report.pk.hex}"


def _notice(report: Report, reason: str, *, is_expired: bool) -> Notice:
    subject, body = composer().review(review_facts(report, reason, is_expired=is_expired))
    mail = duty_mail(
        NotificationKind.REVIEW,
        report.source,
        dedup_key=dedup_key(report, is_expired=is_expired),
        supersedes=(dedup_key(report),) if is_expired else (),
        incident_id=report.incident_id,
        revision=2 if is_expired else 1,
        subject=subject,
        body=body,
        expires_at=None if is_expired else deadline(report),
    )
    if not mail.address:
        return [mail], [review_entry(report, NO_ADDRESS)]
    if report.is_resources_only:
        what = "moyens sans intervention"
    else:
        what = "vérification périmée" if is_expired else "commune à vérifier"
    text = f"{TITLE} prévenue par courriel ({mail.masked}) : {what}"
    return [mail], [review_entry(report, text)]


def review_entry(report: Report, what: str) -> Entry:
    """Return the journal entry that says `what`, in French, of the report."""
    text = f"N° {report.sequence} : {what}."
    return new_entry(report.incident_id, Step.REVIEW, text, report=str(report.pk))


def review_facts(report: Report, reason: str, *, is_expired: bool = False) -> ReviewFacts:
    """Return what the duty officer reads of it; not the category where it is withheld."""
    category = categories().get(report.category)
    is_kept = category is not None and withheld(report.severity, category) is not None
    # The groupement has the time zone of its communes.
    first = first_commune_in(report.source.departements[0])
    zone = ZoneInfo(first.time_zone) if first else timezone.get_current_timezone()
    return ReviewFacts(
        reference=report.reference,
        source=report.source.name,
        category="non communiquée" if is_kept else label_of(report.category),
        status=report.status,
        severity=report.severity,
        received=written_moment(report.received_at.astimezone(zone)),
        deadline=written_moment(deadline(report).astimezone(zone)),
        reason=reason,
        clues=[clue_in_words(clue) for clue in report.clues],
        candidates=_listed(candidates([report])),
        certain=_list_certain(report),
        is_resources_only=report.is_resources_only,
        is_kept=is_kept,
        is_expired=is_expired,
        is_contested=report.is_contested,
        is_contested_by_organisation=is_contested_by_organisation(report),
        told=_list_told(report),
        is_late=is_late(report),
        exercise=report.exercise,
        page=settings.ENVIRONMENT.PUBLIC_URL + reverse("console:review", args=[report.pk]),
    )


def _listed(ranked: list[Candidate]) -> list[str]:
    """List the most probable, and how many more there are."""
    rest = len(ranked) - MAX_LISTED
    labels = [candidate.label for candidate in ranked[:MAX_LISTED]]
    return [*labels, f"et {rest} de plus"] if rest > 0 else labels


def _list_told(report: Report) -> str:
    """List the communes that were told of what is contested."""
    codes = report.communes if report.is_contested else ()
    return list_communes([c for c in map(commune_by_code, codes) if c is not None])


def is_contested_by_organisation(report: Report) -> bool:
    """Return whether those who contest where it is are of no commune. One statement if any do."""
    if not report.is_contested:
        return False
    contesting = Answer.objects.filter(
        incident=report.incident_id,
        kind=AnswerKind.NOT_MINE,
        opened_revision=F("alert__opened_revision"),
    )
    kinds = set(contesting.values_list("alert__organisation_kind", flat=True))
    return bool(kinds) and OrganisationKind.COMMUNE not in kinds


def _list_certain(report: Report) -> str:
    """List, of several communes named, those that are certain."""
    codes = report.communes if report.is_partial else ()
    return list_communes([c for c in map(commune_by_code, codes) if c is not None])
