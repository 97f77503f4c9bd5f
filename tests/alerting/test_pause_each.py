"""Everything, or all sources of a groupement, is paused and resumed by one press, with a reason."""

from __future__ import annotations

import pytest

from notifier.alerting.throttling.pause import (
    pause,
    pause_each,
    pauses_of,
    resume,
    resume_each,
)
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Source
from notifier.journal.models import Entry, Step

BY = "A. Dupont"


@pytest.fixture
def centres(db) -> list[Source]:
    return [
        add_source(f"CORG {d}", [d], service="Gendarmerie", duty_email="", signed=False).source
        for d in ("25", "70", "90")
    ]


def test_all_of_ones_own_sources_are_paused_and_resumed(centres) -> None:
    own, other = centres[:2], centres[2]
    pause(own[0], BY)
    assert pause_each(own, BY, "essai de la nouvelle permanence") == [own[1]]
    everybodys, mine = Source.objects.all(), Source.objects.filter(pk__in=[s.pk for s in own])
    assert [one.source for one in pauses_of(mine)] == own
    assert [one.source for one in pauses_of(Source.objects.filter(pk=other.pk))] == []
    assert pauses_of(everybodys)[1].reason == "essai de la nouvelle permanence"
    assert "essai de la nouvelle permanence" in Entry.objects.filter(step=Step.PAUSED).last().text
    assert resume_each(centres, BY) == own
    assert pauses_of(everybodys) == []


def test_a_pause_of_everything_is_everybodys_first(centres) -> None:
    pause(centres[0], BY)
    pause(None, "la plateforme", "panne d’un opérateur")
    for sources in (Source.objects.all(), Source.objects.none()):
        first = pauses_of(sources)[0]
        assert (first.source, first.reason) == (None, "panne d’un opérateur")
    resume(None, "la plateforme")
    assert pauses_of(Source.objects.none()) == []


def test_what_is_paused_costs_a_page_one_statement_while_nothing_is(
    centres, django_assert_num_queries
) -> None:
    with django_assert_num_queries(1):
        pauses_of(Source.objects.all())
    pause(centres[0], BY)
    with django_assert_num_queries(2):
        pauses_of(Source.objects.all())
