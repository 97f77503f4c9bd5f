"""What was held is told: to each address one digest of what its alerts have come to.

Each address is released in a transaction of its own, which takes the rows, enqueues the message and
writes the journal: two workers and a kill in between tell it once. One alert alone is
told in its own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import structlog
from django.db import OperationalError, transaction
from django.utils import timezone

from notifier.alerting.content.composer import Texts
from notifier.alerting.content.digest import Digest
from notifier.alerting.escalation.failover import move_on
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Held, HeldFor, HeldState
from notifier.alerting.notification.duty_officer import letter_to_duty
from notifier.alerting.notification.history import (
    DIGEST_TOPIC,
    left_by_its_reader,
)
from notifier.alerting.notification.messages import compose, facts_told_now, letter_key, whom
from notifier.alerting.notification.present_readers import keys_in
from notifier.alerting.policy.current import categories, composer
from notifier.alerting.policy.rules import withheld
from notifier.alerting.scheduling import lane_of
from notifier.alerting.throttling import quota as spending
from notifier.alerting.throttling.pause import free
from notifier.delivery.models import Channel, Lane
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.delivery.sending.recipients import RECIPIENT_GONE
from notifier.intake.models import Source
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

BATCH = 500


class _Address(NamedTuple):
    """Whose held texts are released together; `flapping`: the one alert that is told by itself;
    `by_hand`: whatever they cost."""

    channel: str
    address: str
    source: int
    flapping: int | None
    by_hand: bool


def release_due() -> None:
    """Tell what is due, and what a cap held that has room again; end what is out of time.

    What a pause holds besides is left for after it: each address then gets one digest, not one for
    each quarter of an hour.
    """
    held = Held.objects.filter(free(), state=HeldState.HELD)
    due = held.filter(release_at__lte=timezone.now())
    roomy = held.filter(spending.with_room())
    expire_pending = held.filter(reason__in=spending.CAPS, expires_at__lte=timezone.now())
    rows = [*due[:BATCH], *roomy[:BATCH], *expire_pending[:BATCH]]
    for address in dict.fromkeys(_address_of(row) for row in rows):
        try:
            with transaction.atomic():
                _release(address)
        except OperationalError as error:  # a decision about one of its alerts is being written
            log.info("held texts are in another's hands, next round", error=str(error))
        except Exception:  # one that cannot be released must not hold up those behind it
            log.exception("held texts cannot be released", source=address.source)


def _address_of(row: Held) -> _Address:
    flapping = row.alert_id if row.reason == HeldFor.FLAPPING else None
    return _Address(row.channel, row.address, row.source_id, flapping, bool(row.released_by))


def _release(address: _Address) -> None:
    """All that one address has waiting, in the caller's transaction.

    The rows are locked before the alerts are read, so a decision either is in what is told or finds
    the rows told. Raises OperationalError at once where one of them is locked.
    """
    rows = _taken(address)
    wanted = Alert.objects.filter(pk__in=[row.alert_id for row in rows])
    if address.flapping:
        wanted = wanted.select_for_update(nowait=True)  # it is written to below
    alerts = {alert.pk: alert for alert in wanted}
    now = timezone.now()
    living = [row for row in rows if _is_worth_telling(row, alerts[row.alert_id])]
    pointless = [row for row in rows if row not in living]
    keys = keys_in({alerts[row.alert_id].commune for row in living})
    gone = [row for row in living if _reader(row) not in keys[alerts[row.alert_id].commune]]
    living = [row for row in living if row not in gone]
    _end(pointless, HeldState.WITHDRAWN, now)
    _note(pointless, alerts, Step.CANCELLED, "plus rien à dire, retiré de ce qui était retenu")
    if gone:
        _pass_on(gone, alerts, now)
    for exercise in (False, True):
        alike = [row for row in living if alerts[row.alert_id].facts["exercise"] is exercise]
        if not alike:
            continue
        if max(row.expires_at for row in alike) <= now:
            _expire(alike, alerts, now)
        else:
            _tell(alike, alerts, now)


def _pass_on(rows: list[Held], alerts: dict[int, Alert], now: datetime) -> None:
    """What is no contact's address any more is told to whoever is told in its reader's place.

    Raises OperationalError at once where a decision about one of the alerts is being written.
    """
    list(Alert.objects.filter(pk__in=[row.alert_id for row in rows]).select_for_update(nowait=True))
    _end(rows, HeldState.WITHDRAWN, now)
    _note(rows, alerts, Step.CANCELLED, RECIPIENT_GONE)
    for row in rows:
        alert = alerts[row.alert_id]
        if row.was_told or not Kind(alert.kind).closes:
            move_on(left_by_its_reader(row, alert))


def _reader(row: Held) -> tuple[str, str]:
    return letter_key(row.channel, row.address)


def _taken(address: _Address) -> list[Held]:
    waiting = Held.objects.filter(
        state=HeldState.HELD,
        channel=address.channel,
        address=address.address,
        source=address.source,
    )
    if address.flapping:
        waiting = waiting.filter(alert=address.flapping)
    else:
        waiting = waiting.exclude(reason=HeldFor.FLAPPING)
    if address.by_hand:
        waiting = waiting.exclude(released_by="")
    return list(waiting.order_by("id").select_for_update(nowait=True))


def _is_worth_telling(row: Held, alert: Alert) -> bool:
    """Whether the operator still lets it be told, and there is something that is not known."""
    category = categories().get(alert.category)
    if category is None or withheld(alert.severity, category):
        return False
    if row.reason == HeldFor.FLAPPING:
        return alert.is_open
    return row.was_told or Kind(alert.kind) is not Kind.CANCELLATION


def _tell(rows: list[Held], alerts: dict[int, Alert], now: datetime) -> None:
    letter = _letter(rows, alerts)
    source = Source.objects.get(pk=rows[0].source_id)
    if not _affords(source, letter, rows):
        _wait_for_tomorrow(rows, alerts, source, now)
        return
    _end(rows, HeldState.TOLD, now, told_in=letter.topic)
    for row in rows:
        if row.revision != alerts[row.alert_id].revision:
            Held.objects.filter(pk=row.pk).update(revision=alerts[row.alert_id].revision)
        if row.reason == HeldFor.FLAPPING:
            Alert.objects.filter(pk=row.alert_id).update(told_again_at=now)
    enqueue_messages([letter])
    how = f"dit dans un récapitulatif de {len(rows)} interventions à {whom([letter])}"
    alone = f"ce qui était retenu est dit à {whom([letter])}"
    _note(rows, alerts, Step.COMPOSED, how if len(rows) > 1 else alone)


def _letter(rows: list[Held], alerts: dict[int, Alert]) -> OutgoingMessage:
    """One alert is told in its own words; several in a digest that lives as long as its longest."""
    first = rows[0]
    alert = alerts[first.alert_id]
    topic, revision = str(alert.pk), alert.revision
    incident_id: int | None = alert.incident_id
    if len(rows) == 1:
        texts = compose(Kind(alert.kind), alert.facts)
    else:
        topic, revision = f"{DIGEST_TOPIC}{first.pk}", 1
        incident_id = None
        texts = _digest([alerts[row.alert_id] for row in rows])
    is_sms = first.channel == Channel.SMS
    return OutgoingMessage(
        topic=topic,
        revision=revision,
        channel=Channel(first.channel),
        address=first.address,
        body=texts.sms if is_sms else texts.plain,
        subject="" if is_sms else texts.subject,
        html="" if is_sms else texts.html,
        lane=_lane(rows, alerts),
        expires_at=max(row.expires_at for row in rows),
        incident_id=incident_id,
        source=str(first.source_id),
        recipient=first.recipient,
        title=first.title,
    )


def _digest(alerts: Sequence[Alert]) -> Texts:
    facts = [facts_told_now(alert.facts) for alert in alerts]
    return composer().digest(Digest(facts[0].service, facts[0].exercise, facts))


def _lane(rows: list[Held], alerts: dict[int, Alert]) -> Lane:
    """Urgent only for what was, and was held all the same: by its flapping or by the hard cap."""
    was_urgent = rows[0].reason == HeldFor.FLAPPING or any(
        lane_of(alerts[row.alert_id].category) is Lane.URGENT
        for row in rows
        if row.reason == HeldFor.HARD_CAP
    )
    return Lane.URGENT if was_urgent else Lane.ROUTINE


def _affords(source: Source, letter: OutgoingMessage, rows: list[Held]) -> bool:
    segments = spending.segments_of([letter])
    if any(row.released_by for row in rows):
        spending.charge(source, segments)
        return True
    if letter.lane == Lane.URGENT or letter.channel != Channel.SMS:
        return spending.charge_within_hard_cap(source, segments)
    return spending.charge_within_cap(source, segments)


def _wait_for_tomorrow(
    rows: list[Held], alerts: dict[int, Alert], source: Source, now: datetime
) -> None:
    """Nothing of them is told before the cap has room; said once."""
    tomorrow = spending.next_day(now)
    fresh = [row for row in rows if row.reason not in spending.CAPS]
    is_hard = not spending.has_room(source, 1, is_urgent=True)
    Held.objects.filter(pk__in=[row.pk for row in rows], state=HeldState.HELD).update(
        reason=HeldFor.HARD_CAP if is_hard else HeldFor.CAP, release_at=tomorrow
    )
    _note(fresh, alerts, Step.HELD, "retenu encore, le plafond de SMS du jour est atteint")


def _expire(rows: list[Held], alerts: dict[int, Alert], now: datetime) -> None:
    """Too late to help: dispatch's groupement is told, once a day."""
    _end(rows, HeldState.EXPIRED, now)
    what = "retenu, et périmé sans avoir pu partir"
    _note(rows, alerts, Step.EXPIRED, what)
    log.error("held texts expired untold", source=rows[0].source_id, texts=len(rows))
    newest = Alert.objects.select_related("incident__source").get(pk=rows[-1].alert_id)
    about = f"held-{rows[0].source_id}-{spending.today()}"
    why = "un SMS courant, retenu, a péri avant de pouvoir partir, et d’autres peut-être ce jour"
    enqueue_messages(letter_to_duty([newest], why, about))


def _end(rows: list[Held], state: HeldState, now: datetime, told_in: str = "") -> None:
    waiting = Held.objects.filter(pk__in=[row.pk for row in rows], state=HeldState.HELD)
    if rows:
        waiting.update(state=state, ended_at=now, told_in=told_in)


def _note(rows: list[Held], alerts: dict[int, Alert], step: Step, what: str) -> None:
    write_entries(
        new_entry(alert.incident_id, step, f"{alert.commune_name} : {what}.", held=row.pk)
        for row, alert in ((row, alerts[row.alert_id]) for row in rows)
    )
