"""Which transport carries a channel."""

from functools import cache

from notifier.delivery.models import Channel
from notifier.delivery.providers.base import Transport
from notifier.delivery.providers.smtp.transport import SmtpTransport
from notifier.delivery.providers.twilio.transport import TwilioTransport


@cache
def transport_for(channel: Channel) -> Transport:
    """The configured transport of a channel."""
    if channel == Channel.SMS:
        return TwilioTransport.from_settings()
    return SmtpTransport.from_settings()
