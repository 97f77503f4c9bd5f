"""Invariants over all of France, without sampling, and over mixtures of clues."""

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import notifier.territory.resolve
from notifier.territory.build import communes as build
from notifier.territory.reference import communes as reference
from notifier.territory.resolution import decoration, naming
from notifier.territory.resolution.names import normalise
from notifier.territory.resolution.naming import read_name, recognise
from notifier.territory.resolve import Commune, Location, Verdict, all_communes, resolve

# What is read of the file; every answer is of the same file, and nobody changes it.
READ = (
    *("former_codes", "departement_of", "communes_named", "communes_formerly_named"),
    *("departement_by_name", "successors_of", "communes_by_postal_code", "postal_codes_of"),
    *("codes_in", "names_in_departement"),
)


@pytest.fixture(scope="module", autouse=True)
def _each_read_once() -> Iterator[None]:
    """All of France is asked for the same rows again and again."""
    with pytest.MonkeyPatch.context() as patch:
        for name in READ:
            patch.setattr(reference, name, cache(getattr(reference, name)))
        by_code = cache(reference.commune_by_code.__wrapped__)
        for module in (reference, notifier.territory.resolve):
            patch.setattr(module, "commune_by_code", by_code)
        key = cache(normalise.__wrapped__)
        for reading in (naming, decoration):
            patch.setattr(reading, "normalise", key)
        for name in ("recognise", "read_postal"):
            whole = getattr(notifier.territory.resolve, name)
            patch.setattr(notifier.territory.resolve, name, cache(whole))
        yield


@cache
def france() -> list[Commune]:
    return list(all_communes())


def test_every_commune_is_certain_by_its_code_by_all_clues_and_by_name_and_postal_code() -> None:
    wrong = []
    for commune in france():
        postal_codes = reference.postal_codes_of(commune.code)
        locations = [Location(commune.code, commune.name)]
        if not reference.other_communes_by_postal_code(commune.code):
            locations.append(Location(insee=commune.code))
        for postal_code in postal_codes:
            locations.append(Location(commune.code, commune.name, postal_code))
            if _bearers(commune.name) & reference.communes_by_postal_code(postal_code) == {
                commune.code
            }:
                locations.append(Location(name=commune.name, postal_code=postal_code))
        for location in locations:
            resolution = resolve(location)
            if resolution.verdict is not Verdict.CERTAIN or resolution.communes != (commune,):
                wrong.append((location, resolution))
    assert not wrong, wrong[:5]


def _bearers(name: str) -> set[str]:
    """All but one commune are alone with their name in their postal code: Thièvres has two."""
    return {bearer.commune for bearer in reference.communes_named(normalise(name))}


def test_only_thievres_shares_its_name_and_its_postal_code() -> None:
    shared = [
        (commune.code, postal_code)
        for commune in france()
        for postal_code in reference.postal_codes_of(commune.code)
        if len(_bearers(commune.name) & reference.communes_by_postal_code(postal_code)) > 1
    ]
    assert sorted({code for code, _ in shared}) == ["62814", "80756"]
    for _, postal_code in shared:
        assert resolve(Location(name="Thièvres", postal_code=postal_code)).communes == ()


# What surrounds a name, each with {n} the name, {d} its département, {p} its postal code.
DECORATIONS = (
    *("{n} ({d})", "{n} {p}", "{p} {n}", "F-{p} {n}", "{n} {c}", "{n} ({p})", "{n}, {d}, France"),
    *("Commune de {n}", "COMMUNE D'{n}", "Ville de {n}", "Mairie de {n} ({d})", "BOURG DE {n}"),
    *("{n} - Centre", "{n} CENTRE VILLE", "{n} CEDEX 9", "{n}/Centre", "{n} - {p}, France"),
    *("{short}", "{stroke}", "{behind}", "{behind} ({d})", "{quoted}"),
)


def _decorated(commune: Commune, decoration: str) -> str:
    loud = commune.name.upper()
    article = re.match("(L'|LE |LA |LES )(.+)", loud)
    behind = f"{article[2]} ({article[1].strip()})" if article else loud
    return decoration.format(
        n=loud.replace("-", " "),
        d=commune.departement,
        p=min(reference.postal_codes_of(commune.code), default=commune.code),
        c=commune.code,
        short=re.sub(r"\bSAINT(E?)\b", r"ST\1", loud),
        stroke=loud.replace("-SUR-", "/"),
        behind=behind,
        quoted=commune.name.replace("'", "’").replace("œ", "oe"),
    )


def test_a_decorated_name_agrees_with_its_code_and_never_names_another_commune() -> None:
    """Every commune under one decoration in turn: every decoration on 1,500 communes."""
    wrong = []
    for place, commune in enumerate(france()):
        name = _decorated(commune, DECORATIONS[place % len(DECORATIONS)])
        resolution = resolve(Location(commune.code, name))
        # Thizy's "Bourg de Thizy" is the name of another commune.
        is_others = commune.code not in (_bearers(name) or {commune.code})
        if (resolution.verdict, resolution.communes) != (
            (Verdict.CONFLICT, ()) if is_others else (Verdict.CERTAIN, (commune,))
        ):
            wrong.append((commune.code, name, resolution.verdict))
        if is_others:
            continue
        alone = read_name(name, recognise(name), frozenset()).communes or frozenset()
        if len(alone) == 1 and alone != {commune.code}:
            wrong.append((commune.code, name, alone))
    assert not wrong, wrong[:5]


