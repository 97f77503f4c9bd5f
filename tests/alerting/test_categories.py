"""The categories that ship, and what is said of a file that an operator got wrong."""

import csv
import re
from datetime import timedelta
from pathlib import Path

import pytest

from notifier.alerting.content.category_label import parse_label
from notifier.alerting.content.gsm import sms_size, to_gsm
from notifier.alerting.policy.categories import CategoriesError, Category, load
from notifier.intake.schema.vocabulary import Severity

REPOSITORY = Path(__file__).parents[2]
SHIPPED = REPOSITORY / "config" / "categories.toml"
NOMENCLATURE = REPOSITORY.parent / "shared" / "samples" / "cisu" / "HubSante.fait.csv"

FAMILY = """[families.C01]
label = "accidents"
disclosure = "notify"
lane = "urgent"
channels = ["sms", "email"]
lifetime_minutes = 180
place = true
tell = ["maire"]
legal_basis = "article L132-3 du code de la sécurité intérieure"
"""


@pytest.fixture(scope="module")
def shipped() -> dict[str, Category]:
    categories = load(SHIPPED)
    return {code: _get(categories.get(code)) for code in categories.codes()}


def _get(category: Category | None) -> Category:
    assert category is not None
    return category


def _write(folder: Path, text: str) -> Path:
    path = folder / "categories.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _faults(path: Path) -> list[str]:
    with pytest.raises(CategoriesError) as refused:
        load(path)
    return [line.removeprefix(f"{path}:") for line in str(refused.value).splitlines()]


def _where(fault: str) -> list[str]:
    """Line and key of a fault: "4 : families.C01.lane vaut …"."""
    return fault.split(" ")[:3:2]


@pytest.mark.parametrize("words", ["vol, voir www.gend.fr", "appelez le 03 84 00 00 00"])
@pytest.mark.parametrize("key", ["label", "legal_basis"])
def test_words_that_a_telephone_would_make_a_link_of_are_refused(
    tmp_path: Path, key: str, words: str
) -> None:
    family = re.sub(rf'{key} = "[^"]*"', f'{key} = "{words}"', FAMILY)
    path = _write(tmp_path, family + '[categories]\n"C01.01.01" = { label = "accident" }\n')
    (fault,) = _faults(path)
    assert f"families.C01.{key}" in fault
    assert fault.endswith(" ; l’ôter")


# --- what ships


def test_every_code_of_the_nomenclature_is_there_and_no_other(
    shipped: dict[str, Category],
) -> None:
    if not NOMENCLATURE.exists():
        pytest.skip("the nomenclature is not here: ../shared/samples/cisu/HubSante.fait.csv")
    with NOMENCLATURE.open(encoding="utf-8", newline="") as file:
        expected = {row["code"] for row in csv.DictReader(file)}
    assert len(expected) == 299
    assert {code for code in shipped if code.startswith("C")} == expected


def test_labels_stand_alone_in_an_sms(shipped: dict[str, Category]) -> None:
    for category in shipped.values():
        label = category.label
        assert len(label) < 60, label
        assert label[0].islower(), label
        assert "'" not in label, f"{label}: the typographic apostrophe is the SMS's to replace"
        assert "?" not in to_gsm(label), label
        assert sms_size(to_gsm(label)).encoding == "GSM-7"
        assert not re.search(r"\b(?:suicid\w*|viol|pendaison|sexuel\w*)\b", label), label


# After what follows one of these, « grave » would be the lorry's, the person's or the metals'.
BINDING = re.compile(
    r"(?: (?:de|du|des|à|au|aux|par|en|sur|dans|avec|entre|contre|pour|relative)\b)|(?: (?:d|l)’)|,"
)
# What French says as one word.
AS_ONE_WORD = {
    *("accident de la circulation", "accident de la route", "accident du travail"),
    *("fuite d’eau", "fuite de gaz", "tremblement de terre", "voie de fait"),
}


def test_how_grave_it_is_is_said_beside_what_is_grave(shipped: dict[str, Category]) -> None:
    """« incendie grave d’un camion », not « incendie de camion grave »; nor « jeux grave »."""
    faults = []
    for code, category in shipped.items():
        label = parse_label(category.written_label)
        if not label.severity_word or " " in label.severity_word:
            continue
        if BINDING.search(label.before) and label.before not in AS_ONE_WORD:
            faults.append((code, label.with_severity(Severity.SEVERE)))
        if label.before.split()[0][-1] in "sx" and label.severity_word != "graves":
            faults.append((code, label.with_severity(Severity.SEVERE)))
    assert faults == []


