"""Resolution, trap by trap (the design's "Territory" section)."""

import json

import pytest

from notifier.territory.reference import communes as reference
from notifier.territory.reference.database import query
from notifier.territory.resolve import Clue, Location, Resolution, Verdict, resolve


def place(
    insee: str | None = None, name: str | None = None, postal_code: str | None = None
) -> Resolution:
    return resolve(Location(insee=insee, name=name, postal_code=postal_code))


def certain(resolution: Resolution) -> str:
    assert resolution.verdict is Verdict.CERTAIN, resolution
    (commune,) = resolution.communes
    return commune.code


def doubtful(resolution: Resolution, verdict: Verdict) -> dict[str, Clue]:
    """The clues by kind; a doubt names no commune that a caller could alert by mistake."""
    assert resolution.verdict is verdict, resolution
    assert resolution.communes == ()
    return {clue.kind: clue for clue in resolution.clues}


def test_three_clues_that_agree() -> None:
    assert certain(place("90033", "DELLE", "90100")) == "90033"


@pytest.mark.parametrize(
    ("insee", "commune"),
    [
        ("1033", "01033"),
        ("2a004", "2A004"),
        (" 90 033 ", "90033"),
        ("38073", "38073"),  # also the déléguée Chantelouve: the current code wins
        ("38302", "38073"),  # Le Périer, déléguée of Chantepérier
        ("02285", "59545"),  # Escaufourt, associated across the border of the département
        ("75112", "75056"),
        ("69383", "69123"),
        ("13201", "13055"),
        ("55039", "55039"),  # Beaumont-en-Verdunois, without inhabitants
        ("15141", "15141"),
        ("55273", "55386"),  # an associated commune today; history also names 55245
    ],
)
def test_a_code_alone(insee: str, commune: str) -> None:
    assert certain(place(insee)) == commune


@pytest.mark.parametrize("code", ["55039", "55050", "55139", "55189", "55239", "55307"])
def test_communes_without_inhabitants_are_communes(code: str) -> None:
    assert certain(place(code)) == code


def test_a_code_under_the_name_it_bore_before_a_split_means_all_its_parts() -> None:
    clues = doubtful(place("15141", "Neussargues en Pinatelle"), Verdict.UNKNOWN)
    assert set(clues["insee"].communes) == {"15031", "15035", "15047", "15141", "15171"}
    assert "partagé" in clues["insee"].says
    assert certain(place("15141", "Neussargues-Moissac")) == "15141"
    assert certain(place("15031", "Neussargues en Pinatelle")) == "15031"


def test_a_code_that_passed_to_another_commune_under_its_old_name() -> None:
    # 60054 was Les Hauts-Talican; it is Beaumont-les-Nonains again, and that name went to 60694.
    clues = doubtful(place("60054", "Les Hauts-Talican"), Verdict.CONFLICT)
    assert clues["name"].communes == ("60694",)


@pytest.mark.parametrize(
    ("insee", "name"),
    [("95218", "Éragny"), ("76484", "OISSEL"), ("38073", "Chantelouve"), ("75112", "Paris 12")],
)
def test_a_former_or_partial_name_agrees_with_its_code(insee: str, name: str) -> None:
    assert resolve(Location(insee=insee, name=name)).verdict is Verdict.CERTAIN


