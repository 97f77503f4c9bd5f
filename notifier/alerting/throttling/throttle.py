"""Between the letters of a decision and delivery: which of them leave now, and which are held.

join what is held -> urgent ones taken up too often -> routine ones in a storm -> the source's cap

An urgent text is never gathered, and never held for its cost but by a source's hard cap. A held
text is a row, not a message: what it says is composed when it is released, as the alert then
stands (notifier.alerting.release).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from notifier.alerting.content.moments import written_hour
from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert, Held, HeldFor, HeldState
from notifier.alerting.notification.duty_officer import TO_DUTY
from notifier.alerting.notification.history import DIGEST_TOPIC
from notifier.alerting.notification.messages import letter_key, whom
from notifier.alerting.policy.current import categories
from notifier.alerting.throttling.quota import (
    charge,
    charge_within_cap,
    charge_within_hard_cap,
    has_room,
    next_day,
    segments_of,
)
from notifier.delivery.models import Channel, Lane
from notifier.delivery.outbox import OutgoingMessage, messages_of, recent_messages
from notifier.intake.models import Source
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

# What is held is released this long before it would expire, however long the digest still has.
BEFORE_EXPIRY = timedelta(minutes=1)


def throttle(letters: list[OutgoingMessage], source: Source) -> list[OutgoingMessage]:
    """The messages to enqueue now; the others are stored as held, in the caller's transaction.

    No statement for urgent first alerts of a source without a cap; two for routine ones.
    """
    to_duty = [le for le in letters if le.topic.startswith(TO_DUTY)]
    texts = _join_held([le for le in letters if not le.topic.startswith(TO_DUTY)])
    texts = _without_flapping(texts, source)
    texts = _without_storm(texts, source)
    return _within_cap(texts, source) + to_duty


def foreseen(
    letters: list[OutgoingMessage], alert: Alert | None, kind: Kind, source: Source
) -> dict[tuple[str, str], datetime]:
    """For a dry run: until when `throttle` would hold which of one alert's letters.

    By channel and address; `alert` as it was told last, `kind` the text to come. Reads only.
    """
    until = {key: at for key, at in _gatherings(letters).items() if at is not None}
    if alert is not None:
        again_at = _again_at(alert, timezone.now())
        if kind.opens and not alert.is_open and again_at is not None:
            until |= {_reader(le): again_at for le in letters if le.lane == Lane.URGENT}
        for row in Held.objects.filter(alert=alert, state=HeldState.HELD):
            for letter in letters:
                if (letter.channel, letter.address) == (row.channel, row.address):
                    until.pop(_reader(letter), None)
                    if _stands_for(row, letter, kind):
                        until[_reader(letter)] = row.release_at
    texts = [le for le in letters if le.lane == Lane.ROUTINE and le.channel == Channel.SMS]
    texts = [le for le in texts if _reader(le) not in until]
    if not has_room(source, segments_of(texts)):
        until |= {_reader(le): next_day(timezone.now()) for le in texts}
    if not has_room(source, max(segments_of(letters), 1), is_urgent=True):
        until |= {_reader(le): next_day(timezone.now()) for le in letters}
    return until


# --- what is held already


def _join_held(letters: list[OutgoingMessage]) -> list[OutgoingMessage]:
    """Let a held text speak for the news about its alert, until it is released.

    A rise to urgent takes its place and leaves at once; an end does not, as its reader knows of
    nothing.
    """
    later = [le for le in letters if le.revision > 1]
    if not later:
        return letters
    topics = {int(le.topic) for le in later}
    rows = Held.objects.filter(alert_id__in=topics, state=HeldState.HELD).select_related("alert")
    held = {(str(row.alert_id), row.channel, row.address): row for row in rows}
    joined = [le for le in later if (row := held.get(_key(le))) and _joins(le, row)]
    _note(joined, "s’ajoute à ce qui est déjà retenu")
    return [le for le in letters if le not in joined]


def _joins(letter: OutgoingMessage, row: Held) -> bool:
    """Whether the row now stands for the letter too; False also when it was released meanwhile."""
    waiting = Held.objects.filter(pk=row.pk, state=HeldState.HELD)
    if not _stands_for(row, letter, Kind(row.alert.kind)):
        waiting.update(state=HeldState.WITHDRAWN, ended_at=timezone.now())
        return False
    lifetime = max(row.expires_at, letter.expires_at)
    return bool(waiting.update(revision=letter.revision, expires_at=lifetime))


def _stands_for(row: Held, letter: OutgoingMessage, kind: Kind) -> bool:
    """Whether what is held already says what a text of this kind would."""
    is_news = letter.lane == Lane.URGENT and not kind.closes
    return not is_news or (row.reason == HeldFor.FLAPPING and kind.opens)


# --- urgent alerts that are closed and taken up again, over and over


def _without_flapping(letters: list[OutgoingMessage], source: Source) -> list[OutgoingMessage]:
    """Hold an urgent alert that is taken up again too soon after it last was.

    The first time is news and leaves at once. What then flaps is told once the pause is over, if it
    is still open: a mayor who read « terminée » must not believe it for longer than that.
    """
    urgent = [le for le in letters if le.lane == Lane.URGENT and le.revision > 1]
    if not urgent:
        return letters
    topics = {le.topic for le in urgent}
    opening = Alert.objects.filter(
        pk__in=map(int, topics), is_open=True, kind__in=[kind for kind in Kind if kind.opens]
    )
    said = messages_of(*topics)
    for alert in opening:
        if any(m.topic == str(alert.pk) and m.created_at >= alert.opened_at for m in said):
            continue  # a change of what was told, or somebody told in another's place
        again_at = _too_soon(alert)
        if again_at is not None:
            held = [le for le in letters if le.topic == str(alert.pk)]
            _hold(held, source, HeldFor.FLAPPING, again_at)
            letters = [le for le in letters if le not in held]
    return letters


def _too_soon(alert: Alert) -> datetime | None:
    """When it may be told again; None if it may now, which then counts as told."""
    now, pause = timezone.now(), categories().storm.reopening
    long_ago = Q(told_again_at=None) | Q(told_again_at__lte=now - pause)
    if Alert.objects.filter(long_ago, pk=alert.pk).update(told_again_at=now):
        return None
    return _again_at(alert, now) or now + pause


def _again_at(alert: Alert, now: datetime) -> datetime | None:
    """When its pause is over; None if it is."""
    pause: timedelta = categories().storm.reopening
    again_at = alert.told_again_at + pause if alert.told_again_at else now
    return again_at if again_at > now else None


# --- storms


def _without_storm(letters: list[OutgoingMessage], source: Source) -> list[OutgoingMessage]:
    """Hold the routine texts for whoever got many lately, or reads a digest these minutes."""
    until = _gatherings(letters)
    routine = [le for le in letters if le.lane == Lane.ROUTINE]
    held: dict[datetime, list[OutgoingMessage]] = {}
    for letter in routine:
        if at := until[_reader(letter)]:
            held.setdefault(at, []).append(letter)
    for at, together in held.items():
        _hold(together, source, HeldFor.STORM, at)
        letters = [le for le in letters if le not in together]
    return letters


def _gatherings(letters: list[OutgoingMessage]) -> dict[tuple[str, str], datetime | None]:
    """By the address of each routine text: until when it is gathered, None if it may leave."""
    routine = [le for le in letters if le.lane == Lane.ROUTINE]
    if not routine:
        return {}
    now, storm = timezone.now(), categories().storm
    lately: Counter[tuple[str, str]] = Counter()
    for message in recent_messages([le.address for le in routine], now - storm.window):
        if not message.topic.startswith(TO_DUTY):
            # Whoever has just read a digest is in the middle of a storm.
            weight = storm.texts if message.topic.startswith(DIGEST_TOPIC) else 1
            lately[letter_key(message.channel, message.address)] += weight
    already = _release_of_gatherings(routine)
    until: dict[tuple[str, str], datetime | None] = {}
    for key in map(_reader, routine):
        is_storm = key in already or lately[key] >= storm.texts
        until[key] = already.get(key, now + storm.window) if is_storm else None
        lately[key] += 1
    return until


def _release_of_gatherings(letters: Iterable[OutgoingMessage]) -> dict[tuple[str, str], datetime]:
    """By address, when what is being gathered for it is released."""
    rows = Held.objects.filter(
        address__in={le.address for le in letters}, state=HeldState.HELD, reason=HeldFor.STORM
    )
    found: dict[tuple[str, str], datetime] = {}
    for channel, address, release_at in rows.values_list("channel", "address", "release_at"):
        key = letter_key(channel, address)
        found[key] = min(release_at, found.get(key, release_at))
    return found


# --- the cap


def _within_cap(letters: list[OutgoingMessage], source: Source) -> list[OutgoingMessage]:
    """Count the SMS; hold the routine ones of an alert when they would pass the source's cap."""
    if source.hard_cap is not None:
        letters = _within_hard_cap(letters, source)
    else:
        charge(source, segments_of(le for le in letters if le.lane == Lane.URGENT))
    texts = [le for le in letters if le.lane == Lane.ROUTINE and le.channel == Channel.SMS]
    if charge_within_cap(source, segments_of(texts)):
        return letters
    _hold(texts, source, HeldFor.CAP, next_day(timezone.now()))
    return [le for le in letters if le not in texts]


