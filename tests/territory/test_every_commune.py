"""Invariants over all of France, without sampling, and over mixtures of clues."""

from dataclasses import replace
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.territory import reference
from notifier.territory.resolve import Commune, Location, Verdict, all_communes, resolve


@cache
def france() -> list[Commune]:
    return list(all_communes())


def test_every_commune_is_certain_by_its_code_by_all_clues_and_by_name_and_postal_code() -> None:
    wrong = []
    for commune in france():
        postal_codes = reference.postal_codes_of(commune.code)
        locations = [Location(commune.code, commune.name)]
        if not reference.rivals_of(commune.code):
            locations.append(Location(insee=commune.code))
        for postal_code in postal_codes:
            locations.append(Location(commune.code, commune.name, postal_code))
            locations.append(Location(name=commune.name, postal_code=postal_code))
        for location in locations:
            resolution = resolve(location)
            if resolution.verdict is not Verdict.CERTAIN or resolution.communes != (commune,):
                wrong.append((location, resolution))
    assert not wrong, wrong[:5]


def test_a_lone_code_is_asked_wherever_it_is_the_postal_code_of_others() -> None:
    asked = [commune for commune in france() if reference.rivals_of(commune.code)]
    assert len(asked) > 3_000
    for commune in asked:
        alone = resolve(Location(insee=commune.code))
        assert (alone.verdict, alone.communes) == (Verdict.CONFLICT, ())
        (clue,) = alone.clues
        assert clue.communes[0] == commune.code
        assert set(clue.communes[1:]) <= reference.served_by(commune.code) - {commune.code}
        listed = resolve(Location(communes=[commune.code, "90033"]))
        assert [c.code for c in listed.sure] == ["90033"]


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
        neighbours += filter(None, map(reference.commune, sorted(reference.served_by(postal_code))))
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
        assert all(reference.commune(code) for code in clue.communes)


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
