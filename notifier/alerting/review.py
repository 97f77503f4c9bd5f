"""The review: interventions whose commune nobody can say for certain, until a person decides."""

from django.db import transaction
from django.db.models import QuerySet

from notifier.bell.ring import ring_after_commit
from notifier.intake.models import Intervention, State
from notifier.journal.models import Step
from notifier.journal.write import entry, write
from notifier.territory.resolve import commune


class ReviewError(Exception):
    """The decision cannot be taken. The message is French, for the person who decides."""


def waiting() -> QuerySet[Intervention]:
    """Everything that waits for a decision, oldest first, with its source."""
    return (
        Intervention.objects.filter(state=State.REVIEW)
        .select_related("source")
        .order_by("received_at")
    )


def decide_commune(
    interventions: list[Intervention], code: str, *, who: str, why: str
) -> Intervention:
    """Take the decision for a reference's waiting interventions: its latest state goes on its way.

    Returns that intervention. Raises ReviewError for a code that is no current commune, for one that
    its source may not speak for, and where somebody else decided first.
    """
    latest = max(interventions, key=lambda intervention: intervention.sequence)
    chosen = commune(code)
    if chosen is None:
        raise ReviewError(f"{code} n’est le code d’aucune commune actuelle")
    if chosen.departement not in latest.source.departements:
        raise ReviewError(
            f"{chosen.name} ({code}) est hors des départements de {latest.source.name} : "
            + ", ".join(latest.source.departements)
        )
    with transaction.atomic():
        taken = Intervention.objects.filter(pk=latest.pk, state=State.REVIEW).update(
            state=State.RECEIVED, decided_commune=code, decided_by=who
        )
        if not taken:
            raise ReviewError("une décision vient d’être prise par quelqu’un d’autre")
        older = [i.pk for i in interventions if i.pk != latest.pk]
        Intervention.objects.filter(pk__in=older, state=State.REVIEW).update(
            state=State.SUPERSEDED, reason=f"la décision a porté sur le n° {latest.sequence}"
        )
        because = f" : {why}" if why else ""
        text = f"Décision de {who} : {chosen.name} ({code}){because}."
        write(
            [
                entry(
                    latest.thread,
                    Step.REVIEW,
                    text,
                    intervention=str(latest.pk),
                    commune=code,
                    who=who,
                    why=why,
                )
            ]
        )
        ring_after_commit("alerting.decide", str(latest.pk))
    return latest
