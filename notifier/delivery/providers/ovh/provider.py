"""Send an SMS with OVHcloud, find one that it may have, ask what became of one."""

import threading
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone
from ovh.exceptions import APIError, InvalidResponse, ResourceNotFoundError

from notifier.delivery.models import Lane, Message, MessageState, Result
from notifier.delivery.providers.base import (
    AccountRefusedError,
    Found,
    Outcome,
    ProviderIgnorantError,
    ProviderUnreachableError,
    Receipt,
)
from notifier.delivery.providers.http import connection_error, reason, unreadable
from notifier.delivery.providers.ovh.client import (
    UNREADABLE,
    Client,
    ClockUnknownError,
    ServerClock,
    request_error,
    words_of,
)
from notifier.delivery.providers.ovh.errors import (
    BLACKLISTED,
    CLOCK,
    GONE,
    INVALID_RECEIVER,
    code_of_refusal,
    explain,
    is_common,
    is_ours,
)
from notifier.delivery.providers.ovh.statuses import code_of, state_of
from notifier.delivery.providers.ovh.webhook import NAME

log = structlog.get_logger(__name__)

# How many texts to one number are looked at, and how many that OVHcloud has not sent yet.
MAX_LISTED = 50
# Between OVHcloud's clock and ours; see the same of Twilio.
CLOCK_SKEW = timedelta(hours=1)
# Longer is not accepted (two days); no text of ours lives that long.
MAX_VALIDITY_MIN = 2880
_PRIORITY = {Lane.URGENT: "high", Lane.ROUTINE: "medium"}
_ENABLED = "enable"


@dataclass(frozen=True)
class OvhAccount:
    """What OVHcloud says of our SMS account, with its clock (an HTTP date)."""

    is_enabled: bool
    credits_left: float
    callback_url: str
    date: str | None