def test_each_label_reads_well_however_grave_it_is(shipped: dict[str, Category]) -> None:
    """Of each severity, and with its hour; what is between two words is one space or a comma."""
    for category in shipped.values():
        label = parse_label(category.written_label)
        said = [label.with_severity(severity) for severity in Severity]
        for words in (*said, label.with_hour("de 10h06", "à 10h06")):
            assert "  " not in words, words
            assert "[" not in words, words
            assert " ," not in words, words
            assert len(words) < 90, words
            # Neither twice grave nor grave and without gravity.
            is_named_so = "grave" in label.plain
            assert words.count("grav") <= 1, words
            assert not (is_named_so and label.severity_word), words


@pytest.mark.parametrize(
    "code",
    [
        *("C02.05.01", "C02.05.02", "C02.05.03", "C02.08.02", "C02.11.02"),  # health
        *(f"C02.13.0{n}" for n in range(9)),  # suicide
        *(f"C02.14.0{n}" for n in range(5)),  # sexual offences
        *("C02.15.04", "C07.03.01", "C07.03.02"),  # families
        *("C02.03.02", "C10.01.06"),  # minors
        *("C06.05.00", "C10.05.00", "C02.04.02", "C06.06.00", "C03.02.11"),  # investigations
        *("C10.01.04", "C10.02.02", "C11.02.02"),
    ],
)
def test_what_the_law_keeps_secret_is_withheld(shipped: dict[str, Category], code: str) -> None:
    assert shipped[code].disclosure == "withhold"
    assert shipped[code].place is False


@pytest.mark.parametrize(
    "code",
    [
        *("C01.01.01", "C04.05.00", "C07.13.02", "C10.01.03", "C07.04.02", "C07.02.00"),
        *("C07.04.03", "C02.10.00", "C09.03.00", "C08.01.00", "C05.00.00", "C03.12.00"),
        *("C07.01.00", "C02.01.00", "L01.02.00"),
    ],
)
def test_what_a_mayor_gets_up_for_goes_by_sms_in_the_urgent_lane(
    shipped: dict[str, Category], code: str
) -> None:
    category = shipped[code]
    assert (category.disclosure, category.lane) == ("notify", "urgent")
    assert "sms" in category.channels


@pytest.mark.parametrize("code", ["C03.03.00", "C07.07.03", "L01.01.00"])
def test_what_can_wait_for_the_morning_wakes_nobody(
    shipped: dict[str, Category], code: str
) -> None:
    assert shipped[code].disclosure == "notify"
    assert (shipped[code].lane, shipped[code].channels) == ("routine", ("email",))


def test_dwellings_and_searches_are_told_without_place(shipped: dict[str, Category]) -> None:
    for code in ("C03.03.00", "C03.03.01", "C04.02.01", "C10.01.03", "C10.02.00", "C06.07.01"):
        assert not shipped[code].place, code


def test_the_subjects_of_the_conventions_are_there(shipped: dict[str, Category]) -> None:
    """Those that CISU does not have: by lane, with or without the place."""
    with_place = ("L01.10.00", "L02.02.01", "L02.02.02", "L02.04.00", "L02.05.00", "L01.03.01")
    by_mail = (
        *("L01.01.01", "L01.01.02", "L01.01.03", "L01.01.04", "L01.11.00"),
        *("L02.01.01", "L02.01.02", "L02.01.03", "L02.03.01", "L02.06.00"),
    )
    for code in (*with_place, "L02.07.00", "L03.01.00", "L03.02.00"):
        assert (shipped[code].disclosure, shipped[code].lane) == ("notify", "urgent"), code
        assert shipped[code].place is (code in with_place), code
    for code in (*by_mail, "L02.03.02"):
        assert (shipped[code].disclosure, shipped[code].lane) == ("notify", "routine"), code
        assert shipped[code].place is (code in by_mail), code


def test_what_befalls_an_elected_official_is_told_to_the_mayor_alone_and_says_nothing(
    shipped: dict[str, Category],
) -> None:
    about_officials = [category for code, category in shipped.items() if code.startswith("L03")]
    assert len(about_officials) == 3
    for category in about_officials:
        assert category.tell == ("maire",)
        assert category.label == "faits visant un élu"
        assert not category.may_name_commune


def test_every_law_is_an_article_of_a_code(shipped: dict[str, Category]) -> None:
    article = re.compile(r"article [LR]?\d+(?:-\d+)* du code (?:de|du|des|général) .+")
    for code, category in shipped.items():
        assert article.fullmatch(category.legal_basis), code


