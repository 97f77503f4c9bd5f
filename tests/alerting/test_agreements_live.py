"""A convention from its file to the telephones, with real processes."""

from __future__ import annotations

import json

from tests.harness.live import Live

COMMUNE = "90026"
METROPOLE = """
reference = "essai-agglo"
kind = "metropole"
title = "Convention de l’essai"
from = 2020-01-01
parties = ["partenaire:essai-agglo", "commune:90026"]

[[owners]]
organisation = "partenaire:essai-agglo"
functions = ["directeur"]

[[rules]]
organisation = "partenaire:essai-agglo"
functions = ["directeur"]
categories = ["C01"]
"""
QUARTER = """
reference = "essai-centre"
kind = "participation_citoyenne"
title = "Protocole de l’essai"
from = 2020-01-01
parties = ["quartier:essai-centre", "commune:90026"]

[[owners]]
organisation = "commune:90026"
functions = ["maire"]

[[rules]]
organisation = "quartier:essai-centre"
functions = ["habitant_relais"]
categories = ["C01"]
requires_release = true
"""
PEOPLE = """
from datetime import date
from notifier.directory.conventions.consents import give_consent
from notifier.directory.models import Address, Mandate, Organisation, Person
def member(code, function, mobile):
    person = Person.objects.create(last_name="Essai")
    Address.objects.create(person=person, kind="mobile", value=mobile)
    told = Organisation.objects.get(code=code)
    return Mandate.objects.create(person=person, organisation=told, function=function)
member("essai-agglo", "directeur", "{director}")
give_consent(member("essai-centre", "habitant_relais", "{resident}"), date(2020, 1, 1), "b", "e")
"""


def test_a_convention_is_imported_and_tells_each_in_an_alert_of_their_own(live: Live) -> None:
    service = live.service
    mayor, director, resident = (service.new_number() for _ in range(3))
    service.add_contacts(f"{COMMUNE};maire;1;Essai;Camille;{mayor};")
    _ok(live, "organisation", "add", "partenaire", "Agglo d’essai", "--code", "essai-agglo")
    _ok(live, "organisation", "add", "quartier", "Quartier d’essai", "--code", "essai-centre")
    territory = service.folder / "territory.csv"
    territory.write_text(
        "organisation;commune\n"
        f"partenaire:essai-agglo;{COMMUNE}\nquartier:essai-centre;{COMMUNE}\n",
        encoding="utf-8",
    )
    _ok(live, "organisation", "territory", "--file", str(territory))
    for number, text in enumerate((METROPOLE, QUARTER)):
        convention = service.folder / f"convention-{number}.toml"
        convention.write_text(text, encoding="utf-8")
        _ok(live, "convention", "import", str(convention))
    _ok(live, "shell", "-c", PEOPLE.format(director=director, resident=resident))
    who = _ok(live, "who", "--commune", COMMUNE, "--categorie", "C01.01.01")
    assert "Agglo d’essai (partenaire:essai-agglo)" in who
    reference, place = service.new_reference(), {"insee": COMMUNE}
    answer = service.push(reference=reference, location=place)
    live.expect_sms(to=mayor, containing=reference)
    live.expect_sms(to=director, containing=reference)
    status = service.wait_for_state(answer.id, "decided")
    told = [alert.get("organisation", {}).get("code") for alert in status["alerts"]]
    assert told == [None, "essai-agglo", "essai-centre"]
    assert json.dumps(status).count('"held_for": "relay"') == 1
    assert "1 adresse" in _ok(live, "release", reference, "--who", "maire")
    live.expect_sms(to=resident, containing=reference)
    service.push(reference=reference, sequence=2, status="closed", location=place)
    for number in (mayor, director, resident):
        live.expect_sms(to=number, containing="terminée")
    assert "relais décidé par maire" in service.run("timeline", reference).stdout
    assert "Convention de l’essai" in _ok(live, "who", reference)


def _ok(live: Live, *args: str) -> str:
    done = live.service.run(*args)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
