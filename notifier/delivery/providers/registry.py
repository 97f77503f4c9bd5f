"""Which provider carries a channel."""

from functools import cache

from notifier.delivery.models import Channel
from notifier.delivery.providers.base import Provider
from notifier.delivery.providers.smtp.provider import SmtpProvider
from notifier.delivery.providers.twilio.provider import TwilioProvider


@cache
def provider_for(channel: Channel) -> Provider:
    """Return the configured provider of a channel."""
    if channel == Channel.SMS:
        return TwilioProvider.from_settings()
    return SmtpProvider.from_settings()
