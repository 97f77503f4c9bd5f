"""The interface of a provider, and what it answers."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from notifier.delivery.models import Message, MessageState, Result


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt. `detail` is French, without any address, for the journal.

    `is_common`: the reason affects every message of the channel alike, as a provider that does not
    answer or that refuses our account.
    """

    result: Result
    provider_id: str = ""
    code: str = ""
    detail: str = ""
    retry_after_s: float | None = None
    is_common: bool = False


@dataclass(frozen=True)
class Receipt:
    """What the provider says of a message: its number there and our word for its state.

    `address`: where it went, empty if the provider does not say. `explanation`: the reason in
    French, for the journal. `provider`: whose receipt it is, empty where the message tells.
    """

    provider_id: str
    state: MessageState
    code: str = ""
    address: str = ""
    explanation: str = ""
    provider: str = ""


@dataclass(frozen=True)
class Found:
    """What a provider lists for a message.

    `same`: the texts with its very words. `hidden`: the numbers of those that may be it, their
    words being hidden (Twilio redacts them for accounts that ask for it). `is_whole`: no text
    beyond those listed may be it.
    """

    same: list[Receipt] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    is_whole: bool = True


@dataclass(frozen=True)
class SendResult:
    """What came of sending a message, and when; instants are UTC."""

    message: Message
    outcome: Outcome
    started_at: datetime
    ended_at: datetime


class AddressFault(StrEnum):
    """What an error says of the address itself, whatever the text, the sender and the moment."""

    DEAD = "dead"  # the next message would fail as well
    OPTED_OUT = "opted_out"  # its owner refuses messages


class ProviderUnreachableError(Exception):
    """The provider could not be asked."""


class ProviderIgnorantError(Exception):
    """The provider was asked for a message by its number, and knows none.

    `code`: what stands for that among its errors.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class AccountRefusedError(Exception):
    """A provider refused our account; `status` is that of its answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the provider answers {status}")
        self.status = status


class Provider(Protocol):
    """What delivery asks of a provider."""

    # As in `Message.provider` and in `registry`.
    name: str
    # Whether the provider tells later what became of a message.
    has_receipts: bool

    @property
    def accepted_by(self) -> str:
        """Who has an accepted message, in French, for the journal."""

    def send(self, message: Message) -> Outcome:
        """Hand the message to the provider. Never raises for what provider or network do."""

    def find(self, message: Message) -> Found:
        """List what the provider has with this address and text since the message was made.

        Raises ProviderUnreachableError.
        """

    def ask(self, message: Message) -> Receipt:
        """Ask what became of an accepted message.

        Raises ProviderUnreachableError, ProviderIgnorantError.
        """


class SmsProvider(Provider, Protocol):
    """What routing asks besides of a provider of SMS."""

    def is_available(self) -> bool:
        """Ask, sending nothing, whether it answers and our account may send. Never raises."""
