"""The faults of a real provider, on demand: which exist, which are set, which applies now.

A fault is set with `{"kind", "to"?, "times"?, "seconds"?, "retry_after"?, "error_code"?,
"provider"?, "key"?}`. Without `to` it applies to everybody; without `times` until it is removed;
without `provider` ("twilio", "ovh") to each that sends texts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# What happens to the request that creates a message.
CREATE = frozenset(
    {
        "answer_429",  # nothing accepted; `retry_after` becomes the header
        "answer_500",  # nothing accepted
        "answer_500_after_accept",
        "accept_then_cut",  # accepted, then the line drops without an answer
        "accept_then_empty",  # accepted, then answered 201 with `{}`
        "accept_then_null",  # the same with a `sid` that is null
        "accept_then_timeout",  # accepted at once, answered after `seconds`
        "slow",  # nothing for `seconds`, then as usual
        "reject",  # 400 with `error_code` (21211 unless told)
    }
)
# What only OVHcloud does.
OVH = frozenset(
    {
        "ovh_no_credit",  # 403: the account has no credit left
        "ovh_bad_sender",  # 403: our sender is not there, or not validated
        "ovh_bad_key",  # 403: our key is refused, whatever is asked
        "ovh_stopped",  # an invalid receiver, on the account's black list
        "ovh_night",  # three in the morning there: what has a STOP clause is held
    }
)
# The line drops before the request's body is read.
CONNECTION = frozenset({"refuse"})
# Asking about messages (fetch and list) answers 500: the provider cannot say whether it has them.
LOOKUP = frozenset({"lookup_500"})
# Asking for one text by its number answers 404.
FETCH = frozenset({"lookup_404"})
# What is listed and fetched is shown without its words, or without the end of its number.
REDACTION = frozenset({"redacted_words", "redacted_numbers"})
# What happens to the status callbacks of an accepted message.
RECEIPT = frozenset(
    {
        "undelivered",  # final status, with `error_code` (30003 unless told)
        "failed",  # final status without `sent` before it, with `error_code` (30005 unless told)
        "partially_delivered",  # final status
        "delivered_after_all",  # undelivered with `error_code` (30008 unless told), then delivered
        "read",  # delivered, then read
        "no_callback",
        "callback_early",  # all callbacks answered before the request itself is
        "callback_twice",
        "callback_out_of_order",  # delivered, then sent
        "callback_forged",  # a `delivered` with a wrong signature, and no genuine callback
        "callback_delay",  # callbacks `seconds` later than usual
    }
)
# What becomes of an accepted call; without one it rings until a key is pressed.
CALL = frozenset(
    {
        "call_busy",
        "call_no_answer",
        "call_failed",  # with SIP's `error_code` (404, nobody's number, unless told)
        "call_canceled",
        "call_machine",  # a mailbox answers
        "call_no_key",  # somebody answers, listens and hangs up
        "call_key",  # somebody answers and presses `key` (1 unless told)
    }
)
# What the dispatch centre's software does with an event that it is told.
WEBHOOK = frozenset(
    {
        "webhook_500",  # nothing is taken
        "webhook_slow",  # taken at once, answered after `seconds`
        "webhook_cut",  # taken, then the line drops without an answer
        "webhook_redirect",  # 302 to itself
    }
)
SMTP_RCPT = frozenset({"smtp_451", "smtp_550"})
SMTP_DATA = frozenset(
    {
        "smtp_451_data",  # nothing kept
        "smtp_cut_after_data",  # kept, then the line drops instead of 250
        "smtp_slow",  # kept at once, answered after `seconds`
    }
)
# The listening socket is really closed, for `seconds` or until the faults are withdrawn.
LISTENERS = frozenset({"down", "ovh_down", "smtp_down"})

_ASKING = LOOKUP | FETCH | REDACTION
_OF_PROVIDERS = CREATE | OVH | CONNECTION | _ASKING | RECEIPT | CALL
KINDS = _OF_PROVIDERS | WEBHOOK | SMTP_RCPT | SMTP_DATA | LISTENERS
_WITHOUT_ADDRESS = CONNECTION | _ASKING | WEBHOOK | LISTENERS
_NEED_SECONDS = frozenset(
    {"accept_then_timeout", "slow", "callback_delay", "smtp_slow", "webhook_slow"}
)
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "to": str,
    "times": int,
    "seconds": (int, float),
    "retry_after": int,
    "error_code": int,
    "provider": str,
    "key": str,
}
PROVIDERS = ("twilio", "ovh")


class FaultError(Exception):
    """What was asked for is not a valid fault; the message says why."""


@dataclass(slots=True)
class Fault:
    """A fault that was set; `times` counts down the applications that are left."""

    kind: str
    to: str | None = None
    times: int | None = None
    seconds: float = 0.0
    retry_after: int | None = None
    error_code: int | None = None
    provider: str | None = None
    key: str | None = None

    @classmethod
    def from_json(cls, data: object) -> Fault:
        """Read a fault from a request to the control API. Raises FaultError."""
        if not isinstance(data, Mapping):
            raise FaultError("a fault is a JSON object with at least a 'kind'")
        given: dict[str, Any] = {name: value for name, value in data.items() if value is not None}
        for name, value in given.items():
            if name not in _FIELDS:
                raise FaultError(f"unknown field {name!r}; known: {', '.join(_FIELDS)}")
            if not isinstance(value, _FIELDS[name]) or isinstance(value, bool):
                raise FaultError(f"field {name!r} has a value of the wrong type: {value!r}")
            if isinstance(value, (int, float)) and value < 0:
                raise FaultError(f"field {name!r} cannot be negative: {value!r}")
        kind = given.get("kind")
        if kind not in KINDS:
            raise FaultError(f"unknown kind {kind!r}; known: {', '.join(sorted(KINDS))}")
        if kind in _WITHOUT_ADDRESS and "to" in given:
            raise FaultError(f"{kind!r} strikes before an address is known: drop 'to'")
        if kind in LISTENERS and "times" in given:
            raise FaultError(f"{kind!r} lasts for 'seconds', it does not count 'times'")
        if given.get("provider", PROVIDERS[0]) not in PROVIDERS:
            raise FaultError(f"unknown provider; known: {', '.join(PROVIDERS)}")
        if kind in _NEED_SECONDS and "seconds" not in given:
            raise FaultError(f"{kind!r} needs 'seconds'")
        return cls(**given)

    def matches(self, addresses: Collection[str], provider: str) -> bool:
        """Return whether it is meant for this provider and one of the addresses (in any case)."""
        if self.provider not in (None, provider):
            return False
        wanted = self.to and self.to.casefold()
        return wanted is None or any(address.casefold() == wanted for address in addresses)

    def to_json(self) -> dict[str, object]:
        """Return the fault as the control API shows it."""
        return asdict(self)


# What a request without a fault gets.
NO_FAULT = Fault("none")


class Faults:
    """The faults that are set, in the order in which they were set."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Set one more fault."""
        if fault.times != 0:
            self.active.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        self.active.clear()

    def take(
        self, kinds: Collection[str], *addresses: str, provider: str = "twilio"
    ) -> Fault | None:
        """Return the first fault of these kinds that matches an address, and count it down."""
        for fault in self.active:
            if fault.kind in kinds and fault.matches(addresses, provider):
                return self._strike(fault)
        return None

    def is_set(self, kind: str, address: str) -> bool:
        """Return whether this fault is set for the address, without counting it down."""
        return any(f.kind == kind and f.to in (None, address) for f in self.active)

    def take_each(
        self, kinds: Collection[str], *addresses: str, provider: str = "twilio"
    ) -> dict[str, Fault]:
        """Do as `take`, with one fault of every kind: receipts may have several at once."""
        struck: dict[str, Fault] = {}
        if self.active:
            for kind in kinds:
                if fault := self.take((kind,), *addresses, provider=provider):
                    struck[kind] = fault
        return struck

    def _strike(self, fault: Fault) -> Fault:
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self.active.remove(fault)
        return fault
