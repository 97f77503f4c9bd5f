"""Read one clue by itself: the communes it allows, and a French sentence.

Nothing is decided here; `resolve.py` compares the readings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from notifier.territory.geometry.lookup import Proximity
from notifier.territory.reference import communes as reference

# How many communes a sentence or a clue lists; a name has up to twelve bearers, a postal code 46.
MAX_LISTED = 12


@dataclass(frozen=True, slots=True)
class Evidence:
    """One clue, read."""

    kind: str
    given: str
    communes: frozenset[str] | None
    """The communes that the clue allows: an empty set if it names none, None if it says nothing."""
    says: str
    proves_alone: bool = True
    """False for a clue that may mean something else: another one must confirm it."""
    hints: frozenset[str] = frozenset()
    """Communes to show to a person, which prove nothing."""
    rivals: frozenset[str] = frozenset()
    """For a code that is also a postal code: the other communes that it serves."""
    near: str | None = None
    """For a clue that says nothing: the département that it belongs to."""
    proximities: tuple[Proximity, ...] = ()
    """For a point or an area: how the communes lie to it, nearest first."""

    @property
    def speaks(self) -> bool:
        """Whether the clue takes part in the comparison."""
        return self.communes is not None

    def admits(self, code: str) -> bool:
        """Return whether the clue can be true of an incident in this commune."""
        if self.communes is not None:
            return code in self.communes
        if self.near is None or reference.departement_of(code) in _departements_near(self.near):
            return True
        return any(
            reference.departement_prefix(postal_code) == self.near
            for postal_code in reference.postal_codes_of(code)
        )


def read_insee(given: str, key: str, point_communes: frozenset[str] = frozenset()) -> Evidence:
    """Read an INSEE code, current or former.

    `key` is that of the name given beside it, which tells a code used under its old name.
    `point_communes` are those of the point; with the name they tell a postal code sent as an INSEE
    code.
    """
    code = reference.normalise_code(given)
    if code is None:
        return Evidence("insee", given, frozenset(), f"« {given} » n’est pas un code INSEE.")
    current = reference.commune_by_code(code)
    if current:
        return _read_current(given, current, key, point_communes)
    former = reference.former_codes(code)
    if former:
        return _read_former(given, former, key, point_communes)
    says = f"Aucune commune ne porte le code INSEE {code}."
    served = reference.communes_by_postal_code(code)
    return Evidence(
        "insee",
        given,
        frozenset(),
        says + _postal_code_sentence(served, key, point_communes),
        hints=served,
    )


def _read_current(
    given: str, current: reference.Commune, key: str, point_communes: frozenset[str]
) -> Evidence:
    says = f"Le code INSEE {current.code} désigne {current.label}."
    parts = reference.successors_of(current.code, key) if key else frozenset()
    if len(parts) > 1:
        says += (
            " Sous le nom donné, ce code couvrait un territoire partagé depuis entre : "
            f"{format_communes(parts)}."
        )
        return Evidence("insee", given, parts, says)
    meant = (
        frozenset(bearer.commune for bearer in reference.communes_named(key))
        if key
        else point_communes
    )
    rivals = reference.other_communes_by_postal_code(current.code)
    hints = frozenset[str]()
    if current.code not in meant and meant & rivals:
        says += _postal_code_sentence(rivals, key, point_communes)
        hints = meant & rivals
    return Evidence("insee", given, frozenset({current.code}), says, hints=hints, rivals=rivals)


def _read_former(
    given: str, former: list[reference.FormerCode], key: str, point_communes: frozenset[str]
) -> Evidence:
    code = former[0].code
    today = frozenset(entry.commune for entry in former)
    what = {
        "deleguee": "le code d’une commune déléguée",
        "associee": "le code d’une commune associée",
        "arrondissement": "le code d’un arrondissement",
    }.get(former[0].kind, "un ancien code")
    called = f" ({former[0].name})" if former[0].name else ""
    says = f"{code} est {what}{called} ; commune actuelle : {format_communes(today)}."
    rivals = reference.other_communes_by_postal_code(code)
    if not reference.may_be_postal_code(former):
        return Evidence("insee", given, today, says, rivals=rivals)
    served = reference.communes_by_postal_code(code)
    says += _postal_code_sentence(served, key, point_communes)
    return Evidence("insee", given, today, says, proves_alone=False, hints=served, rivals=rivals)


def _postal_code_sentence(served: frozenset[str], key: str, point_communes: frozenset[str]) -> str:
    """Return the sentence on a postal code sent as an INSEE code; "" if it serves no commune."""
    if not served:
        return ""
    says = f" Ce nombre est un code postal, qui dessert : {format_communes(served)}."
    named = frozenset(bearer.commune for bearer in reference.communes_named(key))
    meant = named & served
    if meant:
        says += f" Le nom donné y désigne {format_communes(meant)}"
    elif meant := point_communes & served:
        says += f" La position donnée y désigne {format_communes(meant)}"
    else:
        return says
    return f"{says} : le code postal a sans doute été envoyé à la place du code INSEE."


def is_unconfirmed(reading: Evidence, others: Sequence[Evidence]) -> bool:
    """Return whether a code may just as well be a postal code, as far as the other clues tell.

    90100 is Vauthiermont's code and Delle's postal code. Another clue tells which, if it can be
    true of the code's commune and of none that the postal code serves.
    """
    if not reading.rivals:
        return False
    speaking = [other for other in others if other.speaks]
    return not speaking or any(
        all(other.admits(rival) for other in speaking) for rival in reading.rivals
    )


def with_postal_doubt(reading: Evidence) -> Evidence:
    """Return an unconfirmed code with the communes that it may stand for as a postal code."""
    if reading.hints:
        return reading
    says = (
        f"{reading.says} Ce nombre est aussi un code postal, qui dessert : "
        f"{format_communes(reading.rivals)} ; rien d’autre ne dit lequel des deux a été envoyé."
    )
    return replace(reading, says=says, hints=reading.rivals)


def read_postal(given: str) -> Evidence:
    """Read a postal code: the communes it serves. One that is not listed (CEDEX) says nothing."""
    digits = "".join(given.split())
    if re.fullmatch(r"[0-9]{4}", digits):
        digits = f"0{digits}"
    if not re.fullmatch(r"[0-9]{5}", digits):
        return Evidence("postal_code", given, frozenset(), f"« {given} » n’est pas un code postal.")
    served = reference.communes_by_postal_code(digits)
    if served:
        says = (
            f"Le code postal {digits} dessert {format_count(served)} : {format_communes(served)}."
        )
        return Evidence("postal_code", given, served, says)
    near = reference.departement_prefix(digits)
    says = f"Le code postal {digits} n’est pas dans la liste (CEDEX ?) : il ne prouve rien"
    says += f", sinon le département ({near})."
    return Evidence("postal_code", given, None, says, near=near)


def format_communes(codes: Iterable[str]) -> str:
    """List communes for a French sentence, at most twelve: "Delle (90033), Joncherey (90056)"."""
    ordered = sorted(codes)
    known = [reference.commune_by_code(code) for code in ordered[:MAX_LISTED]]
    text = ", ".join(commune.label for commune in known if commune)
    rest = len(ordered) - MAX_LISTED
    return f"{text} et {rest} de plus" if rest > 0 else text


def format_count(codes: frozenset[str]) -> str:
    """Return "une seule commune" or "3 communes"."""
    return "une seule commune" if len(codes) == 1 else f"{len(codes)} communes"


def _departements_near(near: str) -> set[str]:
    """Saint-Barthélemy and Saint-Martin still use postal codes that begin with 971."""
    return {"971", "977", "978"} if near == "971" else {near}
