"""The demonstration notices a text too many, a text too few, and whom its book expects."""

from dataclasses import replace

import pytest

from notifier.ops.demo import conventions
from notifier.ops.demo.inboxes import Address, AddressBook, find_differences, format_phone
from notifier.ops.demo.scenario import Scene, Story
from notifier.ops.management.commands.demo import STORIES
from notifier.settings import packaged
from notifier.simulator.client import Sms

MAYOR = Address("sms", "+33639980079", "Delle, maire")


def sms(to: str) -> Sms:
    return {
        "sid": "SM1", "to": to, "from": "Gendarmerie", "body": "texte", "segments": 1,
        "status": "delivered", "error_code": None, "created": "", "answered": 201, "copies": 1,
        "tries": 1,
    }  # fmt: skip


def test_what_was_expected_is_no_difference() -> None:
    assert find_differences([MAYOR], [sms(MAYOR.address)], []) == []


def test_the_same_text_twice_is_one_too_many() -> None:
    faults = find_differences([MAYOR], [sms(MAYOR.address)] * 2, [])
    assert faults == ["de trop : sms à +33639980079 (1)"]


def test_silence_is_noticed() -> None:
    assert find_differences([MAYOR], [], []) == ["jamais arrivé : sms à +33639980079"]


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_every_scene_that_tells_somebody_finds_them_in_the_sample_contacts(story: Story) -> None:
    book = AddressBook([packaged("config") / file for file in story.contacts])
    for scene in story.scenes:
        for organisation, functions in scene.told.items():
            for function in functions:
                alone = replace(scene, told={organisation: (function,)})
                assert book.expected(alone), (scene.title, organisation, function)


def test_whoever_has_several_hats_is_expected_once() -> None:
    book = AddressBook([packaged("config") / file for file in conventions.STORY.contacts])
    hats = {"63042": ("maire",), "partenaire:conseil-clermont": ("référent sûreté",)}
    expected = book.expected(Scene("", "", {}, hats))
    assert [one.address for one in expected] == ["+33639986302", "maire@blanzat.example"]


def test_numbers_are_shown_as_people_say_them() -> None:
    assert format_phone("+33639980079") == "06 39 98 00 79"
