"""What one clue says when read by itself: the communes it allows, and a French sentence.

Nothing is decided here; `resolve.py` sets the readings against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from notifier.territory.geometry.lookup import Proximity
from notifier.territory.reference import communes as reference

# How many communes a sentence or a clue lists; a name has up to twelve bearers, a postal code 46.
LISTED = 12


@dataclass(frozen=True, slots=True)
class Evidence:
    """One clue, read."""

    kind: str
    given: str
    communes: frozenset[str] | None
    """The communes that the clue allows: none at all if it names nobody; None if it is silent."""
    says: str
    proves_alone: bool = True
    """False for a code that may as well be something else: another clue must confirm it."""
    hints: frozenset[str] = frozenset()
    """Communes to show to a person, which prove nothing."""
    rivals: frozenset[str] = frozenset()
    """Of a code that is also a postal code: the other communes that it serves."""
    near: str | None = None
    """For a silent clue: the département that it is written for, or in which it lies."""
    marks: tuple[Proximity, ...] = ()
    """For a point or an area: how the communes lie to it, nearest first."""

    @property
    def speaks(self) -> bool:
        """Whether the clue takes part in the comparison."""
        return self.communes is not None

    def admits(self, code: str) -> bool:
        """Whether the clue can be true of an incident in this commune."""
        if self.communes is not None:
            return code in self.communes
        if self.near is None or reference.departement_of(code) in _departements_near(self.near):
            return True
        return any(
            reference.departement_written_in(postal_code) == self.near
            for postal_code in reference.postal_codes_of(code)
        )


def read_insee(given: str, key: str, here: frozenset[str] = frozenset()) -> Evidence:
    """An INSEE code: current first, then old. A name's `key` tells a code used under its old name.

    `here` are the communes of the point: with the name they tell a postal code sent in its place.
    """
    code = reference.tidy_code(given)
    if code is None:
        return Evidence("insee", given, frozenset(), f"« {given} » n’est pas un code INSEE.")
    current = reference.commune_by_code(code)
    if current:
        return _read_current(given, current, key, here)
    former = reference.former_codes(code)
    if former:
        return _read_former(given, former, key, here)
    says = f"Aucune commune ne porte le code INSEE {code}."
    served = reference.served_by(code)
    return Evidence(
        "insee", given, frozenset(), says + _also_postal(served, key, here), hints=served
    )


def _read_current(
    given: str, current: reference.Commune, key: str, here: frozenset[str]
) -> Evidence:
    says = f"Le code INSEE {current.code} désigne {current.label}."
    parts = reference.parts_of(current.code, key) if key else frozenset()
    if len(parts) > 1:
        says += (
            " Sous le nom donné, ce code couvrait un territoire partagé depuis entre : "
            f"{listing(parts)}."
        )
        return Evidence("insee", given, parts, says)
    meant = frozenset(bearer.commune for bearer in reference.bearers(key)) if key else here
    rivals = reference.rivals_of(current.code)
    hints = frozenset[str]()
    if current.code not in meant and meant & rivals:
        says += _also_postal(rivals, key, here)
        hints = meant & rivals
    return Evidence("insee", given, frozenset({current.code}), says, hints=hints, rivals=rivals)


def _read_former(
    given: str, former: list[reference.FormerCode], key: str, here: frozenset[str]
) -> Evidence:
    code = former[0].code
    today = frozenset(entry.commune for entry in former)
    what = {
        "deleguee": "le code d’une commune déléguée",
        "associee": "le code d’une commune associée",
        "arrondissement": "le code d’un arrondissement",
    }.get(former[0].kind, "un ancien code")
    called = f" ({former[0].name})" if former[0].name else ""
    says = f"{code} est {what}{called} ; commune actuelle : {listing(today)}."
    rivals = reference.rivals_of(code)
    if not reference.confused_with_postal(former):
        return Evidence("insee", given, today, says, rivals=rivals)
    served = reference.served_by(code)
    says += _also_postal(served, key, here)
    return Evidence("insee", given, today, says, proves_alone=False, hints=served, rivals=rivals)


def _also_postal(served: frozenset[str], key: str, here: frozenset[str]) -> str:
    """The sentence that recognises a postal code sent in the place of an INSEE code."""
    if not served:
        return ""
    says = f" Ce nombre est un code postal, qui dessert : {listing(served)}."
    named = frozenset(bearer.commune for bearer in reference.bearers(key))
    meant = named & served
    if meant:
        says += f" Le nom donné y désigne {listing(meant)}"
    elif meant := here & served:
        says += f" La position donnée y désigne {listing(meant)}"
    else:
        return says
    return f"{says} : le code postal a sans doute été envoyé à la place du code INSEE."


def is_unconfirmed(reading: Evidence, others: Sequence[Evidence]) -> bool:
    """Whether a code may as well be the postal code with its number, for all that the others say.

    90100 is Vauthiermont's code and Delle's postal code. Another clue tells which, if it can be
    true of the code's commune and of none that the postal code serves.
    """
    if not reading.rivals:
        return False
    speaking = [other for other in others if other.speaks]
    return not speaking or any(
        all(other.admits(rival) for other in speaking) for rival in reading.rivals
    )


def doubted(reading: Evidence) -> Evidence:
    """A code that nothing confirms, with the communes that it may stand for as a postal code."""
    if reading.hints:
        return reading
    says = (
        f"{reading.says} Ce nombre est aussi un code postal, qui dessert : "
        f"{listing(reading.rivals)} ; rien d’autre ne dit lequel des deux a été envoyé."
    )
    return replace(reading, says=says, hints=reading.rivals)


def read_postal(given: str) -> Evidence:
    """A postal code: the communes it serves; silent when the list does not know it (CEDEX)."""
    digits = "".join(given.split())
    if re.fullmatch(r"[0-9]{4}", digits):
        digits = f"0{digits}"
    if not re.fullmatch(r"[0-9]{5}", digits):
        return Evidence("postal_code", given, frozenset(), f"« {given} » n’est pas un code postal.")
    served = reference.served_by(digits)
    if served:
        says = f"Le code postal {digits} dessert {count(served)} : {listing(served)}."
        return Evidence("postal_code", given, served, says)
    near = reference.departement_written_in(digits)
    says = f"Le code postal {digits} n’est pas dans la liste (CEDEX ?) : il ne prouve rien"
    says += f", sinon le département ({near})."
    return Evidence("postal_code", given, None, says, near=near)


def listing(codes: Iterable[str]) -> str:
    """Communes for a French sentence, bounded: "Delle (90033), Joncherey (90056)"."""
    ordered = sorted(codes)
    known = [reference.commune_by_code(code) for code in ordered[:LISTED]]
    text = ", ".join(commune.label for commune in known if commune)
    rest = len(ordered) - LISTED
    return f"{text} et {rest} de plus" if rest > 0 else text


def count(codes: frozenset[str]) -> str:
    return "une seule commune" if len(codes) == 1 else f"{len(codes)} communes"


def _departements_near(near: str) -> set[str]:
    """Saint-Barthélemy and Saint-Martin still use postal codes that begin with 971."""
    return {"971", "977", "978"} if near == "971" else {near}