def test_one_category_whole(shipped: dict[str, Category]) -> None:
    assert shipped["C07.03.03"] == Category(
        code="C07.03.03",
        label="différend [grave] de voisinage",
        disclosure="threshold",
        threshold=Severity.MODERATE,
        lane="routine",
        channels=("email",),
        lifetime_minutes=180,
        place=False,
        tell=("maire", "astreinte", "police_municipale"),
        legal_basis="article L132-3 du code de la sécurité intérieure",
    )
    assert shipped["C07.03.03"].label == "différend de voisinage"
    assert shipped["C07.03.03"].family == "C07"
    assert shipped["C07.03.03"].lifetime == timedelta(minutes=180)


def test_only_the_exact_code_is_known() -> None:
    categories = load(SHIPPED)
    assert categories.get("C01.01.99") is None
    assert categories.get("c01.01.01") is None
    assert categories.get("") is None


# --- inheriting


def test_a_code_takes_what_it_does_not_say_from_its_nearest_parent(tmp_path: Path) -> None:
    categories = load(
        _write(
            tmp_path,
            FAMILY
            + """[categories]
"C01.00.00" = { label = "a", lane = "routine", disclosure = "threshold", threshold = "severe" }
"C01.01.00" = { label = "accident de la route", place = false }
"C01.01.01" = { label = "accident de voiture", disclosure = "notify" }
"C01.02.01" = { label = "accident de train" }
""",
        )
    )
    car, train = _get(categories.get("C01.01.01")), _get(categories.get("C01.02.01"))
    assert (car.lane, car.place, car.disclosure, car.threshold) == (
        "routine",
        False,
        "notify",
        None,
    )
    assert (train.place, train.disclosure, train.threshold) == (True, "threshold", Severity.SEVERE)


def test_a_threshold_is_taken_past_a_parent_that_needs_none(tmp_path: Path) -> None:
    told_from = 'disclosure = "threshold"\nthreshold = "severe"'
    categories = load(
        _write(
            tmp_path,
            FAMILY.replace('disclosure = "notify"', told_from)
            + """[categories]
"C01.00.00" = { label = "accident", disclosure = "notify" }
"C01.01.00" = { label = "accident de la route" }
"C01.02.00" = { label = "accident de train", disclosure = "threshold" }
""",
        )
    )
    road, train = _get(categories.get("C01.01.00")), _get(categories.get("C01.02.00"))
    assert (road.disclosure, road.threshold) == ("notify", None)
    assert (train.disclosure, train.threshold) == ("threshold", Severity.SEVERE)


# --- faults


def test_all_faults_are_said_at_once_by_line_and_key(tmp_path: Path) -> None:
    text = (
        FAMILY.replace("180", "3").replace('"urgent"', '"fast"').replace("place = true\n", "")
        + """surprise = 1
[categories]
"C01.01.00" = { label = "accident", channels = ["fax"] }
"C01.01.01" = { lane = "routine" }
"C01.01.1" = { label = "x" }
"C02.01.00" = { label = "attentat" }
"C01.02.00" = { label = "train", disclosure = "threshold" }
"C01.03.00" = { label = "bateau", threshold = "severe" }
"C01.04.00" = { label = "%s" }
"C01.05.00" = { label = "drone", tell = ["maire", "maire"], place = "no" }
"""
        % ("x" * 60)
    )
    faults = _faults(_write(tmp_path, text))
    where = [_where(fault) for fault in faults]
    assert where == [
        ["1", "families.C01.place"],
        ["4", "families.C01.lane"],
        ["6", "families.C01.lifetime_minutes"],
        ["9", "families.C01.surprise"],
        ["11", "categories.C01.01.00.channels"],
        ["12", "categories.C01.01.01.label"],
        ["13", "categories.C01.01.1"],
        ["14", "categories.C02.01.00"],
        ["15", "categories.C01.02.00.threshold"],
        ["16", "categories.C01.03.00.threshold"],
        ["17", "categories.C01.04.00.label"],
        ["18", "categories.C01.05.00.place"],
        ["18", "categories.C01.05.00.tell"],
    ]
    assert faults[1].endswith("""vaut 'fast' ; écrire l’un de "urgent", "routine\"""")
    assert faults[2].endswith("vaut 3 ; écrire un nombre entier de 5 à 1440")