def _within_hard_cap(letters: list[OutgoingMessage], source: Source) -> list[OutgoingMessage]:
    """Count the urgent SMS, alert by alert; hold all letters of those that would pass the hard cap.

    Of a routine alert only whether there is room: `_within_cap` counts what it costs.
    """
    held: list[OutgoingMessage] = []
    by_alert: dict[str, list[OutgoingMessage]] = {}
    for letter in sorted(letters, key=lambda le: le.lane != Lane.URGENT):
        by_alert.setdefault(letter.topic, []).append(letter)
    for theirs in by_alert.values():
        segments = segments_of(theirs)
        if theirs[0].lane == Lane.URGENT:
            is_within = charge_within_hard_cap(source, segments)
        else:
            is_within = has_room(source, max(segments, 1), is_urgent=True)
        if not is_within:
            held += theirs
    _hold(held, source, HeldFor.HARD_CAP, next_day(timezone.now()))
    return [le for le in letters if le not in held]


# --- holding


def _hold(letters: list[OutgoingMessage], source: Source, reason: HeldFor, until: datetime) -> None:
    """Store what is to be told at `until`, or a little before it would expire."""
    if not letters:
        return
    now = timezone.now()
    topics = {le.topic for le in letters}
    alerts = {str(a.pk): a for a in Alert.objects.filter(pk__in=map(int, topics))}
    knows = {
        (m.topic, m.channel, m.address)
        for m in messages_of(*topics)
        if m.created_at >= alerts[m.topic].opened_at
    }
    Held.objects.bulk_create(
        Held(
            alert=alerts[le.topic],
            source=source,
            revision=le.revision,
            channel=le.channel,
            address=le.address,
            recipient=le.recipient,
            title=le.title,
            was_told=_key(le) in knows,
            reason=reason,
            held_at=now,
            release_at=min(until, max(now, le.expires_at - BEFORE_EXPIRY)),
            expires_at=le.expires_at,
        )
        for le in letters
    )

    for alert in alerts.values():
        at = until.astimezone(ZoneInfo(alert.facts["time_zone"]))
        hour = written_hour(at)
        why = {
            HeldFor.STORM: f"retenu pour un récapitulatif à {hour}",
            HeldFor.FLAPPING: f"reprise annoncée il y a peu, retenu jusqu’à {hour}",
            HeldFor.CAP: "retenu, le plafond de SMS du jour est atteint",
            HeldFor.HARD_CAP: "retenu, le plafond absolu de la source est atteint, "
            "une personne peut le libérer",
        }[reason]
        _note([le for le in letters if le.topic == str(alert.pk)], why)


def _note(letters: list[OutgoingMessage], what: str) -> None:
    """A line of the journal for each alert that the letters are of."""
    by_alert: dict[tuple[str, int | None], list[OutgoingMessage]] = {}
    for letter in letters:
        by_alert.setdefault((letter.topic, letter.incident_id), []).append(letter)
    write_entries(
        new_entry(incident_id, Step.HELD, f"{whom(those)} : {what}.", alert=int(topic))
        for (topic, incident_id), those in by_alert.items()
    )


def _reader(letter: OutgoingMessage) -> tuple[str, str]:
    return letter_key(letter.channel, letter.address)


def _key(letter: OutgoingMessage) -> tuple[str, str, str]:
    return letter.topic, letter.channel, letter.address
