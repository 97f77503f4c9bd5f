"""A code of a whole département in a CAP alert: all its communes, and who says so."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command

from notifier.delivery.models import Message
from notifier.intake.formats.departements import departement_of_code
from notifier.intake.models import Report, ReportState
from notifier.settings import packaged
from notifier.territory.resolve import communes_in
from tests.api.caller import Caller, fields
from tests.api.foreign import CAP, kinds, push_cap, stored
from tests.harness.people import add_contact
from tests.intake import messages as m
from tests.intake.samples import body, source


@pytest.fixture(autouse=True)
def _mayors(db: None) -> None:
    for last, commune in enumerate(("90033", "90056"), start=1):
        mobile = f"+3363998000{last}"
        add_contact(commune=commune, function="maire", rank=1, mobile=mobile)


@pytest.fixture
def all_told(operator: Callable[[str], None]) -> None:
    """Fires are told in a whole département."""
    text = (packaged("config") / "categories.toml").read_text(encoding="utf-8")
    old = "[families.C04]\n"
    assert old in text
    operator(text.replace(old, f"{old}whole_departement = true\n"))


def geocode(name: str, *values: str) -> str:
    return "".join(
        f"<geocode><valueName>{name}</valueName><value>{value}</value></geocode>"
        for value in values
    )


def told() -> list[str]:
    mayors = Message.objects.filter(recipient__startswith="person:", channel="sms")
    return sorted(mayors.values_list("address", flat=True))


WAYS = [
    ("NUTS3", "FRC24"),
    ("NUTS3", "FR434"),
    ("nuts", "frc24"),
    ("INSEE", "90"),
    ("ISO 3166-2", "FR-90"),
]


@pytest.mark.parametrize(("name", "value"), WAYS)
def test_a_person_decides_of_a_whole_departement(corg: Caller, name: str, value: str) -> None:
    answer = push_cap(corg, m.cap("DP1", info=m.info("fr", geocode(name, value))))
    doubt = stored(answer)
    assert (doubt.state, doubt.verdict, told()) == (ReportState.REVIEW, "unknown", [])
    assert "alert.info.area.geocode" not in answer["dropped"]
    (clue,) = doubt.clues
    assert clue["communes"] == [commune.code for commune in communes_in("90")]
    mail = Message.objects.get(recipient="duty")
    assert "département 90" in mail.body
    assert len(mail.body) < 3000
    call_command("review", "DP1", "--commune", "90033", "--commune", "90056", stdout=StringIO())
    stored({"id": doubt.pk})
    assert sorted(kinds("DP1")) == [("90033", True), ("90056", True)]


def test_all_are_told_where_the_category_says_so(corg: Caller, all_told: None) -> None:
    sent = m.moment(-30)
    whole = m.cap("DP2", sent=sent, info=m.info("fr", geocode("NUTS3", "FRC24")))
    report = stored(push_cap(corg, whole))
    assert (report.state, report.verdict) == (ReportState.DECIDED, "certain")
    assert len(report.communes) == len(communes_in("90"))
    assert told() == ["+33639980001", "+33639980002"]
    named = f"cod@prefecture.example,DP2,{sent}"
    stored(push_cap(corg, m.cap("DP3", "Cancel", references=named, info="")))
    assert not any(is_open for _, is_open in kinds("DP2"))


def test_more_communes_than_may_be_told_at_once_are_a_persons_to_decide(
    db: None, all_told: None
) -> None:
    assert len(communes_in("62")) > 500
    caller = Caller(source("CORG 62", "62"))
    doubt = stored(push_cap(caller, m.cap("DP4", info=m.info("fr", geocode("NUTS3", "FRE12")))))
    assert (doubt.state, told()) == (ReportState.REVIEW, [])
    assert len(Message.objects.get(recipient="duty").body) < 3000


def test_an_area_that_is_drawn_is_the_place_and_not_its_departement(corg: Caller) -> None:
    area = "<circle>47.508,6.999 0.1</circle>" + geocode("NUTS3", "FRC24")
    answer = push_cap(corg, m.cap("DP5", info=m.info("fr", area)))
    assert stored(answer).communes == ["90033"]
    assert "alert.info.area.geocode" in answer["dropped"]


def test_what_is_certain_beside_it_is_told_at_once(corg: Caller) -> None:
    infos = m.info("fr", geocode("INSEE", "90033")) + m.info("fr", geocode("INSEE", "90"))
    doubt = stored(push_cap(corg, m.cap("DP6", info=infos)))
    assert (doubt.state, told()) == (ReportState.REVIEW, ["+33639980001"])


def test_a_departement_of_others_is_refused(corg: Caller) -> None:
    both = m.cap("DP7", info=m.info("fr", geocode("NUTS3", "FRC24", "FRC21")))
    answer = corg.push(both, CAP, content_type="application/xml")
    assert answer.status_code == 403
    assert "25" in answer.content.decode()
    assert not Report.objects.exists()


def test_the_native_door_knows_no_such_field(corg: Caller) -> None:
    refused = corg.push(body(location={"departements": ["90"]}))
    assert refused.status_code == 422
    assert "location.departements" in fields(refused)


def test_what_names_no_departement_names_nothing(corg: Caller) -> None:
    for value in ("FRC2", "FRC25", "FRZZZ", "DE111", "96"):
        assert departement_of_code("NUTS3", value) is None
    for value in ("96", "20", "975", "9", "90033"):
        assert departement_of_code("INSEE", value) is None
    answer = push_cap(corg, m.cap("DP8", info=m.info("fr", geocode("NUTS3", "FRC2"))))
    assert "alert.info.area.geocode" in answer["dropped"]
    assert stored(answer).state == ReportState.REVIEW


def test_every_departement_has_one_code_of_each_edition() -> None:
    every = [f"{n:02}" for n in range(1, 96) if n != 20] + ["2A", "2B"]
    every += ["971", "972", "973", "974", "976"]
    letters, digits = "BCDEFGHIJKLMY", "0123456789"
    now = [f"FR{a}{b}{c}" for a in letters for b in digits for c in digits]
    before = [f"FR{n}" for n in range(100, 1000)] + ["FRA50"]
    paris = [f"FR10{n}" for n in range(1, 9)]
    for codes in (now + paris, before):
        found = [d for code in codes if (d := departement_of_code("NUTS3", code))]
        assert sorted(found) == sorted(every)