@pytest.mark.parametrize(
    ("insee", "name"),
    [
        ("90033", "Delle (90)"),
        ("90033", "DELLE 90100"),
        ("90033", "F-90100 Delle"),
        ("90033", "Delle (90033)"),
        ("90033", "Delle, Territoire de Belfort, France"),
        ("90033", "Commune de Delle"),
        ("90033", "DELLE - Centre"),
        ("90033", "Delle/Centre"),
        ("90010", "Ville de Belfort"),
        ("59036", "AVESNES/HELPE"),
        ("59036", "Avesnes s Helpe"),
        ("26192", "MONTBRISON/LEZ"),
        ("17300", "ROCHELLE LA"),
        ("17300", "Ville de La Rochelle (17)"),
        ("72181", "Ville du Mans"),
        ("72181", "Mans (Le) (72)"),
        ("75112", "PARIS 75012"),
        ("75056", "Paris (12e)"),
        ("69123", "Lyon 3ème (69)"),
        ("50353", "MT ST MICHEL"),
        ("59113", "Bruille les Marchiennes"),
        ("97411", "Saint-Denis (La Réunion)"),
        ("2A004", "Ajaccio (20)"),
        ("2A004", "Ajaccio (2A)"),
        ("58063", "Château-Chinon (Campagne) (58)"),
        # La Poste's own, cut to the length of an envelope's line or with a neighbouring place.
        ("07262", "SAINT-LAURENT-LES-BAINS-LAVAL-"),
        ("16052", "BORS-DE-MONTMOREAU"),
        ("21433", "MONTIGNY MORNAY VIL S VING"),
        ("64181", "CASTILLON (CANTON ARTHEZ BEARN"),
        ("70058", "BEAUJEU ST VAL PIER ET QUIT"),
        ("51513", "SAINT REMY EN BOUZEMONT SAINT GENE"),
        ("06004", "JUAN LES PINS"),
        ("50216", "LE MESNIL ANGOT"),
    ],
)
def test_a_decorated_name_agrees_with_its_code(insee: str, name: str) -> None:
    resolution = resolve(Location(insee, name))
    assert resolution.verdict is Verdict.CERTAIN, resolution.clues
    assert [c.code for c in resolution.communes] == [{"75112": "75056"}.get(insee, insee)]


@pytest.mark.parametrize(
    ("insee", "name", "says"),
    [
        ("97411", "Saint-Denis (93)", "Saint-Denis (93066)"),
        ("90033", "Delle (93)", "n’est pas celui de Delle"),
        ("90033", "Delle 75001", "n’est pas celui de Delle"),
        ("90033", "Ville de Belfort", "Belfort (90010)"),
        ("90100", "DELLE - Centre", "Delle (90033)"),
        ("58062", "Château-Chinon (Campagne) (58)", "58063"),
        ("90033", "DELLE - Tour Eiffel", "Aucune commune"),
        ("90033", "Canton de Delle", "Aucune commune"),
        ("39517", "BOURG DE SIROD", "Bourg-de-Sirod (39070)"),
        ("90033", "Delle et environs", "Aucune commune"),
        ("92012", "PARIS 75016", "Paris (75056)"),
        ("81034", "CASTRES", "Castres (81065)"),
    ],
)
def test_a_decoration_that_says_something_else_stays_a_conflict(
    insee: str, name: str, says: str
) -> None:
    assert says in doubtful(place(insee, name), Verdict.CONFLICT)["name"].says


def test_a_number_with_a_name_chooses_among_its_bearers_and_never_beyond_them() -> None:
    assert certain(place(name="Saint-Denis (93)")) == "93066"
    assert certain(place(name="SAINT DENIS 97400")) == "97411"
    assert certain(place(name="Ville-d'Avray")) == "92077"
    doubtful(place(name="Saint-Denis (90)"), Verdict.UNKNOWN)


def test_a_misspelt_name_is_never_taken_for_one_that_differs_in_a_whole_word() -> None:
    assert certain(place(name="LE MESNIL ANGOT", postal_code="50620")) == "50216"
    assert certain(place("50431", "LE MESNIL VIGOT")) == "50431"
    # Neither is a hamlet of which no list knows.
    doubtful(place(name="LE MESNIL OUGOT", postal_code="50620"), Verdict.CONFLICT)


def test_an_old_name_proves_nothing_alone_and_is_shown() -> None:
    clues = doubtful(place(name="LE MESNIL ANGOT"), Verdict.UNKNOWN)
    assert clues["name"].communes == ("50216",)
    # Bourg-en-Bresse was Bourg until 1955; today three others are.
    assert "01053" not in doubtful(place(name="Bourg"), Verdict.UNKNOWN)["name"].communes
    assert certain(place("01053", "Bourg")) == "01053"


@pytest.mark.parametrize(
    ("insee", "name", "postal_code"),
    [("28406", None, "28140"), ("12145", "Millau", "12720"), ("12145", None, "12720")],
)
def test_a_postal_code_that_serves_a_part_of_the_commune_does_not_exclude_it(
    insee: str, name: str | None, postal_code: str
) -> None:
    assert certain(place(insee, name, postal_code)) == insee
    if name:
        assert certain(place(None, name, postal_code)) == insee


