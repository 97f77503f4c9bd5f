"""The dry run: who would be told what, by which rule, in how many segments. Stores nothing."""

from typing import Any

from django.utils import timezone

from notifier.alerting.decision.affected import affected
from notifier.alerting.decision.following import letters_to_follow, why_unreached
from notifier.alerting.decision.pipeline import rule_on_all, spoken_of
from notifier.alerting.decision.plan import Telling, facts_of_telling
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.notification.dedup import Spoken
from notifier.alerting.notification.messages import Envelope, compose, letter_key
from notifier.alerting.notification.recipients import told_at_once
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.current import categories
from notifier.alerting.throttling.throttle import foreseen
from notifier.delivery.models import Message
from notifier.directory.recipients import active_people
from notifier.intake.models import Incident, Report, Source
from notifier.intake.receive import refuse_outside
from notifier.intake.schema.report import NewReport


def preview(source: Source, new: NewReport) -> dict[str, Any]:
    """What receiving `new` now would do, as JSON types.

    Raises OutsideSourceError as receiving would.
    """
    refuse_outside(source, new)
    known = Incident.objects.filter(source=source, reference=new.reference).first()
    incident = known or Incident(source=source, reference=new.reference)
    incident.source = source
    report = Report(
        incident=incident,
        received_at=timezone.now(),
        location=new.location.model_dump(exclude_none=True),
        **new.model_dump(exclude={"location", "reference"}),
    )
    reports = list(Report.objects.filter(incident_id=incident.pk).order_by("sequence"))
    outcome = affected(report, reports)
    answer: dict[str, Any] = {
        "dry_run": True,
        "verdict": report.verdict or None,
        "clues": report.clues,
        "state": outcome.state,
        "reason": outcome.reason or None,
        "tellings": [],
    }
    category = categories().get(new.category)
    if outcome.tells and category is not None:
        alerts = list(Alert.objects.filter(incident_id=incident.pk))
        tellings = rule_on_all(report, category, outcome, alerts)
        spoken = spoken_of(alerts, tellings)
        answer["tellings"] = [_telling(report, category, telling, spoken) for telling in tellings]
    return answer


def _telling(
    report: Report, category: Category, telling: Telling, spoken: Spoken
) -> dict[str, Any]:
    ruling = telling.ruling
    answer: dict[str, Any] = {
        "commune": {"code": telling.commune.code, "name": telling.commune.name},
        "kind": ruling.kind,
        "rule": ruling.rule,
        "reason": ruling.reason,
        "messages": [],
    }
    if telling.next_to:
        answer["neighbour_of"] = {"code": telling.next_to.code, "name": telling.next_to.name}
    if ruling.kind is not None:
        answer |= _texts(report, category, telling, ruling.kind, spoken)
    return answer


def _texts(
    report: Report, category: Category, telling: Telling, kind: Kind, spoken: Spoken
) -> dict[str, Any]:
    alert = telling.alert
    texts = compose(kind, facts_of_telling(kind, report, category, telling))
    envelope = Envelope(
        topic="",
        revision=0,
        incident_id=report.incident_id,
        source=str(report.source.pk),
        texts=texts,
        lane=category.lane,
        expires_at=timezone.now() + category.lifetime,
    )
    people = active_people([telling.commune.code], timezone.now())[telling.commune.code]
    gone: list[Message] = []
    if alert is None or telling.opens:
        letters = envelope.for_people(told_at_once(people, category), category.channels)
    else:
        anew = telling.is_moved_here
        letters, gone = letters_to_follow(kind, envelope, alert, category, people, anew=anew)
    unreached = why_unreached(kind, category, letters, gone)
    letters = spoken.without_doubles(alert, letters, to_neighbour=telling.is_to_neighbour)
    held = foreseen(letters, alert, kind, report.source)
    return {
        "sms": texts.sms,
        "segments": texts.size.segments,
        "subject": texts.subject,
        "unreached": unreached,
        "messages": [
            {
                "channel": letter.channel,
                "recipient": letter.title,
                "address": letter.masked,
                "held_until": at.isoformat()
                if (at := held.get(letter_key(letter.channel, letter.address)))
                else None,
            }
            for letter in letters
        ],
    }
