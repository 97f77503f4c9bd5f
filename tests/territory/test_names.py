"""Normalising: the spellings that dispatch software really uses, and the limits of closeness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.territory.resolution.names import closest_commune, edit_distance, normalise


@pytest.mark.parametrize(
    ("typed", "official"),
    [
        ("SAINT DENIS", "Saint-Denis"),
        ("ST-ETIENNE", "Saint-Étienne"),
        ("Ste Colombe", "Sainte-Colombe"),
        ("NEUILLY S/ SEINE", "Neuilly-sur-Seine"),
        ("Neuilly s/Seine", "Neuilly-sur-Seine"),
        ("Fontenay s/s Bois", "Fontenay-sous-Bois"),
        ("L’HAY LES ROSES", "L'Haÿ-les-Roses"),
        ("Hay-les-Roses", "L'Haÿ-les-Roses"),
        ("Mans (Le)", "Le Mans"),
        ("ABERGEMENT-CLEMENCIAT (L')", "L'Abergement-Clémenciat"),
        ("Oeuilly", "Œuilly"),
        ("BELFORT CEDEX", "Belfort"),
        ("BELFORT CEDEX 9", "Belfort"),
        ("PARIS 12", "Paris 12e Arrondissement"),
        ("Paris 12ème", "Paris 12e Arrondissement"),
        ("Marseille 01", "Marseille 1er Arrondissement"),
        ("lyon 3E arrdt", "Lyon 3e Arrondissement"),
        ("  la   Rochelle ", "La Rochelle"),
        ("Les Abymes", "ABYMES"),
        ("Saint\u2011Ouen", "Saint-Ouen"),
    ],
)
def test_spellings_of_one_name_share_a_key(typed: str, official: str) -> None:
    assert normalise(typed) == normalise(official)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Saint-Colombe", "Sainte-Colombe"),
        ("Paris 1", "Paris 11"),
        ("Le Haut", "Le Bas"),
        ("Villeneuve-sur-Lot", "Villeneuve"),
    ],
)
def test_different_names_keep_different_keys(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text(max_size=80))
def test_normalising_any_text_gives_a_clean_key_and_twice_is_once(text: str) -> None:
    key = normalise(text)
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert key == key.strip()


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_distance_is_symmetric_and_zero_only_for_equals(one: str, other: str) -> None:
    assert edit_distance(one, other, 10) == edit_distance(other, one, 10)
    assert (edit_distance(one, other, 10) == 0) == (one == other)


def test_distance_counts_a_swap_of_neighbours_once_and_stops_at_the_limit() -> None:
    assert edit_distance("belfrot", "belfort", 3) == 1
    assert edit_distance("delle", "belfort", 2) == 3


def names(*known: str) -> dict[str, frozenset[str]]:
    return {key: frozenset({f"commune of {key}"}) for key in known}


def test_closest_forgives_one_slip_when_nothing_else_is_near() -> None:
    assert closest_commune("dele", names("delle", "belfort")) == "commune of delle"


def test_closest_is_silent_when_two_names_are_about_as_near() -> None:
    assert closest_commune("delme", names("delle", "delmes")) is None
    assert closest_commune("courcele", names("courcelle", "courcelles")) is None


def test_closest_never_touches_short_names() -> None:
    assert closest_commune("uz", names("us")) is None
    assert closest_commune("bues", names("bue")) is None