# Line 1 is the family's, line 10 [categories], line 11 its one category.
SOUND = FAMILY + '[categories]\n"C01.01.00" = { label = "accident de la route" }\n'
LANE, PLACE, TELL = 'lane = "urgent"', "place = true", 'tell = ["maire"]'
CHANNELS, LIFE = 'channels = ["sms", "email"]', "lifetime_minutes = 180"
TOLD, LAW = 'disclosure = "notify"', 'legal_basis = "article'
LABEL, ENTRY = 'label = "accidents"', 'label = "accident de la route"'
FAULT_KINDS = [
    # what stands in the file, what is put there, the line and key that are named for it
    (LANE, "lane = 'vite'", 4, "families.C01.lane"),
    (LANE, "lane = 1", 4, "families.C01.lane"),
    (LANE, 'lane = ["urgent"]', 4, "families.C01.lane"),
    (LANE, "", 1, "families.C01.lane"),
    (TOLD, 'disclosure = "never"', 3, "families.C01.disclosure"),
    (TOLD, 'disclosure = "threshold"', 1, "families.C01.threshold"),
    (TOLD, f'{TOLD}\nthreshold = "severe"', 4, "families.C01.threshold"),
    (TOLD, 'disclosure = "threshold"\nthreshold = "grave"', 4, "families.C01.threshold"),
    (TOLD, 'disclosure = "threshold"\nthreshold = 3', 4, "families.C01.threshold"),
    (CHANNELS, 'channels = ["fax"]', 5, "families.C01.channels"),
    (CHANNELS, 'channels = ["sms", "fax"]', 5, "families.C01.channels"),
    (CHANNELS, 'channels = ["sms", "sms"]', 5, "families.C01.channels"),
    (CHANNELS, "channels = []", 5, "families.C01.channels"),
    (CHANNELS, 'channels = "sms"', 5, "families.C01.channels"),
    (CHANNELS, 'channels = ["sms", 1]', 5, "families.C01.channels"),
    (CHANNELS, 'channels = ["email"]', 5, "families.C01.channels"),
    (CHANNELS, "channels = { sms = true }", 5, "families.C01.channels"),
    (LIFE, "lifetime_minutes = 4", 6, "families.C01.lifetime_minutes"),
    (LIFE, "lifetime_minutes = 1441", 6, "families.C01.lifetime_minutes"),
    (LIFE, "lifetime_minutes = 60.0", 6, "families.C01.lifetime_minutes"),
    (LIFE, 'lifetime_minutes = "60"', 6, "families.C01.lifetime_minutes"),
    (LIFE, "lifetime_minutes = true", 6, "families.C01.lifetime_minutes"),
    (LIFE, "lifetime_minutes = 01:00:00", 6, "families.C01.lifetime_minutes"),
    (PLACE, 'place = "true"', 7, "families.C01.place"),
    (PLACE, "place = 1", 7, "families.C01.place"),
    (PLACE, f"{PLACE}\nneighbours = 0", 8, "families.C01.neighbours"),
    (PLACE, f'{PLACE}\nwhole_departement = "no"', 8, "families.C01.whole_departement"),
    (PLACE, f'{PLACE}\nedge = "none"', 8, "families.C01.edge"),
    (TELL, 'tell = ["curé"]', 8, "families.C01.tell"),
    (TELL, 'tell = ["maire", "maire"]', 8, "families.C01.tell"),
    (TELL, "tell = []", 8, "families.C01.tell"),
    (LAW, 'legal_basis = " " #', 9, "families.C01.legal_basis"),
    (LAW, "legal_basis = 3 #", 9, "families.C01.legal_basis"),
    (LAW, 'legal_basis = "www.gend.fr" #', 9, "families.C01.legal_basis"),
    (LABEL, 'label = ""', 2, "families.C01.label"),
    (LABEL, "label = 12", 2, "families.C01.label"),
    (LABEL, "", 1, "families.C01.label"),
    (LABEL, f"{LABEL}\ncode = 'C01'", 3, "families.C01.code"),
    (ENTRY, 'label = " accident"', 11, "categories.C01.01.00.label"),
    (ENTRY, 'label = "accident\\nde train"', 11, "categories.C01.01.00.label"),
    (ENTRY, 'label = "accident [grave] ou [graves]"', 11, "categories.C01.01.00.label"),
    (ENTRY, 'label = "accident [affreux]"', 11, "categories.C01.01.00.label"),
    (ENTRY, 'label = "accident [grave"', 11, "categories.C01.01.00.label"),
    (ENTRY, 'label = "[grave]"', 11, "categories.C01.01.00.label"),
    (ENTRY, 'label = "vol 06 39 98 00 01"', 11, "categories.C01.01.00.label"),
    (ENTRY, 'label = "авария"', 11, "categories.C01.01.00.label"),
    (ENTRY, f'label = "{"x" * 60}"', 11, "categories.C01.01.00.label"),
    (ENTRY, "place = false", 11, "categories.C01.01.00.label"),
    (ENTRY, f"{ENTRY}, code = 'C01.01.00'", 11, "categories.C01.01.00.code"),
    (ENTRY, f"{ENTRY}, channels = ['email']", 11, "categories.C01.01.00.channels"),
    (ENTRY, f"{ENTRY}, disclosure = 'threshold'", 11, "categories.C01.01.00.threshold"),
    (ENTRY, f"{ENTRY}, threshold = 'severe'", 11, "categories.C01.01.00.threshold"),
    (ENTRY, f"{ENTRY}, lifetime_minutes = 0", 11, "categories.C01.01.00.lifetime_minutes"),
    ('"C01.01.00" = {', '"C01.01" = {', 11, "categories.C01.01"),
    ('"C01.01.00" = {', '"X01.01.00" = {', 11, "categories.X01.01.00"),
    ('"C01.01.00" = {', '"C02.01.00" = {', 11, "categories.C02.01.00"),
    ('"C01.01.00" = {', '"C01.01.00" = 3 #', 11, "categories.C01.01.00"),
    ("[families.C01]", FAMILY.replace("C01", "C1") + "[families.C01]", 1, "families.C1"),
    ("[families.C01]", "[families]\nC02 = 3\n[families.C01]", 2, "families.C02"),
    ("[families.C01]", "[storm]\ntexts = 0\n[families.C01]", 2, "storm.texts"),
    ("[families.C01]", "[storm]\ntexts = 101\n[families.C01]", 2, "storm.texts"),
    ("[families.C01]", "[storm]\nminutes = 121\n[families.C01]", 2, "storm.minutes"),
    ("[families.C01]", "[storm]\nminutes = true\n[families.C01]", 2, "storm.minutes"),
    (
        *("[families.C01]", "[storm]\nreopening_minutes = 241\n[families.C01]"),
        *(2, "storm.reopening_minutes"),
    ),
    ("[families.C01]", "[storm]\nhours = 1\n[families.C01]", 2, "storm.hours"),
    ("[families.C01]", "storm = 3\n[families.C01]", 1, "storm"),
    ("[families.C01]", "storms = 3\n[families.C01]", 1, "storms"),
]


