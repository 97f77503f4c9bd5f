"""Which providers there are, and what their errors mean; `delivery.routing` chooses among them."""

from functools import cache
from typing import Protocol, cast

from django.utils.module_loading import import_string

from notifier.delivery.models import Channel, Message
from notifier.delivery.providers.base import AddressFault, Provider, Receipt, SmsProvider
from notifier.delivery.providers.ovh import errors as ovh_errors
from notifier.delivery.providers.smtp import replies
from notifier.delivery.providers.twilio import call_outcomes
from notifier.delivery.providers.twilio import errors as twilio_errors


class _Errors(Protocol):
    def address_fault(self, code: str) -> AddressFault | None: ...
    def explain(self, code: str) -> str: ...


# By name; imported when first asked for, since most processes send nothing.
PROVIDERS = {
    "twilio": "notifier.delivery.providers.twilio.provider.TwilioProvider",
    "ovh": "notifier.delivery.providers.ovh.provider.OvhProvider",
    "calls": "notifier.delivery.providers.twilio.calls.TwilioCalls",
    "smtp": "notifier.delivery.providers.smtp.provider.SmtpProvider",
}
# As people read them.
LABELS = {"twilio": "Twilio", "ovh": "OVHcloud"}
# Channels that one provider carries.
PROVIDER_OF = {Channel.EMAIL: "smtp", Channel.VOICE: "calls"}
_ERRORS: dict[str, _Errors] = {
    "twilio": twilio_errors,
    "ovh": ovh_errors,
    "calls": call_outcomes,
    "smtp": replies,
}


def provider_for(message: Message) -> Provider:
    """Return the provider that has the message or gets it."""
    return provider_named(message.provider)


@cache
def provider_named(name: str) -> Provider:
    """Return the provider of this name, as configured."""
    provider: Provider = import_string(PROVIDERS[name]).from_settings()
    return provider


def sms_provider_named(name: str) -> SmsProvider:
    """Return the provider of SMS of this name, as configured."""
    return cast(SmsProvider, provider_named(name))


def address_fault(message: Message) -> AddressFault | None:
    """Return what the message's error says of its address; None: nothing."""
    if not message.error_code:
        return None
    return _ERRORS[message.provider].address_fault(message.error_code)


def is_ours(receipt: Receipt) -> bool:
    """Whether an operator has to mend what a receipt says."""
    tables = {"twilio": twilio_errors, "ovh": ovh_errors}
    table = tables.get(receipt.provider)
    return table is not None and table.is_ours(receipt.code)


def explain_error(message: Message) -> str:
    """Return what the message's error means, in French, with its code."""
    return f"{_ERRORS[message.provider].explain(message.error_code)} ({message.error_code})"
