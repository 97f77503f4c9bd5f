"""What is changed of a source, all of it or nothing, and what the journal says of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from notifier.intake.access.api_keys import add_source, renew_key, revoke, rotate
from notifier.intake.access.sources import change_source
from notifier.intake.models import Source
from notifier.journal.models import Entry, Step

BY = "A. Dupont"


@pytest.fixture
def source(db) -> Source:
    return add_source("CORG 90", ["90"], service="Gendarmerie", duty_email="", signed=False).source


def test_only_what_is_new_is_written_and_the_journal_holds_no_address(source) -> None:
    changes = {"duty_phone": "03 53 01 00 90", "sms_cap": 200, "service": "Gendarmerie"}
    assert change_source(source, changes, BY) == ["duty_phone", "sms_cap"]
    stored = Source.objects.get()
    assert (stored.duty_phone, stored.sms_cap) == ("+33353010090", 200)
    entry = Entry.objects.get(step=Step.SOURCE)
    assert "téléphone de permanence, plafond de SMS par jour" in entry.text
    assert BY in entry.text
    assert entry.data["sms_cap"] == [None, 200]
    assert "0353010090" not in f"{entry.text}{entry.data}".replace(" ", "").replace("+33", "0")


def test_what_cannot_be_taken_changes_nothing_at_all(source) -> None:
    with pytest.raises(ValidationError) as refused:
        change_source(source, {"sms_cap": 10, "duty_phone": "12"}, BY)
    assert "duty_phone" in refused.value.message_dict
    assert Source.objects.get().sms_cap is None
    assert not Entry.objects.filter(step=Step.SOURCE).exists()


def test_a_key_that_is_replaced_meanwhile_stays(source) -> None:
    renew_key(source)
    hashed = Source.objects.get().key_hash
    change_source(source, {"sms_cap": 10}, BY)
    assert Source.objects.get().key_hash == hashed


def test_each_change_of_a_key_is_in_the_journal_with_its_author_and_without_the_key(source) -> None:
    new = rotate(source, timedelta(hours=24), BY)
    revoke(source, BY)
    renewed = renew_key(source, BY)
    add_source("CORG 25", ["25"], service="Gendarmerie", duty_email="", signed=False, by=BY)
    texts = list(Entry.objects.filter(step=Step.SOURCE).values_list("text", flat=True))
    assert len(texts) == 4
    assert all(BY in text for text in texts)
    assert not any(key in text for text in texts for key in (new.key, renewed))