def test_code_and_name_that_disagree_alert_nobody_and_show_both() -> None:
    clues = doubtful(place("90033", "Belfort"), Verdict.CONFLICT)
    assert clues["insee"].communes == ("90033",)
    assert clues["name"].communes == ("90010",)
    assert "Delle (90033)" in clues["insee"].says
    assert "Belfort (90010)" in clues["name"].says


def test_code_and_a_name_of_nobody_disagree() -> None:
    clues = doubtful(place("90033", "Lieu-dit des Trois Chênes"), Verdict.CONFLICT)
    assert clues["name"].communes == ()


def test_code_and_postal_code_that_disagree() -> None:
    doubtful(place("90033", postal_code="75005"), Verdict.CONFLICT)
    doubtful(place("90033", "Delle", "75005"), Verdict.CONFLICT)


def test_name_and_postal_code_that_disagree() -> None:
    clues = doubtful(place(name="Belfort", postal_code="90100"), Verdict.CONFLICT)
    assert clues["name"].communes == ("90010",)


def test_an_unlisted_postal_code_is_silent_in_its_departement_and_contradicts_elsewhere() -> None:
    resolution = place("90010", "Belfort", "90005")
    assert certain(resolution) == "90010"
    (silent,) = [clue for clue in resolution.clues if clue.kind == "postal_code"]
    assert silent.communes == ()
    assert "ne prouve rien" in silent.says
    doubtful(place("90010", postal_code="75999"), Verdict.CONFLICT)
    doubtful(place(postal_code="90005"), Verdict.UNKNOWN)


def test_an_unlisted_postal_code_does_not_choose_between_bearers_of_a_name() -> None:
    clues = doubtful(place(name="Saint-Denis", postal_code="93205"), Verdict.UNKNOWN)
    assert "93066" in clues["name"].communes


def test_a_postal_code_that_is_no_number_contradicts() -> None:
    doubtful(place("90033", postal_code="9O1OO"), Verdict.CONFLICT)
    doubtful(place(postal_code="9O1OO"), Verdict.UNKNOWN)


def test_a_postal_code_in_the_place_of_the_code_when_another_commune_bears_it() -> None:
    # 90100 is Delle's postal code and Vauthiermont's INSEE code.
    clues = doubtful(place("90100", "Delle"), Verdict.CONFLICT)
    assert "Vauthiermont (90100)" in clues["insee"].says
    assert "à la place du code INSEE" in clues["insee"].says
    assert "Delle (90033)" in clues["insee"].says
    doubtful(place("90100", postal_code="90100"), Verdict.CONFLICT)


def test_a_lone_code_that_is_others_postal_code_is_asked() -> None:
    clues = doubtful(place("90100"), Verdict.CONFLICT)
    assert clues["insee"].communes[0] == "90100"
    assert "90033" in clues["insee"].communes
    assert "Vauthiermont (90100)" in clues["insee"].says
    assert "aussi un code postal" in clues["insee"].says
    # A number that is not in the list of postal codes names no other commune.
    doubtful(place("90100", postal_code="90005"), Verdict.CONFLICT)


def test_a_code_that_is_others_postal_code_is_certain_with_a_clue_of_its_own() -> None:
    assert certain(place("90100", "Vauthiermont")) == "90100"
    assert certain(place("90100", postal_code="90150")) == "90100"
    here = resolve(Location("90100", latitude=47.679, longitude=7.026))
    assert certain(here) == "90100"
    assert here.clues[0].communes == ("90100",)


def test_an_associated_commune_whose_code_is_others_postal_code_is_asked() -> None:
    codes = [
        code for code in living_former_codes() if reference.other_communes_by_postal_code(code)
    ]
    assert len(codes) > 50
    for code in codes:
        doubtful(place(code), Verdict.CONFLICT)


def living_former_codes() -> list[str]:
    found = query("SELECT DISTINCT code FROM former_code WHERE kind <> 'ancien' ORDER BY code")
    return [code for (code,) in found]


def test_a_postal_code_in_the_place_of_the_code_when_nobody_bears_it() -> None:
    clues = doubtful(place("90000", "Belfort"), Verdict.CONFLICT)
    assert "Aucune commune ne porte le code INSEE 90000" in clues["insee"].says
    assert "à la place du code INSEE" in clues["insee"].says
    assert clues["insee"].communes[0] == "90010"
    alone = doubtful(place("90000"), Verdict.UNKNOWN)
    assert "90010" in alone["insee"].communes


