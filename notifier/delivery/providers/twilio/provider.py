"""Hand an SMS to Twilio, find one that it may have, ask what became of one."""

import re
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import structlog
from django.conf import settings
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import (
    ConnectTimeout,
    InvalidSchema,
    InvalidURL,
    ProxyError,
    RequestException,
)
from twilio.base import values
from twilio.base.exceptions import (
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.rest import Client
from urllib3.exceptions import MaxRetryError, NewConnectionError

from notifier.delivery.models import Message, MessageState, Result
from notifier.delivery.providers.base import (
    Found,
    Outcome,
    ProviderIgnorantError,
    ProviderUnreachableError,
    Receipt,
)
from notifier.delivery.providers.twilio.errors import (
    OF_ONE_NUMBER,
    PERMANENT,
    explain,
    is_ours,
)
from notifier.delivery.providers.twilio.http import PatientHttpClient
from notifier.delivery.providers.twilio.statuses import state_of

log = structlog.get_logger(__name__)

# Of the texts lately sent to one number, how many are looked at to find ours.
LATEST = 50
# Twilio's clock and ours. A text that is not found is sent again, so rather too much than too
# little: an older one with the very same words is not taken for it, being another message's.
CLOCK_SKEW = timedelta(hours=1)
# What Twilio lists instead of the words, and of a number's last four digits, for an account that
# has them redacted (twilio.com/docs/messaging/guides/privacy-message-redaction). As it does not
# list where it reports to either, only a receipt can tell such texts apart.
HIDDEN_WORDS = ("", "**REDACTED**")
HIDDEN_DIGITS = 4
HIDDEN_END = "X" * HIDDEN_DIGITS
# Errors of a request that was given up before anything of it had left.
NEVER_LEFT = (ConnectTimeout, ProxyError, InvalidSchema, InvalidURL)
# What the library makes of a refusal, in Twilio's own form and in that of RFC 9457.
Refused: TypeAlias = TwilioRestException | TwilioServiceException
REFUSED = (TwilioRestException, TwilioServiceException)
# What the library makes of an answer that has not Twilio's form.
UNREADABLE = (TwilioException, ValueError, KeyError, TypeError, AttributeError)
# A text that its number no longer leads to: taken out of Twilio's record, or of another account.
NO_SUCH = (404, 410)
MESSAGE_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")


@dataclass(frozen=True)
class Account:
    """What Twilio says of our account, and its clock (an HTTP date)."""

    status: str
    type: str
    date: str | None


class AccountRefusedError(Exception):
    """Twilio answered, and not as to its customer; `status` is the answer's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Twilio answers {status}")
        self.status = status


def callback_url(message_id: int) -> str:
    """Where Twilio reports on this message; its signature covers exactly this address."""
    return f"{settings.ENVIRONMENT.PUBLIC_URL}/api/v1/callbacks/twilio/{message_id}"


class TwilioProvider:
    """Thread-safe: each thread gets a client, hence a connection, of its own."""

    name = "twilio"
    has_receipts = True

    def __init__(
        self, account_sid: str, auth_token: str, sender: dict[str, str], api_url: str
    ) -> None:
        self._account = (account_sid, auth_token)
        self._sender = sender
        self._api_url = api_url
        self._local = threading.local()
        # Imports the part of Twilio's library that sends, a tenth of a second, before it is urgent.
        _ = self._client()[0].messages

    @classmethod
    def from_settings(cls) -> "TwilioProvider":
        env = settings.ENVIRONMENT
        sender = (
            {"messaging_service_sid": env.TWILIO_MESSAGING_SERVICE_SID}
            if env.TWILIO_MESSAGING_SERVICE_SID
            else {"from_": env.TWILIO_FROM}
        )
        return cls(
            env.TWILIO_ACCOUNT_SID, env.TWILIO_AUTH_TOKEN.get_secret_value(), sender, env.twilio_api
        )

    @property
    def accepted_by(self) -> str:
        """In French, for the journal: nobody may take a simulated text for a real one."""
        return "remis au simulateur" if settings.ENVIRONMENT.SIMULATOR else "remis à Twilio"

    def send(self, message: Message) -> Outcome:
        client, http = self._client()
        try:
            created = client.messages.create(
                to=message.address,
                body=message.body,
                status_callback=callback_url(message.pk),
                **self._sender,
            )
        except REFUSED as error:
            return _refusal(error, http.retry_after_s)
        except RequestException as error:
            return _broken_line(error)
        except UNREADABLE as error:
            return _unreadable(type(error).__name__)
        if not MESSAGE_SID.fullmatch(str(created.sid)):
            return _unreadable("sans numéro")
        return Outcome(Result.ACCEPTED, provider_id=str(created.sid))

    def find(self, message: Message) -> Found:
        since = message.created_at - CLOCK_SKEW
        listed, is_whole = self._listed(message.address, since)
        same = [_receipt(found) for found in listed if found.body == message.body]
        hidden = [str(found.sid) for found in listed if (found.body or "") in HIDDEN_WORDS]
        if not same and not hidden:
            # A number of which the end is hidden is not found by its number.
            masked = message.address[:-HIDDEN_DIGITS] + HIDDEN_END
            latest, are_all = self._listed(None, since)
            hidden = [str(found.sid) for found in latest if found.to == masked]
            hides_numbers = any(str(found.to).endswith(HIDDEN_END) for found in latest)
            is_whole = is_whole and (are_all or not hides_numbers)
        return Found(same, hidden, is_whole)

    def ask(self, message: Message) -> Receipt:
        try:
            return _receipt(self._client()[0].messages(message.provider_id).fetch())
        except REFUSED as error:
            if error.status in NO_SUCH:
                raise ProviderIgnorantError(str(error.status)) from error
            raise ProviderUnreachableError(str(error.status)) from error
        except (*UNREADABLE, RequestException) as error:
            raise ProviderUnreachableError(type(error).__name__) from error

    def account(self) -> Account:
        """What the account says of itself, asked on the way that texts take.

        Raises AccountRefusedError, ProviderUnreachableError.
        """
        client, http = self._client()
        try:
            facts = client.api.accounts(self._account[0]).fetch()
        except REFUSED as error:
            raise AccountRefusedError(error.status) from error
        except (*UNREADABLE, RequestException) as error:
            raise ProviderUnreachableError(_reason(error)) from error
        return Account(str(facts.status), str(facts.type), http.date)

    def _listed(self, number: str | None, since: datetime) -> tuple[list[Any], bool]:
        """The latest texts made since then, to this number or to any, and whether those are all."""
        try:
            listed: list[Any] = self._client()[0].messages.list(
                to=number or values.unset, limit=LATEST
            )
        except (*UNREADABLE, RequestException) as error:
            raise ProviderUnreachableError(type(error).__name__) from error
        made = [found for found in listed if found.date_created and found.date_created >= since]
        return made, len(made) < LATEST

    def _client(self) -> tuple[Client, PatientHttpClient]:
        if not hasattr(self._local, "client"):
            http = PatientHttpClient(self._api_url)
            client = Client(*self._account, http_client=http)
            client.api.base_url = self._api_url
            self._local.client = (client, http)
        mine: tuple[Client, PatientHttpClient] = self._local.client
        return mine


def _receipt(found: Any) -> Receipt:
    code = str(found.error_code or "")
    if is_ours(code):
        log.error("our account or sender is refused, an operator must mend it", code=code)
    return Receipt(str(found.sid), state_of(str(found.status)) or MessageState.ACCEPTED, code)


def _reason(error: Exception) -> str:
    """Of a nest of errors the innermost, which says what it was."""
    while error.__cause__ or error.__context__:
        inner = error.__cause__ or error.__context__
        if not isinstance(inner, Exception):
            break
        error = inner
    return str(error) or type(error).__name__


def _unreadable(why: str) -> Outcome:
    """An answer that is not Twilio's: somebody in between may have eaten the real one."""
    return Outcome(Result.UNKNOWN, detail=f"réponse illisible ({why})", is_common=True)


def _refusal(error: Refused, retry_after_s: float | None) -> Outcome:
    code = str(error.code or error.status)
    if error.status == 429 and not is_ours(code):
        return Outcome(Result.RETRY, code=code, detail="débit dépassé", retry_after_s=retry_after_s)
    if error.status >= 500:
        detail = f"panne de l’opérateur ({error.status})"
        return Outcome(Result.UNKNOWN, code=code, detail=detail, is_common=True)
    if error.status < 400:
        # Sent elsewhere: a network's own log-in page, not Twilio.
        detail = f"réponse d’un intermédiaire ({error.status})"
        return Outcome(Result.RETRY, code=code, detail=detail, is_common=True)
    if error.code in PERMANENT:
        return Outcome(Result.PERMANENT, code=code, detail=explain(code))
    if not is_ours(code):
        return Outcome(Result.RETRY, code=code, detail=explain(code))
    log.error("our account or sender is refused, an operator must mend it", code=code)
    is_common = error.code not in OF_ONE_NUMBER
    return Outcome(
        Result.RETRY,
        code=code,
        detail=explain(code),
        retry_after_s=retry_after_s,
        is_common=is_common,
    )


def _broken_line(error: RequestException) -> Outcome:
    if isinstance(error, NEVER_LEFT) or _never_connected(error):
        return Outcome(Result.RETRY, detail="opérateur injoignable", is_common=True)
    detail = f"ligne coupée sans réponse ({type(error).__name__})"
    return Outcome(Result.UNKNOWN, detail=detail, is_common=True)


def _never_connected(error: RequestException) -> bool:
    """Whether no line stood yet: see `http`, where all that fails before is made to say so."""
    cause = error.args[0] if isinstance(error, RequestsConnectionError) and error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
