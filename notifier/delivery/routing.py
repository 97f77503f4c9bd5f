"""Which provider carries an SMS: the first in its order that is not set aside.

A provider is set aside once FAILURES texts in a row failed there for a reason that would fail every
text, or were taken too slowly, or as many questions got no answer: for as long as it has failed by
then, between SHORTEST and LONGEST. Before that is over it is asked a question that sends nothing,
and comes back if it answers; one more failure then sets it aside again, and a text that it takes in
good time ends the count.

The rows are read with each heartbeat, or when asked after MAX_AGE_S, never for an event. With one
provider configured nothing here runs. Operators read this in docs/configuration.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from notifier.delivery.models import Channel, Message, ProviderHealth, Result
from notifier.delivery.providers.base import SendResult
from notifier.delivery.providers.registry import PROVIDER_OF, sms_provider_named

log = structlog.get_logger(__name__)

FAILURES = 3
SLOW_AFTER = timedelta(seconds=5)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(minutes=10)
# So long before it would carry texts again, a provider is asked whether it does.
ASKED_BEFORE = timedelta(seconds=10)
# Whoever asks has so long; meanwhile no other worker does.
QUESTION_LEASE = timedelta(seconds=40)
MAX_AGE_S = 15.0
# Results that no provider gives which does not work; our own limits end in others.
_ANSWERS = (Result.ACCEPTED, Result.PERMANENT)


@dataclass(frozen=True)
class Route:
    """The provider of a new message, and which may carry it in its place, in order."""

    provider: str
    providers: str = ""


@dataclass(frozen=True)
class _Known:
    rows: Mapping[str, ProviderHealth]
    read_at: float


_known: _Known | None = None


def is_shared() -> bool:
    """Whether there is more than one provider of SMS to choose from."""
    return len(settings.ENVIRONMENT.configured_sms_providers) > 1


def route(channel: Channel, wanted: Sequence[str] = ()) -> Route:
    """Choose the provider of a message. `wanted`: an order of its source's own.

    Of that, what is not configured counts as not there. No statement while what is known is fresh.
    """
    if channel is not Channel.SMS:
        return Route(PROVIDER_OF[channel])
    environment = settings.ENVIRONMENT
    configured = environment.configured_sms_providers
    order = [name for name in wanted if name in configured] or list(environment.sms_providers)
    usable = (name for name in order if not is_set_aside(name))
    return Route(next(usable, order[0]), ",".join(order) if len(order) > 1 else "")


def next_provider(message: Message) -> str | None:
    """Return which other provider may carry the message and is not set aside; None: none."""
    configured = settings.ENVIRONMENT.configured_sms_providers
    order = message.providers.split(",") if message.providers else []
    others = (name for name in order if name != message.provider and name in configured)
    return next((name for name in others if not is_set_aside(name)), None)


def is_set_aside(provider: str) -> bool:
    """Whether other providers carry its texts just now."""
    return _is_aside(_rows().get(provider), timezone.now()) if is_shared() else False


def set_aside() -> list[ProviderHealth]:
    """Return the providers that are set aside, as stored. One statement if there are several."""
    if not is_shared():
        return []
    now, configured = timezone.now(), settings.ENVIRONMENT.configured_sms_providers
    rows = refresh().values()
    return [row for row in rows if row.provider in configured and _is_aside(row, now)]


def refresh() -> Mapping[str, ProviderHealth]:
    """Read anew how the providers are doing. One statement."""
    global _known
    read_at = time.monotonic()
    _known = _Known({row.provider: row for row in ProviderHealth.objects.all()}, read_at)
    return _known.rows


def forget() -> None:
    """Forget what was read, so that it is read again."""
    global _known
    _known = None


def note_results(tried: Iterable[tuple[str, SendResult]]) -> None:
    """Count what texts came to, each with the provider that was tried.

    No statement where all went well and none failed before.
    """
    if not is_shared():
        return
    for provider, result in sorted(tried, key=lambda each: each[1].ended_at):
        if result.message.channel != Channel.SMS:
            continue
        if result.outcome.is_common:
            _note_failure(provider, result.outcome.detail)
        elif result.outcome.result not in _ANSWERS:
            continue
        elif (took := result.ended_at - result.started_at) > SLOW_AFTER:
            _note_failure(provider, f"réponse en {took.total_seconds():.0f} s")
        else:
            _note_success(provider)


def note_unanswered(message: Message, reason: str) -> None:
    """Count a question about a message that its provider did not answer as a failure."""
    if message.channel == Channel.SMS and is_shared():
        _note_failure(message.provider, f"ne répond pas ({reason})")


def carried_by_others() -> list[str]:
    """Return the providers that are set aside where another one is not. One statement if any."""
    aside = [row.provider for row in set_aside()]
    return aside if len(aside) < len(settings.ENVIRONMENT.configured_sms_providers) else []


def ask_set_aside(rows: Iterable[ProviderHealth]) -> None:
    """Ask those whose time is nearly over whether they answer; who does is back.

    `rows` are those of `set_aside`. May run anywhere, any number of times at once. Takes as long as
    they take to answer.
    """
    now = timezone.now()
    for row in rows:
        if row.set_aside_until is None or row.set_aside_until > now + ASKED_BEFORE:
            continue
        asked = ProviderHealth.objects.filter(
            provider=row.provider, set_aside_until=row.set_aside_until
        )
        lease_until = now + QUESTION_LEASE
        if asked.update(set_aside_until=lease_until):
            _ask(row, lease_until)
        forget()


def _ask(row: ProviderHealth, lease_until: datetime) -> None:
    began = time.monotonic()
    try:
        is_back = sms_provider_named(row.provider).is_available()
    except Exception:  # a provider's client must not raise; whatever it is, it does not answer
        log.exception("provider that is set aside could not be asked", provider=row.provider)
        is_back = False
    is_back = is_back and time.monotonic() - began < SLOW_AFTER.total_seconds()
    asked = ProviderHealth.objects.filter(provider=row.provider, set_aside_until=lease_until)
    if is_back:
        if asked.update(set_aside_until=None, failures=FAILURES - 1):
            log.warning("provider answers again and carries texts", provider=row.provider)
        return
    now = timezone.now()
    asked.update(set_aside_until=now + _how_long(row.failing_since, now))


def _note_failure(provider: str, reason: str) -> None:
    now = timezone.now()
    # What fails while it is set aside was on its way before: it says nothing new.
    here = ProviderHealth.objects.filter(_not_aside(now), provider=provider)
    counted = here.update(
        failures=F("failures") + 1,
        failing_since=Coalesce("failing_since", Value(now)),
        reason=reason[:200],
    )
    if not counted:
        first = ProviderHealth(
            provider=provider, failures=1, failing_since=now, reason=reason[:200]
        )
        ProviderHealth.objects.bulk_create([first], ignore_conflicts=True)
    row = refresh().get(provider)
    if row is None or row.failures < FAILURES:
        return
    until = now + _how_long(row.failing_since, now)
    if here.filter(failures__gte=FAILURES).update(set_aside_until=until):
        forget()
        log.error(
            "provider is set aside, others carry its texts",
            provider=provider,
            until=until.isoformat(),
            why=reason,
        )


def _note_success(provider: str) -> None:
    row = _rows().get(provider)
    if row is None or not row.failures:
        return
    failing = ProviderHealth.objects.filter(provider=provider, failures__gt=0)
    if failing.update(failures=0, failing_since=None, set_aside_until=None, reason=""):
        log.warning("provider takes texts again", provider=provider)
    forget()


def _how_long(failing_since: datetime | None, now: datetime) -> timedelta:
    return min(max(now - (failing_since or now), SHORTEST), LONGEST)


def _is_aside(row: ProviderHealth | None, now: datetime) -> bool:
    return row is not None and row.set_aside_until is not None and row.set_aside_until > now


def _not_aside(now: datetime) -> Q:
    return Q(set_aside_until=None) | Q(set_aside_until__lte=now)


def _rows() -> Mapping[str, ProviderHealth]:
    known = _known
    if known is None or time.monotonic() - known.read_at > MAX_AGE_S:
        return refresh()
    return known.rows