class OvhProvider:
    """Send SMS; each thread has a client, hence a connection, of its own. Thread-safe."""

    name = NAME
    has_receipts = True

    def __init__(
        self, keys: tuple[str, str, str], service_name: str, sender: str, api_url: str
    ) -> None:
        """`keys`: application key, application secret, consumer key."""
        self._keys = keys
        self._path = f"/sms/{service_name}"
        self._sender = sender
        self._api_url = api_url
        self._clock = ServerClock()
        self._local = threading.local()

    @classmethod
    def from_settings(cls) -> "OvhProvider":
        env = settings.ENVIRONMENT
        keys = (
            env.OVH_APPLICATION_KEY,
            env.OVH_APPLICATION_SECRET.get_secret_value(),
            env.OVH_CONSUMER_KEY.get_secret_value(),
        )
        return cls(keys, env.OVH_SERVICE_NAME, env.OVH_SENDER, env.ovh_api)

    @property
    def accepted_by(self) -> str:
        """In French, for the journal; a simulated text is not taken for a real one."""
        is_simulated = settings.ENVIRONMENT.SIMULATOR
        return "remis au simulateur (OVHcloud)" if is_simulated else "remis à OVHcloud"

    def send(self, message: Message) -> Outcome:
        try:
            client = self._client()
        except APIError as error:  # without its keys the library makes no client
            return self._refused(0, error, None)
        try:
            report = client.create(f"{self._path}/jobs", self._job(message))
            ids, invalid = report["ids"], report["invalidReceivers"]
        except ClockUnknownError as error:
            detail = f"opérateur injoignable ({error})"
            return Outcome(Result.RETRY, detail=detail, is_common=True)
        except APIError as error:
            return self._refusal(client, error)
        except UNREADABLE as error:
            return unreadable(type(error).__name__)
        if ids:
            return Outcome(Result.ACCEPTED, provider_id=str(ids[0]))
        if not invalid:
            return unreadable("sans numéro")
        code = BLACKLISTED if self._is_blacklisted(message.address) else INVALID_RECEIVER
        return Outcome(Result.PERMANENT, code=code, detail=explain(code))

    def find(self, message: Message) -> Found:
        try:
            return self._find(message)
        except (ClockUnknownError, APIError, *UNREADABLE) as error:
            raise ProviderUnreachableError(type(error).__name__) from error

    def ask(self, message: Message) -> Receipt:
        number = message.provider_id
        try:
            for kind in ("outgoing", "jobs"):
                try:
                    found = self._client().ask(f"{self._path}/{kind}/{number}")
                    return _receipt(number, found, is_sent=kind == "outgoing")
                except ResourceNotFoundError:
                    continue
        except (ClockUnknownError, APIError, *UNREADABLE) as error:
            raise ProviderUnreachableError(type(error).__name__) from error
        raise ProviderIgnorantError(GONE)

    def is_available(self) -> bool:
        """Whether it answers, and our account may send."""
        try:
            account = self.account()
        except (AccountRefusedError, ProviderUnreachableError):
            return False
        return account.is_enabled and account.credits_left > 0

    def account(self) -> OvhAccount:
        """Ask what the account says of itself, over the connection that texts take.

        Raises AccountRefusedError, ProviderUnreachableError.
        """
        try:
            client = self._client()
            facts = client.ask(self._path, briefly=True)
            return OvhAccount(
                facts["status"] == _ENABLED,
                float(facts["creditsLeft"]),
                str(facts.get("callBack") or ""),
                client.date,
            )
        except ClockUnknownError as error:
            raise ProviderUnreachableError(reason(error)) from error
        except APIError as error:
            status = error.response.status_code if error.response is not None else 0
            if 400 <= status < 500:
                raise AccountRefusedError(status) from error
            raise ProviderUnreachableError(reason(error)) from error
        except UNREADABLE as error:
            raise ProviderUnreachableError(type(error).__name__) from error

    def sender_status(self) -> str:
        """Return OVHcloud's status of our sender; empty where the account has no such sender.

        Raises ProviderUnreachableError.
        """
        try:
            return str(self._client().ask(f"{self._path}/senders/{self._sender}")["status"])
        except ResourceNotFoundError:
            return ""
        except (ClockUnknownError, APIError, *UNREADABLE) as error:
            raise ProviderUnreachableError(reason(error)) from error

    def _job(self, message: Message) -> dict[str, Any]:
        left_s = (message.expires_at - timezone.now()).total_seconds()
        return {
            "message": message.body,
            "receivers": [message.address],
            "sender": self._sender,
            # Nothing of ours is advertising. Without it OVHcloud adds a STOP clause, and holds the
            # text back at night, on Sundays and holidays.
            "noStopClause": True,
            "priority": _PRIORITY[Lane(message.lane)],
            # What is of no more use is not brought to a telephone that was off.
            "validityPeriod": min(max(1, ceil(left_s / 60)), MAX_VALIDITY_MIN),
            "charset": "UTF-8",
            "class": "phoneDisplay",
            # Our texts keep to GSM-7 (notifier.alerting.content.gsm).
            "coding": "7bit",
            "tag": _tag(message),
        }

    def _is_blacklisted(self, number: str) -> bool:
        try:
            self._client().ask(f"{self._path}/blacklists/{number}", briefly=True)
        except (ClockUnknownError, APIError, *UNREADABLE):
            return False
        return True

    def _find(self, message: Message) -> Found:
        """Look among what it sent, by our mark and by the number, and among what it has to send."""
        client = self._client()
        since = {"creationDatetime.from": (message.created_at - CLOCK_SKEW).isoformat()}
        sent = f"{self._path}/outgoing"
        marked = client.ask(sent, {"tag": _tag(message), **since})
        to_number = client.ask(sent, {"receiver": message.address, **since})
        waiting = client.ask(f"{self._path}/jobs")
        found = Found(is_whole=len(to_number) <= MAX_LISTED and len(waiting) <= MAX_LISTED)
        for number in sorted({*marked, *to_number}, reverse=True)[:MAX_LISTED]:
            text = client.ask(f"{sent}/{number}")
            if number in marked or text["message"].startswith(message.body):
                found.same.append(_receipt(number, text, is_sent=True))
            elif not text["message"]:
                found.hidden.append(str(number))
        for number in sorted({*waiting} - {*marked, *to_number}, reverse=True)[:MAX_LISTED]:
            # One that is sent meanwhile is found nowhere, and all is asked again.
            text = client.ask(f"{self._path}/jobs/{number}")
            if text["receiver"] == message.address and text["message"].startswith(message.body):
                found.same.append(_receipt(number, text, is_sent=False))
        return found

    def _refusal(self, client: Client, error: APIError) -> Outcome:
        """Return the outcome of a request that was refused, or got no answer of OVHcloud's."""
        status = client.status
        if (failure := request_error(error)) is not None:
            return connection_error(failure)
        if status >= 500:
            detail = f"panne de l’opérateur ({status})"
            return Outcome(Result.UNKNOWN, code=str(status), detail=detail, is_common=True)
        if 300 <= status < 400:
            # A network's own log-in page, not OVHcloud.
            detail = f"réponse d’un intermédiaire ({status})"
            return Outcome(Result.RETRY, code=str(status), detail=detail, is_common=True)
        if isinstance(error, InvalidResponse):
            return unreadable(str(status))
        if status == 429:
            wait = client.retry_after_s
            return Outcome(Result.RETRY, code="429", detail="débit dépassé", retry_after_s=wait)
        return self._refused(status, error, client.retry_after_s)

    def _refused(self, status: int, error: APIError, retry_after_s: float | None) -> Outcome:
        code = code_of_refusal(status, *words_of(error))
        if code == CLOCK:
            self._clock.forget()
        if is_ours(code):
            log.error("our account or sender is refused, an operator must mend it", code=code)
        return Outcome(
            Result.RETRY,
            code=code,
            detail=explain(code),
            retry_after_s=retry_after_s,
            is_common=is_common(code),
        )

    def _client(self) -> Client:
        if not hasattr(self._local, "client"):
            self._local.client = Client(self._keys, self._api_url, self._clock)
        mine: Client = self._local.client
        return mine


def _tag(message: Message) -> str:
    """Return the mark by which OVHcloud lists this message's texts, and no others."""
    return f"alerte-{message.pk}-{message.token[:12]}"


def _receipt(number: object, found: Any, *, is_sent: bool) -> Receipt:
    """Read what OVHcloud shows of a text; one that it has not sent yet is accepted."""
    known = state_of(found["deliveryReceipt"], found["ptt"]) if is_sent else None
    state = known or MessageState.ACCEPTED
    code = code_of(state, found["ptt"])
    if is_ours(code):
        log.error("our account or sender is refused, an operator must mend it", code=code)
    return Receipt(str(number), state, code, provider=NAME)