def test_a_lone_code_is_asked_wherever_it_is_the_postal_code_of_others() -> None:
    asked = [
        commune for commune in france() if reference.other_communes_by_postal_code(commune.code)
    ]
    assert len(asked) > 3_000
    for commune in asked:
        alone = resolve(Location(insee=commune.code))
        assert (alone.verdict, alone.communes) == (Verdict.CONFLICT, ())
        (clue,) = alone.clues
        assert clue.communes[0] == commune.code
        assert set(clue.communes[1:]) <= reference.communes_by_postal_code(commune.code) - {
            commune.code
        }
        listed = resolve(Location(communes=[commune.code, "90033"]))
        assert [c.code for c in listed.confirmed] == ["90033"]


def _today(code: str) -> set[str]:
    if reference.commune_by_code(code):
        return {code}
    return {former.commune for former in reference.former_codes(code)}


def test_what_la_poste_lists_otherwise_agrees_and_never_names_another_commune() -> None:
    """All rows of La Poste that are not a commune's own name under a code known to serve it.

    A row that bears the name of the next commune, whose post office serves some houses, is asked.
    """
    asked = set()
    with build.LA_POSTE_FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            (code,) = _today(row["code"])
            place = Location(code, row["libelle"], row["code_postal"])
            for given in (place, replace(place, postal_code=None)):
                resolution = resolve(given)
                if resolution.verdict is Verdict.CERTAIN:
                    assert [c.code for c in resolution.communes] == [code], row
                else:
                    asked.add(code)
                    bearers = _bearers(row["libelle"])
                    assert code not in bearers or len(bearers) > 1
                    assert {reference.departement_of(b) for b in bearers} & {
                        reference.departement_of(code),
                        "75",
                    }, row
            found = resolve(replace(place, insee=None))
            named = {c.code for c in found.communes}
            assert named <= {code} | _bearers(row["libelle"]), row
    assert len(asked) < 50


def test_a_name_from_before_2019_is_never_taken_for_another_commune() -> None:
    """Le Mesnil-Angot was told to the successor of Le Mesnil-Vigot, two letters from it."""
    with build.OLD_NAMES_FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            today = _today(row["code"])
            for code in today:
                for postal_code in reference.postal_codes_of(code):
                    found = resolve(Location(name=row["nom"], postal_code=postal_code))
                    assert {c.code for c in found.communes} <= today, row
                agreed = resolve(Location(code, row["nom"]))
                assert {c.code for c in agreed.communes} <= {code}
                # Elsewhere in the département somebody bears it today: a person is asked.
                assert agreed.verdict is Verdict.CERTAIN or _bearers(row["nom"]) - today, row


@st.composite
def a_commune(draw: st.DrawFn) -> Commune:
    # By its place: hypothesis would look at each of a list's elements, for every draw.
    return france()[draw(st.integers(0, len(france()) - 1))]


@st.composite
def locations(draw: st.DrawFn) -> Location:
    """Clues taken from one to three communes, so that they agree, nearly agree or contradict."""
    home = draw(a_commune())
    neighbours = [home]
    for postal_code in sorted(reference.postal_codes_of(home.code)):
        neighbours += filter(
            None,
            map(reference.commune_by_code, sorted(reference.communes_by_postal_code(postal_code))),
        )
    anyone = st.one_of(st.just(home), st.sampled_from(neighbours), a_commune())

    def postal_of(commune: Commune) -> str | None:
        return min(reference.postal_codes_of(commune.code), default=None)

    insee = draw(st.none() | anyone.map(lambda c: c.code) | anyone.map(postal_of))
    name = draw(st.none() | anyone.map(lambda c: c.name) | anyone.map(lambda c: c.name[:-1]))
    postal = draw(st.none() | anyone.map(postal_of) | st.from_regex(r"\A[0-9]{5}\Z"))
    return Location(insee=insee, name=name, postal_code=postal)


@settings(deadline=None, max_examples=200)
@given(locations())
def test_certain_never_contradicts_a_clue(location: Location) -> None:
    resolution = resolve(location)
    if resolution.verdict is Verdict.CERTAIN:
        (commune,) = resolution.communes
        for clue in resolution.clues:
            assert not clue.communes or clue.communes[0] == commune.code
    else:
        assert resolution.communes == ()
    for clue in resolution.clues:
        assert clue.says.endswith(".")
        assert len(clue.communes) <= 12
        assert all(reference.commune_by_code(code) for code in clue.communes)


@settings(deadline=None, max_examples=200)
@given(locations())
def test_a_clue_that_agrees_never_lowers_the_verdict(location: Location) -> None:
    resolution = resolve(location)
    if resolution.verdict is not Verdict.CERTAIN:
        return
    (commune,) = resolution.communes
    further = [("insee", commune.code), ("name", commune.name)]
    further += [("postal_code", code) for code in reference.postal_codes_of(commune.code)]
    # Added to what was given, never in its place: that would be another question.
    agreeing = [
        replace(location, **{clue: value})
        for clue, value in further
        if getattr(location, clue) is None
    ]
    for more in agreeing:
        assert resolve(more).communes == (commune,), more


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_text_gets_an_answer(insee: str, name: str, postal_code: str) -> None:
    resolution = resolve(Location(insee, name, postal_code))
    assert bool(resolution.communes) == (resolution.verdict is Verdict.CERTAIN)
