"""Mask addresses: enough is left to recognise one's own, not enough to write to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

# "+33" and nine digits.
_FRENCH_LENGTH = 12
# Of a mailbox so short, three characters would be nearly all.
_SHORT = 4


def mask(address: str) -> str:
    """Mask `+33639980012` as `+33 6 •• •• •• 12`, `maire@delle.fr` as `m••••@delle.fr`."""
    if "@" in address:
        local, _, domain = address.rpartition("@")
        return f"{local[:1]}••••@{domain}"
    if address.startswith("+33") and len(address) == _FRENCH_LENGTH:
        return f"+33 {address[3]} •• •• •• {address[-2:]}"
    return f"{address[:4]} •• •• {address[-2:]}"


def mask_apart(addresses: Iterable[str]) -> dict[str, str]:
    """Mask each; of those that would look the same, show two characters more where they differ.

    Two of one mask may still look the same where only what nobody is shown differs.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for address in dict.fromkeys(addresses):
        alike[mask(address)].append(address)
    return {
        address: masked if len(group) == 1 else _mask_within(address, group)
        for masked, group in alike.items()
        for address in group
    }


def _mask_within(address: str, group: list[str]) -> str:
    if "@" in address:
        local, _, domain = address.rpartition("@")
        return f"{local[:1]}••••{local[-2:]}@{domain}" if len(local) > _SHORT else mask(address)
    if any(len(one) != _FRENCH_LENGTH or not one.startswith("+33") for one in group):
        return mask(address)
    pairs = (8, 6, 4)
    shown = max(pairs, key=lambda start: (len({one[start : start + 2] for one in group}), start))
    hidden = [address[start : start + 2] if start == shown else "••" for start in sorted(pairs)]
    return f"+33 {address[3]} {' '.join(hidden)} {address[-2:]}"
