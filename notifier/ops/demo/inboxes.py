"""The readers' side: the sample contacts, and what reached their phones and mailboxes."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from notifier.console.terminal import frame, wrap
from notifier.directory.models import Function, function_title
from notifier.directory.names import fold
from notifier.ops.demo.scenario import Command, Reader
from notifier.simulator.client import Mail, Simulator, Sms
from notifier.territory.resolve import commune_by_code


@dataclass(frozen=True)
class Address:
    """One person's address on one channel, who it is, and what is read there."""

    channel: str
    address: str
    who: str
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class AddressBook:
    """The sample contacts, read independently: the demonstration checks the service's choice."""

    def __init__(self, file: Path) -> None:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter=";"))
        self._rows = {(_organisation(row), row["fonction"], int(row["rang"])): row for row in rows}

    def expected(self, readers: Iterable[Reader]) -> list[Address]:
        """Return every address that must be told, once. Raises KeyError for an unknown reader."""
        return [
            address
            for reader in readers
            for address in _over(reader.channels, list(self._addresses(reader)))
        ]

    def _addresses(self, reader: Reader) -> Iterator[Address]:
        row = self._rows[reader.organisation, reader.function, reader.rank]
        place = commune_by_code(row["code_commune"])
        name = place.name if place else row["nom_organisme"]
        who = f"{name}, {_title(reader)}"
        if row["mobile"]:
            # The sample numbers are national: 06 39 98 xx xx.
            number = "+33" + row["mobile"].replace(" ", "")[1:]
            yield Address("sms", number, who, reader.says, reader.never)
        if row["courriel"]:
            yield Address("email", row["courriel"], who, reader.says, reader.never)


def _title(reader: Reader) -> str:
    """Return the function in French; the file may have written it out."""
    if reader.function in Function:
        return function_title(reader.function, reader.rank)
    return reader.function


def _organisation(row: Mapping[str, str]) -> str:
    return row.get("organisme") or f"commune:{row['code_commune']}"


def _over(channels: tuple[str, ...], addresses: list[Address]) -> list[Address]:
    """Return the addresses on these channels; all of a person's if they have none of these."""
    return [address for address in addresses if address.channel in channels] or addresses


class Arrivals:
    """Texts and mails since the last `take`."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._texts = self._mails = 0

    def wait(self, expected: list[Address], timeout: float) -> None:
        """Wait for as many more texts and mails. Raises TimeoutError, saying what had come."""
        texts = sum(address.channel == "sms" for address in expected)
        mails = len(expected) - texts
        self._simulator.wait(
            sms=self._texts + texts, mails=self._mails + mails, settled=True, timeout=timeout
        )

    def take(self) -> tuple[list[Sms], list[Mail]]:
        """Return the new texts and mails, and start over."""
        texts = self._simulator.messages()[self._texts :]
        mails = self._simulator.mails()[self._mails :]
        self._texts += len(texts)
        self._mails += len(mails)
        return texts, mails


def find_differences(expected: list[Address], texts: list[Sms], mails: list[Mail]) -> list[str]:
    """Return what came unexpectedly or did not come, in French; empty if all is well."""
    wanted = Counter((address.channel, address.address) for address in expected)
    came = Counter(("sms", sms["to"]) for sms in texts)
    came.update(("email", address) for mail in mails for address in mail["to"])
    surplus = [
        f"de trop : {kind} à {to} ({n})" for (kind, to), n in sorted((came - wanted).items())
    ]
    lacking = [f"jamais arrivé : {kind} à {to}" for kind, to in sorted(wanted - came)]
    return surplus + lacking


def find_wrong_words(expected: list[Address], texts: list[Sms], mails: list[Mail]) -> list[str]:
    """Return which words a reader misses or should never have read, in French."""
    read = [(("sms", sms["to"]), sms["body"]) for sms in texts]
    read += [
        (("email", to), f"{mail['subject']}\n{mail['plain']}")
        for mail in mails
        for to in mail["to"]
    ]
    faults = []
    for address in expected:
        for where, text in read:
            if where == (address.channel, address.address):
                faults += [f"{address.who} : {fault}" for fault in wrong_words(text, address)]
    return faults


def wrong_words(text: str, wanted: Address | Command) -> list[str]:
    """Return the words that a text lacks, and those that it should not have, in French."""
    folded = f" {fold(text)} "
    lacking = [word for word in wanted.says if f" {fold(word)} " not in folded]
    surplus = [word for word in wanted.never if f" {fold(word)} " in folded]
    return [
        *(f"« {word} » manque dans « {text} »" for word in lacking),
        *(f"« {word} » est de trop dans « {text} »" for word in surplus),
    ]


def format_as_read(expected: list[Address], texts: list[Sms], mails: list[Mail]) -> list[str]:
    """Frame each text as it is read; one frame for all who got the same text."""
    who = {address.address: address.who for address in expected}
    readers: dict[tuple[str, str], list[str]] = {}
    for sms in texts:
        plural = "s" if sms["segments"] > 1 else ""
        key = (f"SMS de {sms['from']} ({sms['segments']} segment{plural})", sms["body"])
        readers.setdefault(key, []).append(f"{who[sms['to']]} : {format_phone(sms['to'])}")
    for mail in mails:
        key = ("Courriel", f"Objet : {mail['subject']}\n\n{mail['plain']}")
        readers.setdefault(key, []).extend(f"{who[to]} : {to}" for to in mail["to"])
    lines: list[str] = []
    for (title, text), names in readers.items():
        lines += [line for name in names for line in wrap(f"  → {name}", 4)] + frame(title, text)
    return lines


def format_phone(number: str) -> str:
    """`+33639980079` -> `06 39 98 00 79`."""
    national = "0" + number.removeprefix("+33")
    return " ".join(national[place : place + 2] for place in range(0, len(national), 2))
