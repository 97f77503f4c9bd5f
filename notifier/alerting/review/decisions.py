"""The review: reports whose commune nobody can say for certain, until a person decides."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifier.alerting.policy.current import categories, list_communes
from notifier.alerting.review.notices import cancel_notices
from notifier.alerting.scheduling import enqueue_decision
from notifier.intake.incident import lock_incidents
from notifier.intake.models import Report, ReportState
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries
from notifier.territory.reference.communes import other_communes_by_postal_code
from notifier.territory.resolution.evidence import format_communes
from notifier.territory.resolve import Commune, commune_by_code

_CODES = {"insee", "communes"}
"""Kinds of clues that are a commune's code."""


# What a person writes freely may hold names and numbers, which nobody could erase in the journal.
_ASIDE = " Le motif est gardé avec l’intervention."


class ReviewError(Exception):
    """The decision cannot be taken. The message is French, for the person who decides."""


def waiting() -> QuerySet[Report]:
    """Everything that waits for a decision, oldest first, with its source."""
    return (
        Report.objects.filter(state=ReportState.REVIEW)
        .select_related("incident__source")
        .order_by("received_at")
    )


def decide_communes(reports: list[Report], codes: list[str], *, who: str, why: str) -> Report:
    """Take the decision for a reference's waiting reports: its latest state goes on its way.

    Of several communes named, those that were certain stay told: the decision adds the others.
    Returns that report. Raises ReviewError without a code, for one that is no current
    commune, that its source may not speak for, or that no clue names unless it is said why (a code
    does not, where it is others' postal code as well); for resources without their report;
    for a category that is not configured; and where somebody else decided first.
    """
    latest = max(reports, key=lambda report: report.sequence)
    chosen = list_communes(_checked(latest, codes, why))
    with transaction.atomic():
        lock_incidents([latest.pk])
        taken = Report.objects.filter(pk=latest.pk, state=ReportState.REVIEW).update(
            state=ReportState.RECEIVED,
            decided_communes=codes,
            decided_by=who,
            decision_reason=why,
        )
        if not taken:
            raise ReviewError("une décision vient d’être prise par quelqu’un d’autre")
        older = [i.pk for i in reports if i.pk != latest.pk]
        Report.objects.filter(pk__in=older, state=ReportState.REVIEW).update(
            state=ReportState.SUPERSEDED,
            reason=f"la décision a porté sur le n° {latest.sequence}",
            handled_at=timezone.now(),
        )
        cancel_notices(reports)
        text = f"Décidé par {who} : {chosen}.{_ASIDE if why else ''}"
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
    """Close the review of resources whose report nobody reports; nobody is told.

    Raises ReviewError without a reason, for anything that could be decided, and where it came or
    was settled meanwhile.
    """
    latest = max(reports, key=lambda report: report.sequence)
    if not latest.is_resources_only:
        raise ReviewError("seuls des moyens sans intervention se classent sans suite")
    if not why:
        raise ReviewError("dites pourquoi : c’est gardé avec l’intervention, hors du journal")
    with transaction.atomic():
        lock_incidents([latest.pk])
        taken = Report.objects.filter(pk=latest.pk, state=ReportState.REVIEW).update(
            state=ReportState.DISMISSED,
            reason=f"classée sans suite par {who}",
            decided_by=who,
            decision_reason=why,
            handled_at=timezone.now(),
        )
        if not taken:
            raise ReviewError("elle vient d’être réglée : voir « notifier review »")
        cancel_notices([latest])
        text = f"Classée sans suite par {who}.{_ASIDE}"
        pk = str(latest.pk)
        write_entries([new_entry(latest.incident_id, Step.REVIEW, text, report=pk, who=who)])


def _checked(report: Report, codes: list[str], why: str) -> list[Commune]:
    """The communes of the codes, if they may be the decision; raises ReviewError."""
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
    chosen = commune_by_code(code)
    if chosen is None:
        raise ReviewError(f"{code} n’est le code d’aucune commune actuelle")
    if not report.source.may_speak_for(chosen.departement):
        raise ReviewError(
            f"{chosen.label} est hors des départements de {report.source.name} : "
            + ", ".join(report.source.departements)
        )
    if why:
        return chosen
    naming = {clue["kind"] for clue in report.clues if code in clue["communes"]}
    if not naming:
        raise ReviewError(
            f"aucun indice ne désigne {chosen.label} : vérifiez que ce n’est pas un code "
            "postal ; si c’est bien cette commune, dites pourquoi"
        )
    # The clue that is the code itself cannot tell that its number was not meant as a postal code.
    if naming <= _CODES and (others := other_communes_by_postal_code(code)):
        raise ReviewError(
            f"{code} est le code de {chosen.name}, mais aussi le code postal de "
            f"{format_communes(others)}, et aucun autre indice ne désigne {chosen.name} : "
            "si c’est bien cette commune, dites pourquoi"
        )
    return chosen


def supersede_older(report: Report, reports: list[Report]) -> list[Entry]:
    """Nobody needs to look any more at the doubts that this later report has settled.

    In the transaction that decides it; returns the journal entries to write.
    """
    older = [i for i in reports if i.state == ReportState.REVIEW and i.sequence < report.sequence]
    if not older:
        return []
    cancel_notices(older)
    Report.objects.filter(pk__in=[i.pk for i in older], state=ReportState.REVIEW).update(
        state=ReportState.SUPERSEDED,
        reason=f"le n° {report.sequence} a levé le doute",
        handled_at=timezone.now(),
    )
    return [
        new_entry(
            i.incident_id,
            Step.REVIEW,
            f"N° {i.sequence} : rien à vérifier, le n° {report.sequence} a levé le doute.",
            report=str(i.pk),
        )
        for i in older
    ]