@pytest.mark.parametrize(("stands", "put", "line", "key"), FAULT_KINDS)
def test_each_kind_of_fault_is_named_by_its_line_and_key(
    tmp_path: Path, stands: str, put: str, line: int, key: str
) -> None:
    assert SOUND.count(stands) == 1
    faults = _faults(_write(tmp_path, SOUND.replace(stands, put)))
    where = [_where(fault) for fault in faults]
    assert where[0] == [str(line), key]
    # A key may have two faults, and what inherits it may say so again.
    assert {named.rpartition(".")[2] for _, named in where} == {key.rpartition(".")[2]}
    # In French, and what to do.
    assert all(" ; " in fault and "hould" not in fault for fault in faults)


def test_what_is_around_those_faults_is_sound(tmp_path: Path) -> None:
    assert load(_write(tmp_path, SOUND)).codes() == ("C01.01.00",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[families.C01]\nlabel = \n", "line 2"),
        ('[categories]\n"C01.01.00" = { label = "a" }\n"C01.01.00" = { label = "b" }\n', "line 3"),
        ("", "families manque ; écrire une section"),
        (FAMILY, "categories manque ; écrire sous [categories]"),
        (FAMILY + "[categories]\nC01.01.00 = { label = 'a' }\n", "entre guillemets"),
        ('families = "none"\ncategories = []\n', "families vaut 'none'"),
        (
            FAMILY + '[extra]\n[categories]\n"C01.00.00" = { label = "a" }\n',
            "extra n’est pas une clé connue",
        ),
        (FAMILY + '[categories]\n"C01.00.00" = "accident"\n', "vaut 'accident' ; écrire"),
        (FAMILY + '[categories]\n"C01.00.00" = { label = "a", lifetime_minutes = true }\n', "True"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in "\n".join(_faults(_write(tmp_path, text)))


def test_a_missing_file_and_one_in_latin_1_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CategoriesError, match=r"absent\.toml n’existe pas"):
        load(tmp_path / "absent.toml")
    path = tmp_path / "latin1.toml"
    path.write_bytes(b'[families.C01]\nlabel = "v\xe9hicules"\n')
    with pytest.raises(CategoriesError, match=r"latin1\.toml:2 : l’enregistrer en UTF-8"):
        load(path)


def test_severities_compare_in_their_order() -> None:
    assert Severity.MINOR < Severity.MODERATE < Severity.SEVERE < Severity.EXTREME
    assert max(Severity) is Severity.EXTREME
    assert Severity("severe") >= Severity.SEVERE
    assert not Severity.SEVERE > Severity.EXTREME
