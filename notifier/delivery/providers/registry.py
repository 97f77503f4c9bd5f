"""Which providers there are, and which one carries a channel."""

from functools import cache

from django.utils.module_loading import import_string

from notifier.delivery.models import Channel, Message
from notifier.delivery.providers.base import AddressFault, Provider
from notifier.delivery.providers.smtp import replies
from notifier.delivery.providers.twilio import errors

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


def address_fault(message: Message) -> AddressFault | None:
    """Return what the message's error says of its address; None: nothing."""
    if not message.error_code:
        return None
    read = errors.address_fault if message.channel == Channel.SMS else replies.address_fault
    return read(message.error_code)


def explain_error(message: Message) -> str:
    """Return what the message's error means, in French, with its code."""
    explain = errors.explain if message.channel == Channel.SMS else replies.explain
    return f"{explain(message.error_code)} ({message.error_code})"
