"""People of one organisation, changed by hand: who comes, who leaves, who is told first."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from notifier.directory.mandates import (
    Holder,
    MandateError,
    NewMandate,
    Post,
    amend,
    appoint,
    end,
    move,
    put_in_order,
)
from notifier.directory.models import Address, AddressKind, Change, Mandate, Organisation
from notifier.directory.person_addresses import (
    add_address,
    change_address,
    read_address,
    remove_address,
    try_first,
)
from notifier.directory.recipients import active_people
from notifier.directory.undoing.undo import undo
from tests.directory.people import organisation, somebody
from tests.harness.variables import changed

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("plain statements through Django"),
]
WHO = "Camille Durand"
TODAY = date(2026, 11, 28)


@pytest.fixture
def delle() -> Organisation:
    return organisation()


def _new(function: str = "maire", **post: object) -> NewMandate:
    return NewMandate(
        Post(function, **post),  # type: ignore[arg-type]
        Holder("Aubry", "Jeanne", "mme"),
        ((AddressKind.MOBILE, "06 39 98 00 12"), (AddressKind.EMAIL, "Maire@Delle.example")),
    )


def _told(where: Organisation) -> list[str]:
    """Who would be told now, by number or mailbox."""
    return [
        next(iter(person.addresses.values()))
        for person in active_people([where.ref], timezone.now())[where.ref]
    ]


def test_a_new_mayor_takes_the_place_of_the_last_one(delle: Organisation) -> None:
    last = somebody(delle, "Merisier", "maire", mobile="+33639980001")
    new = appoint(delle, _new(), WHO, replaced=last)
    assert _told(delle) == ["+33639980012"]
    last.refresh_from_db()
    assert last.ends_on == timezone.localdate() - timedelta(days=1)
    assert (new.rank, new.is_confirmed) == (1, True)
    kept = Change.objects.get()
    assert (kept.author, kept.kind) == (WHO, "saisie")
    undo(kept.pk, WHO)
    assert _told(delle) == ["+33639980001"]


def test_a_second_mayor_is_refused_by_name(delle: Organisation) -> None:
    somebody(delle, "Merisier", "maire", mobile="+33639980001")
    with pytest.raises(MandateError, match="Merisier est déjà maire"):
        appoint(delle, _new(), WHO)
    assert not Change.objects.exists()
    assert _told(delle) == ["+33639980001"]


def test_a_mayor_to_come_is_told_from_that_day_on(delle: Organisation) -> None:
    last = somebody(delle, "Merisier", "maire", mobile="+33639980001")
    first_day = timezone.localdate() + timedelta(days=10)
    appoint(delle, _new(starts_on=first_day), WHO, replaced=last)
    last.refresh_from_db()
    assert last.ends_on == first_day - timedelta(days=1)
    assert _told(delle) == ["+33639980001"]


def test_deputies_come_after_those_who_are_there(delle: Organisation) -> None:
    somebody(delle, "Tilleul", rank=1)
    somebody(delle, "Charme", rank=2)
    assert appoint(delle, _new("adjoint"), WHO).rank == 3
    with pytest.raises(MandateError, match="Charme est déjà 2e adjoint"):
        appoint(delle, _new("adjoint", rank=2), WHO)


@pytest.mark.parametrize(
    ("holder", "addresses", "field"),
    [
        (Holder(), ((AddressKind.MOBILE, "06 39 98 00 12"),), "last_name"),
        (Holder("LŽrot"), ((AddressKind.MOBILE, "06 39 98 00 12"),), "last_name"),
        (Holder("Aubry", "HÃ©lène"), ((AddressKind.MOBILE, "06 39 98 00 12"),), "first_name"),
        (Holder("Aubry"), ((AddressKind.MOBILE, "06 39 98"),), "mobile"),
        (Holder("Aubry"), ((AddressKind.MOBILE, "03 84 00 00 00"),), "mobile"),
        (Holder("Aubry"), ((AddressKind.MOBILE, "+33 690 30 12 34"),), "mobile"),
        (Holder("Aubry"), ((AddressKind.EMAIL, "maire@"),), "email"),
        (Holder("Aubry"), ((AddressKind.EMAIL, "a\u0085b@delle.example"),), "email"),
        (Holder("Aubry"), ((AddressKind.MOBILE, ""), (AddressKind.EMAIL, " ")), "__all__"),
        (Holder("Aubry"), ((AddressKind.LANDLINE, "01 99 00 12 34"),), "__all__"),
    ],
)
def test_who_cannot_be_told_is_refused_with_the_field(
    delle: Organisation, holder: Holder, addresses: tuple[tuple[AddressKind, str], ...], field: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        appoint(delle, NewMandate(Post("maire"), holder, addresses), WHO)
    fields = getattr(refusal.value, "error_dict", {"__all__": None})
    assert list(fields) == [field]
    assert not Mandate.objects.exists()


def test_where_the_service_calls_a_landline_is_enough(delle: Organisation, settings) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, TWILIO_VOICE_FROM="+33353010090")
    addresses = ((AddressKind.LANDLINE, "03 84 36 66 66"),)
    appoint(delle, NewMandate(Post("maire"), Holder("Aubry"), addresses), WHO)
    assert Address.objects.get().value == "+33384366666"
    with pytest.raises(ValidationError, match="Donnez un téléphone ou un courriel"):
        appoint(delle, NewMandate(Post("adjoint"), Holder("Aubry"), ()), WHO)


def test_a_mandate_is_corrected_and_confirmed(delle: Organisation) -> None:
    mandate = somebody(delle, "Merisier", "adjoint", 2)
    Mandate.objects.update(is_confirmed=False)
    amend(mandate, Holder("Mérisier", "Anne"), Post("maire"), WHO)
    mandate = Mandate.objects.get()
    assert (str(mandate.person), mandate.title) == ("Anne Mérisier", "maire")
    assert mandate.is_confirmed
    assert mandate.person.name_key == "merisier anne"


def test_an_end_is_a_day_that_is_still_told(delle: Organisation) -> None:
    mandate = somebody(delle, "Merisier", "maire", mobile="+33639980001")
    end(mandate, timezone.localdate(), WHO)
    assert _told(delle) == ["+33639980001"]
    end(mandate, timezone.localdate() - timedelta(days=1), WHO)
    assert _told(delle) == []


def test_nobody_leaves_before_they_came(delle: Organisation) -> None:
    mandate = somebody(delle, "Merisier", "maire")
    Mandate.objects.update(starts_on=TODAY)
    mandate.refresh_from_db()
    with pytest.raises(MandateError, match="commence le 28 novembre 2026"):
        end(mandate, TODAY - timedelta(days=1), WHO)


def test_somebody_is_moved_among_those_of_the_function(delle: Organisation) -> None:
    mayor = somebody(delle, "Aubry", "maire")
    first, second, third = (somebody(delle, name, rank=n) for n, name in enumerate("ABC", 1))
    assert move(third, WHO, is_up=True)
    assert not move(first, WHO, is_up=True)
    assert not move(mayor, WHO, is_up=False)
    ranks = dict(Mandate.objects.values_list("pk", "rank"))
    assert [ranks[one.pk] for one in (first, third, second)] == [1, 2, 3]
    assert Change.objects.count() == 1


def test_ranks_that_were_equal_or_missing_are_put_right(delle: Organisation) -> None:
    ids = [somebody(delle, name, rank=n).pk for name, n in (("A", 1), ("B", 1), ("C", 7))]
    assert put_in_order(delle, [ids[1], ids[0], ids[2]], WHO)
    ranks = dict(Mandate.objects.values_list("pk", "rank"))
    assert [ranks[pk] for pk in ids] == [2, 1, 3]
    assert not put_in_order(delle, [ids[1], ids[0], ids[2]], WHO)


def test_the_order_of_functions_is_the_laws(delle: Organisation) -> None:
    mayor, deputy = somebody(delle, "Aubry", "maire"), somebody(delle, "Tilleul")
    with pytest.raises(MandateError, match="celui de la loi"):
        put_in_order(delle, [deputy.pk, mayor.pk], WHO)
    with pytest.raises(MandateError, match="rechargez"):
        put_in_order(delle, [mayor.pk], WHO)
    assert not Change.objects.exists()


def test_a_number_that_changes_is_another_one(delle: Organisation) -> None:
    person = somebody(delle, "Aubry", "maire", mobile="+33639980001").person
    old = person.addresses.get()
    Address.objects.update(failures=2, failing_since=timezone.now(), position=4)
    old.refresh_from_db()
    change_address(old, "06 39 98 00 12", delle, WHO)
    new = person.addresses.get()
    assert (new.value, new.position, new.failures) == ("+33639980012", 4, 0)
    # Typed is not proven: it is confirmed by a test, or by whoever says that it is right.
    assert new.confirmed_on is None
    assert _told(delle) == ["+33639980012"]
    assert change_address(new, "+33 6 39 98 00 12", delle, WHO) == new
    assert Change.objects.count() == 1


def test_addresses_are_added_once_and_the_last_one_stays(delle: Organisation) -> None:
    person = somebody(delle, "Aubry", "maire", mobile="+33639980001").person
    with pytest.raises(ValidationError, match="déjà cette adresse"):
        add_address(person, AddressKind.MOBILE, "0639980001", delle, WHO)
    with pytest.raises(ValidationError, match="dernière adresse"):
        remove_address(person.addresses.get(), WHO)
    second = add_address(person, AddressKind.MOBILE, "0639980002", delle, WHO)
    assert _told(delle) == ["+33639980001"]
    assert try_first(second, WHO)
    assert not try_first(second, WHO)
    assert _told(delle) == ["+33639980002"]
    remove_address(person.addresses.get(value="+33639980001"), WHO)
    assert [one.value for one in person.addresses.all()] == ["+33639980002"]


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\u00ad", "\u202a", "\u2060"])
def test_what_shows_nothing_is_taken_out_of_an_address(delle: Organisation, unseen: str) -> None:
    """Pasted from a page, it holds characters that nobody sees."""
    pasted = f"{unseen}Maire{unseen}@delle.example{unseen} "
    assert read_address(AddressKind.EMAIL, pasted, delle) == "maire@delle.example"
    number = f"{unseen}06 39 98 00 12{unseen}"
    assert read_address(AddressKind.MOBILE, number, delle) == "+33639980012"


def test_a_number_is_read_by_the_plan_of_its_commune() -> None:
    basse_terre = organisation(code="97105")
    assert read_address(AddressKind.MOBILE, "0690 30 12 34", basse_terre) == "+590690301234"


def test_a_sample_number_is_refused_beside_a_real_provider(
    delle: Organisation, real_provider: None
) -> None:
    with pytest.raises(ValidationError, match="fiction"):
        read_address(AddressKind.MOBILE, "06 39 98 00 12", delle)
