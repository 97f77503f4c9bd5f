"""Of dispatch's free text, only a way's name gets out, and only if the category allows a place."""

from __future__ import annotations

import re
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.alerting.content.street_label import safe_place
from notifier.delivery.models import Message
from notifier.journal.models import Entry
from tests.alerting.house import ACCIDENT, DELLE, THEFT, contact, journal, messages, number, push

# Words as a dispatcher types them under stress; some may look like a way's name.
WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "rue",
                "RD",
                "chez",
                "Mme",
                "Zébulon",
                "ZÉBULON",
                "06",
                "39980012",
                "AB-123-CD",
                "code",
            ]
        ),
        st.text(
            st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="«»"), max_size=12
        ),
    ),
    min_size=1,
    max_size=12,
).map(" ".join)
references = (f"F{n}" for n in count())


@pytest.fixture
def mayor(source):
    contact(mobile=number(1), email="maire@delle.example")


def sms_context(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def all_that_is_kept(reference: str) -> set[str]:
    texts = [m.subject + " " + m.body + " " + m.html for m in messages(reference)]
    texts += [f"{line.text} {line.data}" for line in journal(reference)]
    return set().union(*map(sms_context, texts))


@pytest.fixture
def usual(source, mayor, category: str) -> set[str]:
    """Every word that is kept of such an event without any free text."""
    push(source, "F", category=category)
    return all_that_is_kept("F")


@pytest.mark.one_database(reason="the words of a text are the subject")
@given(label=WORDS.filter(lambda text: len(text.strip()) <= 200))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("category", [ACCIDENT, THEFT])
def test_no_word_of_the_label_is_told_or_written_but_a_ways_name(
    source, mayor, category, usual, label
) -> None:
    reference = next(references)
    push(source, reference, category=category, location={**DELLE, "label": label})
    allowed = sms_context(safe_place(label) or "") if category == ACCIDENT else set()
    # Numbers are left out: ours (ids, times, sizes) differ from one event to the next.
    leaked = {w for w in sms_context(label) - allowed - usual if len(w) > 3 and w.isalpha()}
    assert not leaked & all_that_is_kept(reference)


@pytest.mark.one_database(reason="the words of a text are the subject")
@given(name=WORDS.filter(lambda text: len(text) <= 80))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_name_as_dispatch_typed_it_is_neither_told_nor_written_for_good(
    source, mayor, name
) -> None:
    reference = next(references)
    push(source, reference, location={"insee": "90033", "name": f"{name} Durand-Zébulon"})
    assert "zébulon" not in all_that_is_kept(reference)
    (asked,) = messages(reference)
    assert asked.recipient == "duty"
    assert "zébulon" not in f"{asked.subject} {asked.body} {asked.html}".lower()


def test_a_category_without_place_never_shows_the_label(source, mayor) -> None:
    push(source, category=THEFT, location={**DELLE, "label": "rue de Déridé"})
    push(source, "R2", category=ACCIDENT, location={**DELLE, "label": "rue de Déridé"})
    assert "Déridé" not in "".join(m.body + m.html for m in messages("R1"))
    assert "Déridé" in messages("R2")[0].body


def test_nobodys_name_or_whole_address_is_in_the_journal(source) -> None:
    contact(mobile=number(1), email="zoe@delle.example", last_name="Durand", first_name="Zoé")
    push(source)
    assert Message.objects.count() == 2
    for line in Entry.objects.all():
        written = f"{line.text} {line.data}"
        for secret in ("Durand", "Zoé", "zoe@", number(1), number(1)[3:]):
            assert secret not in written
