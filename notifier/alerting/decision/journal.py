"""Word the journal entries of a decision."""

from collections.abc import Iterator
from typing import Any

from notifier.alerting.answer_link import without_secrets
from notifier.alerting.decision.alert_plan import AlertPlan
from notifier.alerting.decision.ruling import OrganisationRuling
from notifier.alerting.decision.rulings import RuledReport
from notifier.alerting.kinds import Kind
from notifier.alerting.models import KNOWN, Alert
from notifier.alerting.notification.journal import alert_entry, recipients_in_words
from notifier.alerting.notification.planned import PlannedNotification
from notifier.alerting.policy.current import list_communes
from notifier.alerting.review.notices import clue_in_words
from notifier.delivery.address import mask
from notifier.intake.models import Report, ReportState
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry

_RULED = {
    Kind.FIRST: "première alerte",
    Kind.NEIGHBOUR: "prévenue en voisine",
    Kind.UPDATE: "aggravation annoncée",
    Kind.END: "fin annoncée",
    Kind.CANCELLATION: "annulation annoncée",
    None: "personne n’est prévenu",
}


def place_entries(ruled: RuledReport) -> list[Entry]:
    """Say where the report is, and why it is not acted upon where it is not."""
    report, placement = ruled.report, ruled.placement
    entries = [_resolved(ruled)] if placement.communes else []
    if placement.state is ReportState.DECIDED:
        return entries
    data: dict[str, Any] = {"report": str(report.pk), "verdict": report.verdict}
    incident_id = report.incident_id
    entries += [
        new_entry(incident_id, Step.RESOLVED, clue_in_words(clue), **data) for clue in report.clues
    ]
    step = Step.REVIEW if placement.state is ReportState.REVIEW else Step.DECIDED
    sentence = f"{placement.reason[:1].upper()}{placement.reason[1:]}."
    entries.append(new_entry(incident_id, step, sentence, state=placement.state, **data))
    return entries


def ruling_entry(report: Report, ruled: OrganisationRuling) -> Entry:
    """Say what is ruled for an organisation, and why."""
    ruling = ruled.ruling
    return new_entry(
        report.incident_id,
        Step.DECIDED,
        f"{ruled.name} : {_RULED[ruling.kind]} ; {ruling.reason}.",
        report=str(report.pk),
        sequence=report.sequence,
        commune=ruled.audience.commune.code,
        kind=ruling.kind,
        rule=ruling.rule,
        reason=ruling.reason,
        **_under(ruled),
    )


def _under(ruled: OrganisationRuling) -> dict[str, Any]:
    """Return which organisation a convention tells, and by which of its rules."""
    if ruled.terms.is_by_law:
        return {}
    return {"organisation": str(ruled.organisation), "agreement": ruled.terms.as_json()}


def alert_entries(plan: AlertPlan) -> Iterator[Entry]:
    """Say what was composed for whom, whose address is a former one, who is not reached."""
    alert, texts = plan.alert, plan.texts
    if alert is None or texts is None:
        return
    if plan.notifications:
        whom, said = recipients_in_words(plan.notifications), without_secrets(texts.sms)
        yield new_entry(
            alert.incident_id,
            Step.COMPOSED,
            f"{alert.organisation_name} : texte rédigé pour {whom} : « {said} »",
            segments=texts.size.segments,
            subject=texts.subject,
            alert=alert.pk,
            revision=alert.revision,
        )
    if plan.is_known_already and plan.organisation_ruling.is_to_neighbour:
        known = "ses contacts le savent déjà par une autre commune, rien de plus"
        yield alert_entry(alert, Step.COMPOSED, known, alert=alert.pk)
    elif plan.known:
        yield from _known_entries(plan, alert)
    for notification in plan.to_former:
        yield alert_entry(
            alert,
            Step.CANCELLED,
            f"{notification.title} ({notification.get_channel_display()} "
            f"{mask(notification.address)}) n’est plus dans l’annuaire, rien ne lui est plus dit",
            alert=alert.pk,
            revision=alert.revision,
        )
    if plan.unreachable_reason:
        yield _unreached(alert, plan.unreachable_reason, alarms_duty=plan.alarms_duty)


def _known_entries(plan: AlertPlan, alert: Alert) -> Iterator[Entry]:
    by_name: dict[str, list[PlannedNotification]] = {}
    for known in plan.known:
        by_name.setdefault(known.name, []).append(known.planned)
    for name, planned in by_name.items():
        what = f"{recipients_in_words(planned)} : déjà prévenu par {name}, rien de plus"
        yield alert_entry(alert, Step.COMPOSED, what, alert=alert.pk, rule=KNOWN)


def _resolved(ruled: RuledReport) -> Entry:
    return new_entry(
        ruled.report.incident_id,
        Step.RESOLVED,
        f"Commune : {list_communes(ruled.placement.communes)}.",
        verdict=ruled.report.verdict,
        clues=[
            {name: clue[name] for name in ("kind", "communes", "marks") if name in clue}
            for clue in ruled.report.clues
        ],
    )


def _unreached(alert: Alert, why: str, *, alarms_duty: bool) -> Entry:
    if not alarms_duty:
        then = "sans que la permanence en soit avertie : rien d’urgent, et une convention seule"
    elif alert.incident.source.duty_email:
        then = "la permanence du groupement est prévenue"
    else:
        then = "aucune adresse de permanence"
    return alert_entry(
        alert, Step.UNREACHED, f"{why}, {then}", alert=alert.pk, commune=alert.organisation
    )
