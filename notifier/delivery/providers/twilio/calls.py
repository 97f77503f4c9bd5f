"""Call a number with Twilio and speak a text there; find such a call, ask what became of it.

Nobody has heard a text for certain until a key is pressed (`twiml.py`): a mailbox answers as well.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from requests.exceptions import RequestException
from twilio.rest import Client

from notifier.delivery.models import Channel, Message, MessageState, Result
from notifier.delivery.providers.base import (
    Found,
    Outcome,
    ProviderUnreachableError,
    Receipt,
)
from notifier.delivery.providers.twilio.call_outcomes import NO_CALLER, code_of, explain, state_of
from notifier.delivery.providers.twilio.provider import (
    CLOCK_SKEW,
    MAX_LISTED,
    UNREADABLE,
    TwilioProvider,
    callback_url,
)
from notifier.delivery.providers.twilio.twiml import call_twiml

# So long a telephone rings: a mailbox takes over before, or nobody is there.
RING_S = 30
# Whoever presses wrong keys for ever is cut off.
MAX_CALL_S = 300
EVENTS = ["initiated", "ringing", "answered", "completed"]


class TwilioCalls(TwilioProvider):
    """Make calls; as thread-safe as what sends SMS."""

    name = "calls"

    @classmethod
    def from_settings(cls) -> TwilioCalls:
        env = settings.ENVIRONMENT
        return cls(
            env.TWILIO_ACCOUNT_SID,
            env.TWILIO_AUTH_TOKEN.get_secret_value(),
            {"from_": env.caller},
            env.twilio_api,
        )

    def send(self, message: Message) -> Outcome:
        if not self._sender["from_"]:
            return Outcome(Result.PERMANENT, code=NO_CALLER, detail=explain(NO_CALLER))
        return super().send(message)

    def _create(self, client: Client, message: Message) -> Any:
        return client.calls.create(
            to=message.address,
            twiml=call_twiml(message.pk, message.body),
            status_callback=callback_url(message.pk),
            status_callback_event=EVENTS,
            timeout=RING_S,
            time_limit=MAX_CALL_S,
            # Asynchronous: a person is spoken to at once. It says at most why no key was pressed.
            machine_detection="Enable",
            async_amd="true",
            **self._sender,
        )

    def find(self, message: Message) -> Found:
        """List the calls to this number since the message was made; of none the words are known.

        While another call to the same number is unsettled as well, none can be told apart.
        """
        since = message.created_at - CLOCK_SKEW
        try:
            listed = self._client()[0].calls.list(
                to=message.address, from_=self._sender["from_"], limit=MAX_LISTED
            )
        except (*UNREADABLE, RequestException) as error:
            raise ProviderUnreachableError(type(error).__name__) from error
        made = [call for call in listed if call.date_created and call.date_created >= since]
        is_whole = len(made) < MAX_LISTED
        if _unsettled_beside(message):
            return Found(hidden=[str(call.sid) for call in made], is_whole=is_whole)
        return Found(same=[_receipt(call) for call in made], is_whole=is_whole)

    def _fetch(self, client: Client, provider_id: str) -> Receipt:
        return _receipt(client.calls(provider_id).fetch())


def _unsettled_beside(message: Message) -> bool:
    """Return whether another call to the number may have been made without our knowing it."""
    others = Message.objects.filter(
        channel=Channel.VOICE,
        address=message.address,
        provider_id="",
        state__in=(MessageState.SENDING, MessageState.UNKNOWN),
    )
    return others.exclude(pk=message.pk).exists()


def _receipt(call: Any) -> Receipt:
    status = str(call.status)
    state = state_of(status) or MessageState.ACCEPTED
    code = code_of(status, str(call.answered_by or ""))
    return Receipt(str(call.sid), state, code)
