"""What Twilio is told to say and to ask, in its own markup (TwiML)."""

from __future__ import annotations

from django.conf import settings
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Gather, VoiceResponse

from notifier.delivery.providers.twilio.provider import callback_url

_LANGUAGE = "fr-FR"
# After the text was said twice.
_KEY_WITHIN_S = 10


def key_url(message_id: int) -> str:
    """Return where Twilio posts the key that was pressed; its signature covers this address."""
    return f"{callback_url(message_id)}/key"


def inbound_url() -> str:
    """Return where Twilio posts the texts that people write to our number."""
    return f"{settings.ENVIRONMENT.PUBLIC_URL}/api/v1/callbacks/twilio/inbound"


def call_twiml(message_id: int, spoken: str) -> str:
    """Say the text twice and wait for a key."""
    response = VoiceResponse()
    asked = Gather(
        action=key_url(message_id),
        method="POST",
        num_digits=1,
        timeout=_KEY_WITHIN_S,
        action_on_empty_result=False,
    )
    for _ in range(2):
        asked.say(spoken, language=_LANGUAGE)
        asked.pause(length=1)
    response.append(asked)
    response.say("Aucune touche n’a été pressée. Au revoir.", language=_LANGUAGE)
    return str(response)


def last_words(text: str) -> str:
    """Say this and hang up."""
    response = VoiceResponse()
    response.say(text, language=_LANGUAGE)
    response.hangup()
    return str(response)


def sms_reply(text: str) -> str:
    """Answer the text that came in; "": with nothing."""
    response = MessagingResponse()
    if text:
        response.message(text)
    return str(response)
