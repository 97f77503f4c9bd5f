"""Every wrong body gets a clear answer in French, and none of it is stored."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse

from notifier.intake.models import Report
from notifier.journal.models import Entry
from tests.api.caller import INTERVENTIONS, Caller, fields, refusal
from tests.intake.samples import body

pytestmark = pytest.mark.one_database(
    reason="it is refused before anything is stored",
)


@pytest.fixture(autouse=True)
def _nothing_is_stored(corg: Caller) -> Any:
    yield
    assert not Report.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "corps"),
        (b"{", "ligne 1, colonne 2"),
        (b"{'reference': 1}", "JSON illisible"),
        (b'{"a": 1} x', "JSON illisible"),
        (b"reference=1", "JSON illisible"),
        (b'{"a": NaN}', "NaN n’est pas un nombre"),
        (b'{"a": -Infinity}', "-Infinity n’est pas un nombre"),
        (b'{"name": "Beaucourt, \xe9tang"}', "envoyez de l’UTF-8"),
        ('{"a": "é"}'.encode("utf-16"), "envoyez de l’UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "envoyez de l’UTF-8"),
        (b'{"\\ud800": 1}', "caractères illisibles"),
        (b'{"reference": "A", "reference": "B"}', "« reference » est donné deux fois"),
        (b'{"location": {"insee": "90033", "insee": "90010"}}', "« insee » est donné deux fois"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "est donné deux fois"),
        (b"[" * 60_000, "imbriqué"),
        (b'{"a":' * 10_000, "imbriqué"),
        (b'{"sequence": ' + b"9" * 5_000 + b"}", "chiffres"),
    ],
)
def test_a_body_that_cannot_be_read_for_certain(corg: Caller, content: bytes, said: str) -> None:
    answer = corg.push(content)
    assert answer.status_code in (400, 422)
    assert said in refusal(answer)["error"]


@pytest.mark.parametrize("value", [[], [1], "texte", 1, 1.5, True, None])
def test_json_that_is_not_an_object(corg: Caller, value: Any) -> None:
    answer = corg.push(value)
    assert answer.status_code == 422
    assert fields(answer)["corps"] in ("un objet JSON est attendu", "champ obligatoire")


@pytest.mark.parametrize("reference", ["bit.ly/2026-1", "alerte.example", "2026.Fr/42"])
def test_a_reference_that_a_telephone_makes_a_link_of(corg: Caller, reference: str) -> None:
    answer = corg.push(body(reference=reference))
    assert answer.status_code == 422
    assert "un lien" in fields(answer)["reference"]


@pytest.mark.parametrize(
    "name", ["reference", "sequence", "status", "category", "severity", "occurred_at", "location"]
)
def test_a_missing_field_is_named(corg: Caller, name: str) -> None:
    content = body()
    del content[name]
    answer = corg.push(content)
    assert answer.status_code == 422
    assert fields(answer) == {name: "champ obligatoire"}
    assert refusal(answer)["error"] == f"champs refusés : {name}"


def test_a_surplus_field_is_refused_by_name_and_its_value_is_not_repeated(corg: Caller) -> None:
    answer = corg.push(body(caller="Jeanne Martin, 06 12 34 56 78"))
    assert answer.status_code == 422
    assert fields(answer) == {"caller": "champ inconnu : il n’est ni lu ni conservé, retirez-le"}
    assert "Martin" not in answer.content.decode()


def test_a_surplus_field_of_the_place_is_refused_by_its_path(corg: Caller) -> None:
    answer = corg.push(body(location={"insee": "90033", "owner": "Jeanne Martin"}))
    assert list(fields(answer)) == ["location.owner"]
    assert "Martin" not in answer.content.decode()


def test_every_fault_is_named_at_once(corg: Caller) -> None:
    answer = corg.push(
        body(sequence=0, status="parti", location={"latitude": 91, "longitude": "x"})
    )
    assert set(fields(answer)) == {
        "sequence",
        "status",
        "location.latitude",
        "location.longitude",
    }


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"reference": ""}, "reference", "attendu : 60 caractères au plus, lettres"),
        ({"reference": "a b"}, "reference", "attendu : 60 caractères au plus, lettres"),
        ({"reference": "x" * 61}, "reference", "attendu : 60 caractères au plus, lettres"),
        ({"reference": 12}, "reference", "un texte est attendu"),
        ({"reference": "CO\nRG"}, "reference", "attendu : 60 caractères au plus, lettres"),
        ({"reference": "\ud800"}, "corps", "caractères illisibles"),
        ({"sequence": "1"}, "sequence", "un nombre entier est attendu"),
        ({"sequence": 1.0}, "sequence", "un nombre entier est attendu"),
        ({"sequence": True}, "sequence", "un nombre entier est attendu"),
        ({"sequence": 0}, "sequence", "au moins 1"),
        ({"sequence": -1}, "sequence", "au moins 1"),
        ({"sequence": 10**29}, "sequence", "au plus 1000000"),
        ({"status": "ENGAGED"}, "status", "valeurs admises : 'engaged', 'on_scene', 'closed' ou"),
        ({"status": "closed", "closure": "le feu est éteint"}, "closure", "'fire_out'"),
        ({"status": "engaged", "closure": "fire_out"}, "closure", "seulement avec status closed"),
        ({"status": "cancelled", "closure": "false_alarm"}, "closure", "seulement avec status"),
        ({"severity": None}, "severity", "valeurs admises"),
        ({"category": "C99.99.99"}, "category", "catégorie inconnue : C99.99.99"),
        ({"category": "<script>"}, "category", "attendu : 20 caractères au plus, lettres"),
        ({"exercise": "yes"}, "exercise", "true ou false est attendu"),
        ({"exercise": 1}, "exercise", "true ou false est attendu"),
        ({"occurred_at": "2026-02-30T10:00:00Z"}, "occurred_at", "date impossible"),
        ({"occurred_at": "hier"}, "occurred_at", "date impossible"),
        ({"occurred_at": "2026-11-22"}, "occurred_at", "date impossible"),
        ({"occurred_at": "1795000000"}, "occurred_at", "date impossible"),
        ({"occurred_at": "2026-11-22T03:16:07"}, "occurred_at", "fuseau horaire manque"),
        ({"occurred_at": []}, "occurred_at", "une date est attendue"),
        ({"location": None}, "location", "un objet JSON est attendu"),
        ({"location": "Delle"}, "location", "un objet JSON est attendu"),
        ({"location": {}}, "location", "n’indique aucun lieu"),
        ({"location": {"label": "rue de Déridé"}}, "location", "n’indique aucun lieu"),
        ({"location": {"latitude": 47.5}}, "location", "vont ensemble"),
        ({"location": {"insee": "90033", "longitude": 7}}, "location", "vont ensemble"),
        ({"location": {"insee": "Delle"}}, "location.insee", "par exemple 90033 ou 2A004"),
        ({"location": {"insee": 90033}}, "location.insee", "un texte est attendu"),
        ({"location": {"name": ""}}, "location.name", "ne doit pas être vide"),
        ({"location": {"name": "   "}}, "location.name", "ne doit pas être vide"),
        ({"location": {"name": "Delle\x00"}}, "location.name", "caractère de contrôle"),
        ({"location": {"name": "Del\nle"}}, "location.name", "caractère de contrôle"),
        ({"location": {"name": "D" * 101}}, "location.name", "100 caractères au plus"),
        (
            {"location": {"postal_code": "F-90100"}},
            "location.postal_code",
            "un code postal, par ex",
        ),
        (
            {"location": {"insee": "90033", "label": "\x1b[31m"}},
            "location.label",
            "caractère de contrôle",
        ),
        (
            {"location": {"latitude": 1e999, "longitude": 7}},
            "corps",
            "n’est pas un nombre",
        ),
        ({"location": {"latitude": 10**29, "longitude": 7}}, "location.latitude", "au plus 90"),
        ({"location": {"latitude": 10**400, "longitude": 7}}, "corps", "chiffres"),
        ({"location": {"latitude": -91, "longitude": 7}}, "location.latitude", "au moins -90"),
        ({"location": {"insee": "90033", "radius_m": -1}}, "location.radius_m", "au moins 0"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    corg: Caller, changes: dict[str, Any], field: str, said: str
) -> None:
    answer = corg.push(body(**changes))
    assert answer.status_code in (400, 422)
    if field == "corps":
        assert said in refusal(answer)["error"]
    else:
        assert said in fields(answer)[field]


def test_a_number_too_great_for_a_float_is_no_position(corg: Caller) -> None:
    content = json.dumps(body(location={"latitude": 0, "longitude": 7})).replace(": 0,", ": 1e999,")
    answer = corg.push(content.encode())
    assert answer.status_code == 422
    assert "location.latitude" in fields(answer)


def test_an_event_from_tomorrow_is_a_clock_gone_wrong(corg: Caller) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    assert "dans le futur" in fields(corg.push(body(occurred_at=tomorrow)))["occurred_at"]


def test_an_event_of_last_month_is_no_alert(corg: Caller) -> None:
    old = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    assert "plus de 7 jours" in fields(corg.push(body(occurred_at=old)))["occurred_at"]


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_the_ends_of_the_calendar(corg: Caller, when: str) -> None:
    assert corg.push(body(occurred_at=when)).status_code == 422


def test_seconds_since_1970_are_not_a_date_that_a_person_can_check(corg: Caller) -> None:
    answer = corg.push(body(occurred_at=int(datetime.now(UTC).timestamp())))
    assert answer.status_code == 422
    assert "une date est attendue" in fields(answer)["occurred_at"]


def test_one_byte_over_64_kib(corg: Caller) -> None:
    answer = corg.push(b" " * 65_537)
    assert answer.status_code == 413
    assert "64 kio" in refusal(answer)["error"]


def test_a_length_that_is_no_number(corg: Caller) -> None:
    answer = corg._client.post(
        INTERVENTIONS,
        b"{}",
        content_type="application/json",
        headers={"Authorization": f"Bearer {corg.key}"},
        CONTENT_LENGTH="beaucoup",
    )
    assert answer.status_code == 400
    assert "Content-Length" in refusal(answer)["error"]


def test_a_misspelt_dry_run_is_not_taken_for_the_real_thing(corg: Caller) -> None:
    answer = corg.push(body(), f"{INTERVENTIONS}?dryrun=true")
    assert answer.status_code == 422
    assert "dryrun" in fields(answer)


def test_a_dry_run_that_is_both_true_and_false(corg: Caller) -> None:
    answer = corg.push(body(), f"{INTERVENTIONS}?dry_run=true&dry_run=false")
    assert answer.status_code == 422
    assert "deux fois" in fields(answer)["dry_run"]


def test_a_dry_run_that_is_neither_true_nor_false(corg: Caller) -> None:
    answer = corg.push(body(), f"{INTERVENTIONS}?dry_run=peut-être")
    assert fields(answer) == {"dry_run": "true ou false est attendu"}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_wrong_method(corg: Caller, method: str) -> None:
    answer = corg._client.generic(method, INTERVENTIONS)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert "méthode" in refusal(answer)["error"]


@pytest.mark.parametrize(
    "path",
    ["/api/v1/", "/api/v1/intervention", "/api/v2/interventions", "/api/v1/interventions/12"],
)
def test_an_unknown_path(corg: Caller, path: str) -> None:
    answer: HttpResponse = corg.get(path)
    assert answer.status_code == 404
    assert refusal(answer)


def test_a_host_that_is_not_ours(corg: Caller) -> None:
    answer = corg._client.get("/api/v1/openapi.json", headers={"Host": "ailleurs.example"})
    assert answer.status_code == 400
    assert "Host" in refusal(answer)["error"]