def test_a_dead_code_that_is_also_a_postal_code_proves_nothing_alone() -> None:
    # 20167 was Montegrosso's code until 1976 and is a postal code around Ajaccio today.
    clues = doubtful(place("20167"), Verdict.UNKNOWN)
    assert {"2B167", "2A004"} <= set(clues["insee"].communes)
    assert certain(place("20167", "Montegrosso")) == "2B167"
    doubtful(place("20167", "Ajaccio"), Verdict.CONFLICT)


def test_a_paris_postal_code_is_not_taken_for_a_code_of_the_old_seine() -> None:
    # 75012 was Boulogne-Billancourt until 1968.
    clues = doubtful(place("75012"), Verdict.UNKNOWN)
    assert set(clues["insee"].communes) == {"75056", "92012"}
    clues = doubtful(place("75012", "Paris"), Verdict.CONFLICT)
    assert clues["insee"].communes[0] == "75056"
    assert "à la place du code INSEE" in clues["insee"].says


def test_saint_barthelemy_under_its_code_of_guadeloupe() -> None:
    # 97123 is Baillif's postal code as well, so the code alone is not enough.
    doubtful(place("97123"), Verdict.UNKNOWN)
    assert certain(place("97123", "Saint-Barthélemy")) == "97701"


def test_a_code_of_nobody() -> None:
    doubtful(place("90999"), Verdict.UNKNOWN)
    doubtful(place("90999", "Delle"), Verdict.CONFLICT)
    doubtful(place("Delle", "Delle"), Verdict.CONFLICT)
    doubtful(place("90999", "Personne-sur-Rien"), Verdict.UNKNOWN)


def test_a_name_alone_is_certain_only_when_one_commune_bears_it() -> None:
    assert certain(place(name="vauthiermont")) == "90100"
    clues = doubtful(place(name="Sainte-Colombe"), Verdict.UNKNOWN)
    assert len(clues["name"].communes) == 12
    assert "de plus" in clues["name"].says
    # Grigny-sur-Rhône was Grigny until 2025: the former name counts among the bearers.
    assert "69096" in doubtful(place(name="Grigny"), Verdict.UNKNOWN)["name"].communes


def test_an_official_name_in_two_communes_of_one_postal_code_is_not_shortened_by_guessing() -> None:
    doubtful(place(name="Château-Chinon", postal_code="58120"), Verdict.UNKNOWN)
    assert certain(place(name="Château-Chinon (Ville)", postal_code="58120")) == "58062"
    assert certain(place(name="BORS", postal_code="16190")) == "16052"


def test_a_postal_code_alone() -> None:
    assert certain(place(postal_code="75012")) == "75056"
    clues = doubtful(place(postal_code="90100"), Verdict.UNKNOWN)
    assert len(clues["postal_code"].communes) == 12
    assert "19 communes" in clues["postal_code"].says


def test_a_close_name_counts_inside_its_postal_code_only() -> None:
    assert certain(place(name="Dele", postal_code="90100")) == "90033"
    assert certain(place("90033", "Dele")) == "90033"
    doubtful(place(name="Dele"), Verdict.UNKNOWN)
    doubtful(place(name="Dele", postal_code="90000"), Verdict.CONFLICT)


def test_a_name_that_some_commune_bears_is_never_taken_for_a_slip() -> None:
    # Delme, in Moselle, is one letter from Delle.
    clues = doubtful(place(name="Delme", postal_code="90100"), Verdict.CONFLICT)
    assert clues["name"].communes == ("57171",)


def test_no_clue_at_all() -> None:
    assert resolve(Location(label="rue de Déridé", name="  ")) == Resolution(
        Verdict.UNKNOWN, (), ()
    )


def test_the_most_probable_candidate_comes_first() -> None:
    clues = doubtful(place("90999", "Sainte-Colombe", "69560"), Verdict.CONFLICT)
    assert clues["name"].communes[0] == "69189"


def test_the_answer_as_plain_values() -> None:
    plain = json.loads(json.dumps(place("90033", "Belfort").as_json()))
    assert plain["verdict"] == "conflict"
    assert plain["communes"] == []
    assert plain["clues"][0]["communes"] == ["90033"]
    assert place("90033").as_json()["communes"][0]["time_zone"] == "Europe/Paris"
