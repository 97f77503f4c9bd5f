"""The mayors' side: the sample contacts, and what reached their phones and mailboxes."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from notifier.console.terminal import frame
from notifier.ops.demo.scenario import Scene
from notifier.simulator.client import Mail, Simulator, Sms
from notifier.territory.resolve import commune_by_code

TITLES = {
    "maire": "maire",
    "astreinte": "élu d’astreinte",
    "police_municipale": "police municipale",
}


@dataclass(frozen=True)
class Address:
    """One person's address on one channel, and who it is."""

    channel: str
    address: str
    who: str


class AddressBook:
    """The sample contacts, read independently: the demonstration checks the service's choice."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._rows: list[dict[str, str]] = []
        for file in files:
            with file.open(encoding="utf-8", newline="") as lines:
                rows = csv.DictReader(lines, delimiter=";")
                self._rows += [row for row in rows if row["rang"] == "1"]

    def expected(self, scene: Scene) -> list[Address]:
        """Return every address that must be told, once, whatever hats its owner has."""
        found: dict[str, Address] = {}
        for row in self._rows:
            if row["fonction"] in scene.told.get(row.get("organisme") or row["code_commune"], ()):
                for address in self._over(scene.channels, list(self._addresses(row))):
                    found.setdefault(address.address, address)
        return list(found.values())

    @staticmethod
    def _over(channels: tuple[str, ...], addresses: list[Address]) -> list[Address]:
        """Return the addresses on these channels; all of a person's if they have none of these."""
        return [address for address in addresses if address.channel in channels] or addresses

    @staticmethod
    def _addresses(row: Mapping[str, str]) -> Iterable[Address]:
        place = commune_by_code(row["code_commune"])
        where = place.name if place else row.get("nom_organisme") or row["organisme"]
        who = f"{where}, {TITLES.get(row['fonction'], row['fonction'])}"
        if row["mobile"]:
            # The sample numbers are national: 06 39 98 xx xx.
            yield Address("sms", "+33" + row["mobile"].replace(" ", "")[1:], who)
        if row["courriel"]:
            yield Address("email", row["courriel"], who)


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
        lines += [f"  → {name}" for name in names] + frame(title, text)
    return lines


def format_phone(number: str) -> str:
    """`+33639980079` -> `06 39 98 00 79`."""
    national = "0" + number.removeprefix("+33")
    return " ".join(national[place : place + 2] for place in range(0, len(national), 2))
