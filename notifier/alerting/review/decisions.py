"""Decide reviews: a person says which communes an uncertain report concerns."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifier.alerting.policy.current import categories, list_communes
from notifier.alerting.policy.expiry import IN_REVIEW_SINCE
from notifier.alerting.review.contest import goes_on_in, send_back
from notifier.alerting.review.notices import cancel_notices, review_entry
from notifier.alerting.scheduling import enqueue_decision
from notifier.intake.incident import lock_incidents
from notifier.intake.models import Report, ReportState
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries
from notifier.territory.reference.communes import other_communes_by_postal_code
from notifier.territory.resolution.evidence import format_communes
from notifier.territory.resolve import Commune, commune_by_code

# Kinds of clues that are a commune's code.
_CODES = {"insee", "communes"}
# What a person writes freely may hold names and numbers, which nobody could erase in the journal.
_REASON_IS_ELSEWHERE = " Le motif est gardé avec l’intervention."


class ReviewError(Exception):
    """The decision cannot be taken. The message is French, for the person who decides."""


def waiting() -> QuerySet[Report]:
    """Select the reports in review, those that wait longest first, with their sources."""
    return (
        Report.objects.filter(state=ReportState.REVIEW)
        .select_related("incident__source")
        .order_by(IN_REVIEW_SINCE)
    )


def decide_communes(reports: list[Report], codes: list[str], *, who: str, why: str) -> Report:
    """Decide the reports of an incident in review, and return the latest, which is enqueued.

    Of several communes named, those that were certain stay notified: the decision adds the others.
    Where a reader contests what was told, the decision replaces it.
    Raises ReviewError without a code; for a code that is no current commune's or outside the
    source's départements; without `why` for one that no clue names, or that is others' postal code
    as well; for resources without their incident; for a category that is not configured; and where
    somebody else decided first.
    """
    latest = max(reports, key=lambda report: report.sequence)
    names = list_communes(_checked(latest, codes, why))
    certain = latest.communes if latest.is_partial else ()
    with transaction.atomic():
        lock_incidents([latest.pk])
        is_first = Report.objects.filter(pk=latest.pk, state=ReportState.REVIEW).update(
            state=ReportState.RECEIVED,
            decided_communes=list(dict.fromkeys([*certain, *codes])),
            decided_by=who,
            decision_reason=why,
        )
        if not is_first:
            raise ReviewError("une décision vient d’être prise par quelqu’un d’autre")
        older = [report.pk for report in reports if report.pk != latest.pk]
        Report.objects.filter(pk__in=older, state=ReportState.REVIEW).update(
            state=ReportState.SUPERSEDED,
            reason=f"la décision a porté sur le n° {latest.sequence}",
            handled_at=timezone.now(),
        )
        cancel_notices(reports)
        text = f"Décidé par {who} : {names}.{_REASON_IS_ELSEWHERE if why else ''}"
        write_entries(
            [
                new_entry(
                    latest.incident_id,
                    Step.REVIEW,
                    text,
                    report=str(latest.pk),
                    communes=codes,
                    who=who,
                )
            ]
        )
        enqueue_decision(latest)
    return latest


def dismiss(reports: list[Report], *, who: str, why: str) -> None:
    """Close the review of resources whose incident never arrives; nobody is notified.

    Raises ReviewError without `why`, for anything that could be decided, and where it arrived or
    was decided meanwhile.
    """
    latest = max(reports, key=lambda report: report.sequence)
    if not latest.is_resources_only:
        raise ReviewError("seuls des moyens sans intervention se classent sans suite")
    if not why:
        raise ReviewError("dites pourquoi : c’est gardé avec l’intervention, hors du journal")
    with transaction.atomic():
        lock_incidents([latest.pk])
        is_first = Report.objects.filter(pk=latest.pk, state=ReportState.REVIEW).update(
            state=ReportState.DISMISSED,
            reason=f"classée sans suite par {who}",
            decided_by=who,
            decision_reason=why,
            handled_at=timezone.now(),
        )
        if not is_first:
            raise ReviewError("elle vient d’être réglée : voir « notifier review »")
        cancel_notices([latest])
        text = f"Classée sans suite par {who}.{_REASON_IS_ELSEWHERE}"
        pk = str(latest.pk)
        write_entries([new_entry(latest.incident_id, Step.REVIEW, text, report=pk, who=who)])


def _checked(report: Report, codes: list[str], why: str) -> list[Commune]:
    """Return the communes of the codes. Raises ReviewError where they may not be the decision."""
    if report.is_resources_only:
        raise ReviewError(
            "il n’y a encore rien à dire à une commune : demandez l’intervention au centre qui l’a "
            "ouverte, ou classez sans suite"
        )
    if categories().get(report.category) is None:
        raise ReviewError(
            f"la catégorie {report.category} n’est pas dans la configuration : "
            "faites-la ajouter avant de décider"
        )
    if not codes:
        raise ReviewError("donnez le code d’une commune au moins")
    return [_checked_one(report, code, why) for code in codes]


def _checked_one(report: Report, code: str, why: str) -> Commune:
    commune = commune_by_code(code)
    if commune is None:
        raise ReviewError(f"{code} n’est le code d’aucune commune actuelle")
    if not report.source.may_speak_for(commune.departement):
        raise ReviewError(
            f"{commune.label} est hors des départements de {report.source.name} : "
            + ", ".join(report.source.departements)
        )
    if why:
        return commune
    naming = {clue["kind"] for clue in report.clues if code in clue["communes"]}
    if not naming:
        raise ReviewError(
            f"aucun indice ne désigne {commune.label} : vérifiez que ce n’est pas un code "
            "postal ; si c’est bien cette commune, dites pourquoi"
        )
    # The clue that is the code itself cannot tell that its number was not meant as a postal code.
    if naming <= _CODES and (others := other_communes_by_postal_code(code)):
        raise ReviewError(
            f"{code} est le code de {commune.name}, mais aussi le code postal de "
            f"{format_communes(others)}, et aucun autre indice ne désigne {commune.name} : "
            "si c’est bien cette commune, dites pourquoi"
        )
    return commune


def supersede_older(report: Report, reports: list[Report]) -> None:
    """Close the reviews of older reports, whose place this report makes certain.

    What is contested of an older one is so of this one, where it names the same place. In the
    transaction that decides it.
    """
    older = [r for r in reports if r.state == ReportState.REVIEW and r.sequence < report.sequence]
    if not older:
        return
    cancel_notices(older)
    contested = [r for r in older if goes_on_in(report, r)]
    clear = f"le n° {report.sequence} a levé le doute"
    _supersede([r for r in older if r not in contested], clear, f"rien à vérifier, {clear}")
    moved = f"la vérification porte sur le n° {report.sequence}, qui dit le même lieu"
    _supersede(contested, moved, moved)
    if contested:
        send_back(report, contested[-1].reason)


def _supersede(reports: Sequence[Report], reason: str, what: str) -> None:
    waiting = Report.objects.filter(pk__in=[r.pk for r in reports], state=ReportState.REVIEW)
    if reports:
        waiting.update(state=ReportState.SUPERSEDED, reason=reason, handled_at=timezone.now())
        write_entries(review_entry(report, what) for report in reports)
