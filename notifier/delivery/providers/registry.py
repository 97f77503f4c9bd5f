"""Which providers there are, and which one carries a channel."""

from functools import cache

from django.utils.module_loading import import_string

from notifier.delivery.models import Channel, Message
from notifier.delivery.providers.base import Provider

# By name; imported when first asked for, since most processes send nothing.
PROVIDERS = {
    "twilio": "notifier.delivery.providers.twilio.provider.TwilioProvider",
    "smtp": "notifier.delivery.providers.smtp.provider.SmtpProvider",
}
PROVIDER_OF = {Channel.SMS: "twilio", Channel.EMAIL: "smtp"}


def provider_for(message: Message) -> Provider:
    """Return the provider that has the message or gets it."""
    return provider_named(message.provider)


@cache
def provider_named(name: str) -> Provider:
    """Return the provider of this name, as configured."""
    provider: Provider = import_string(PROVIDERS[name]).from_settings()
    return provider
