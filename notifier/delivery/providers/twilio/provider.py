"""Send an SMS with Twilio, find one that it may have, ask what became of one.

`calls.py` does the same with a call.
"""

import re
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import structlog
from django.conf import settings
from requests.exceptions import RequestException
from twilio.base import values
from twilio.base.exceptions import (
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.rest import Client

from notifier.delivery.models import Message, MessageState, Result
from notifier.delivery.providers.base import (
    AccountRefusedError,
    Found,
    Outcome,
    ProviderIgnorantError,
    ProviderUnreachableError,
    Receipt,
)
from notifier.delivery.providers.http import connection_error, reason, unreadable
from notifier.delivery.providers.twilio.errors import (
    OF_ONE_NUMBER,
    PERMANENT,
    explain,
    is_ours,
)
from notifier.delivery.providers.twilio.http import HttpClient
from notifier.delivery.providers.twilio.statuses import state_of

log = structlog.get_logger(__name__)

# How many of the latest texts to one number are searched for ours.
MAX_LISTED = 50
# Between Twilio's clock and ours. A text that is not found is sent again, so rather too much than
# too little: an older one with the very same words is not taken for it, being another message's.
CLOCK_SKEW = timedelta(hours=1)
# What Twilio lists for the words, and for a number's last four digits, if the account has them
# redacted (twilio.com/docs/messaging/guides/privacy-message-redaction). As it does not list the
# callback either, only a receipt can tell such texts apart.
HIDDEN_WORDS = ("", "**REDACTED**")
HIDDEN_DIGITS = 4
HIDDEN_END = "X" * HIDDEN_DIGITS
# What the library raises for a refusal, in Twilio's own form and in that of RFC 9457.
Refused: TypeAlias = TwilioRestException | TwilioServiceException
REFUSED = (TwilioRestException, TwilioServiceException)
# What the library raises for an answer that is not of Twilio's form.
UNREADABLE = (TwilioException, ValueError, KeyError, TypeError, AttributeError)
# The text is gone from Twilio's record, or is another account's.
NOT_FOUND = (404, 410)
GONE = "20404"
MESSAGE_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")


@dataclass(frozen=True)
class Account:
    """What Twilio says of our account, with its clock (an HTTP date)."""

    status: str
    type: str
    date: str | None


def callback_url(message_id: int) -> str:
    """Return where Twilio posts this message's receipts; its signature covers this very address."""
    return f"{settings.ENVIRONMENT.PUBLIC_URL}/api/v1/callbacks/twilio/{message_id}"


class TwilioProvider:
    """Send SMS; each thread has a client, hence a connection, of its own. Thread-safe."""

    name = "twilio"
    has_receipts = True

    def __init__(
        self, account_sid: str, auth_token: str, sender: dict[str, str], api_url: str
    ) -> None:
        self._account = (account_sid, auth_token)
        self._sender = sender
        self._api_url = api_url
        self._local = threading.local()
        # Imports the part of Twilio's library that sends, which takes a tenth of a second.
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
        """In French, for the journal; a simulated text is not taken for a real one."""
        return "remis au simulateur" if settings.ENVIRONMENT.SIMULATOR else "remis à Twilio"

    def send(self, message: Message) -> Outcome:
        client, http = self._client()
        try:
            created = self._create(client, message)
        except REFUSED as error:
            return _refusal(error, http.retry_after_s)
        except RequestException as error:
            return connection_error(error)
        except UNREADABLE as error:
            return unreadable(type(error).__name__)
        if not MESSAGE_SID.fullmatch(str(created.sid)):
            return unreadable("sans numéro")
        return Outcome(Result.ACCEPTED, provider_id=str(created.sid))

    def _create(self, client: Client, message: Message) -> Any:
        return client.messages.create(
            to=message.address,
            body=message.body,
            status_callback=callback_url(message.pk),
            **self._sender,
        )

    def find(self, message: Message) -> Found:
        since = message.created_at - CLOCK_SKEW
        listed, is_whole = self._listed(message.address, since)
        same = [_receipt(found) for found in listed if found.body == message.body]
        hidden = [str(found.sid) for found in listed if (found.body or "") in HIDDEN_WORDS]
        if not same and not hidden:
            # A number whose end is hidden is not found by its number.
            masked = message.address[:-HIDDEN_DIGITS] + HIDDEN_END
            latest, are_all = self._listed(None, since)
            hidden = [str(found.sid) for found in latest if found.to == masked]
            hides_numbers = any(str(found.to).endswith(HIDDEN_END) for found in latest)
            is_whole = is_whole and (are_all or not hides_numbers)
        return Found(same, hidden, is_whole)

    def ask(self, message: Message) -> Receipt:
        try:
            return self._fetch(self._client()[0], message.provider_id)
        except REFUSED as error:
            if error.status in NOT_FOUND:
                raise ProviderIgnorantError(GONE) from error
            raise ProviderUnreachableError(str(error.status)) from error
        except (*UNREADABLE, RequestException) as error:
            raise ProviderUnreachableError(type(error).__name__) from error

    def _fetch(self, client: Client, provider_id: str) -> Receipt:
        return _receipt(client.messages(provider_id).fetch())

    def account(self) -> Account:
        """Ask what the account says of itself, over the connection that texts take.

        Raises AccountRefusedError, ProviderUnreachableError.
        """
        client, http = self._client()
        try:
            facts = client.api.accounts(self._account[0]).fetch()
        except REFUSED as error:
            raise AccountRefusedError(error.status) from error
        except (*UNREADABLE, RequestException) as error:
            raise ProviderUnreachableError(reason(error)) from error
        return Account(str(facts.status), str(facts.type), http.date)

    def is_available(self) -> bool:
        """Whether it answers, and our account may send."""
        try:
            return self.account().status == "active"
        except (AccountRefusedError, ProviderUnreachableError):
            return False

    def _listed(self, number: str | None, since: datetime) -> tuple[list[Any], bool]:
        """List the latest texts since then to this number, or to any, and whether those are all."""
        try:
            listed: list[Any] = self._client()[0].messages.list(
                to=number or values.unset, limit=MAX_LISTED
            )
        except (*UNREADABLE, RequestException) as error:
            raise ProviderUnreachableError(type(error).__name__) from error
        made = [found for found in listed if found.date_created and found.date_created >= since]
        return made, len(made) < MAX_LISTED

    def _client(self) -> tuple[Client, HttpClient]:
        if not hasattr(self._local, "client"):
            http = HttpClient(self._api_url)
            client = Client(*self._account, http_client=http)
            client.api.base_url = self._api_url
            self._local.client = (client, http)
        mine: tuple[Client, HttpClient] = self._local.client
        return mine


def _receipt(found: Any) -> Receipt:
    code = str(found.error_code or "")
    if is_ours(code):
        log.error("our account or sender is refused, an operator must mend it", code=code)
    state = state_of(str(found.status)) or MessageState.ACCEPTED
    return Receipt(str(found.sid), state, code, provider=TwilioProvider.name)


def _refusal(error: Refused, retry_after_s: float | None) -> Outcome:
    code = str(error.code or error.status)
    if error.status == 429 and not is_ours(code):
        return Outcome(Result.RETRY, code=code, detail="débit dépassé", retry_after_s=retry_after_s)
    if error.status >= 500:
        detail = f"panne de l’opérateur ({error.status})"
        return Outcome(Result.UNKNOWN, code=code, detail=detail, is_common=True)
    if error.status < 400:
        # Redirected: a network's own log-in page, not Twilio.
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
