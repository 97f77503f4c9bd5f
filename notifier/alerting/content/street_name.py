"""Check by their shape whether words are the name of a way or a place.

- Groups of words, at most four, stand between links (de, aux, sur).
- A group has at most one word that no list knows (a surname, a village), behind words that stand in
  names of ways: adjectives, the country's nouns, titles, first names.
- A title and a first name begin a name; behind another name they are somebody's.
- Behind a name no dwelling has one of its own ("maison Dupont"), and no « le », « en », « sous »
  leads to a word that no list knows.
- No word of `forbidden_words` stands anywhere, no script but Latin; one number in letters at the
  most, where streets have it (« des Trois Frères »), and figures only in a road's number.
"""

from __future__ import annotations

import re
from itertools import pairwise, takewhile

from notifier.alerting.content.street_vocabulary import (
    ARTICLES,
    BUILT,
    DWELLINGS,
    LANDMARKS,
    MONTHS,
    ROADS,
    TRUE_NAMES,
)
from notifier.alerting.content.street_word import (
    KNOWN_TO_STAND,
    NAMES_SOMEBODY,
    NUMBERED_ROAD,
    UNNAMED,
    Word,
    WordKind,
    is_allowed,
    mixes_cases,
    words_in,
)
from notifier.intake.schema.forbidden_words import fold, is_first_name

MAX_GROUPS = 4
MAX_UNKNOWN = 2

# After "à": what there is to do, or was done, not where. Without its accent it may be "has".
_VERBAL = re.compile(r"(?:(?<!i)er|ir|oir|é|ée|és|ées)$")
_PARTICIPLE = re.compile(r"(?:[eiu]|is|it|ert)$")


def says_where(name: list[str]) -> bool:
    """Whether a name is more than "rue"."""
    return len(name) > 1 or fold(name[0]) in LANDMARKS or NUMBERED_ROAD.match(name[0]) is not None


def is_a_name(head: list[str], tokens: list[str], *, shouted: bool) -> bool:
    """Whether the tokens behind a way's own words are its name, and all of it.

    `shouted`: the text is in capitals, which then say nothing of a surname.
    """
    if "-".join(map(fold, tokens)) in TRUE_NAMES:
        return True
    is_road = NUMBERED_ROAD.match(head[0]) is not None or fold(head[0]) in ROADS
    if not all(NUMBERED_ROAD.fullmatch(token) or is_allowed(token, shouted) for token in tokens):
        return False
    if not shouted and mixes_cases(tokens):
        return False
    words = [word for token in tokens for word in words_in(token)]
    kinds = [word.kind for word in words]
    if is_road and not _roads_hold(head, words):
        return False
    if not is_road and WordKind.ROAD in kinds:
        return False
    if _is_a_date_in_letters(words):
        return True
    # "rue du 8 mai 1945" has its name, "Grande Rue" too: behind it only where it leads.
    if (
        len(head) > 1
        and words
        and (
            any(map(str.isdigit, head[1]))
            or words[0].kind in NAMES_SOMEBODY
            or words[0].plain in DWELLINGS
        )
    ):
        return False
    unknown = sum(w.kind is WordKind.UNKNOWN and not w.is_joined for w in words)
    if unknown > MAX_UNKNOWN + is_road or not _numbers_hold(head[-1], words):
        return False
    return _groups_hold(words, is_numbered=NUMBERED_ROAD.match(head[0]) is not None)


# --- numbers


def _roads_hold(head: list[str], words: list[Word]) -> bool:
    """One road and one marker, or two roads that meet; behind a number comes where it leads."""
    begins = [Word(head[0], WordKind.ROAD)] if NUMBERED_ROAD.match(head[0]) else []
    whole = [*begins, *words]
    for before, behind in pairwise(whole):
        if before.kind is WordKind.ROAD and behind.kind not in UNNAMED:
            return False
    roads = [word.plain.startswith("p") for word in whole if word.kind is WordKind.ROAD]
    markers, most = sum(roads), 1 if begins else 2
    return markers <= 1 and len(roads) <= (2 if markers else most)


def _is_a_date_in_letters(words: list[Word]) -> bool:
    """Whether a commemoration's date follows the way's own word: "du Huit Mai"."""
    return (
        len(words) == 3
        and words[0].plain == "du"
        and (words[1].kind is WordKind.NUMBER or words[1].plain == "premier")
        and words[2].plain in MONTHS
    )


def _numbers_hold(head: str, words: list[Word]) -> bool:
    """At most one number, as streets have it: "des Trois Frères", "aux Deux Ponts", "Pont Neuf"."""
    numbers = [at for at, word in enumerate(words) if word.kind is WordKind.NUMBER]
    romans = [at for at, word in enumerate(words) if word.kind is WordKind.ROMAN]
    if len(numbers) + len(romans) > 1:
        return False
    if romans:
        at = romans[0]
        return at == len(words) - 1 and at > 0 and words[at - 1].kind is WordKind.GIVEN
    if not numbers:
        return True
    at = numbers[0]
    before = words[at - 1] if at else None
    behind = words[at + 1] if at + 1 < len(words) else None
    if words[at].plain == "neuf":
        # "Pont Neuf", "Neuf-Brisach": it also means new.
        is_new = before.plain in BUILT if before else fold(head) in BUILT
        return is_new or (behind is not None and behind.is_joined)
    counts = behind is not None and behind.kind in (WordKind.NOUN, WordKind.UNKNOWN, WordKind.TITLE)
    many = before is not None and before.plain in ("des", "aux", "les")
    return counts and (many or (at == 0 and behind is not None and behind.is_joined))


# --- groups


def _groups_hold(words: list[Word], *, is_numbered: bool) -> bool:
    groups: list[tuple[str, list[Word]]] = [("", [])]
    for word in words:
        if word.kind in UNNAMED:
            if groups[-1][1]:
                groups.append((word.text, []))
            else:
                groups[-1] = (word.text, [])
        else:
            groups[-1][1].append(word)
    named = [(link, group) for link, group in groups if group]
    if len(named) > MAX_GROUPS or _says_whose(words) or _says_who(words):
        return False
    begins_with_name = bool(named) and is_first_name(named[0][1][0].text)
    # "rue des Lilas et Kevin", "place des Fêtes à Marie"; not "Pierre et Marie".
    for link, group in named[1:]:
        alone = len(group) == 1 and group[0].kind is WordKind.GIVEN and not group[0].is_joined
        if alone and not (fold(link) == "et" and begins_with_name):
            return False
    return all(
        _group_holds(
            link,
            group,
            is_first=not is_numbered and (at == 0 or (fold(link) == "et" and begins_with_name)),
        )
        for at, (link, group) in enumerate(named)
    )


def _says_whose(words: list[Word]) -> bool:
    """Whether a dwelling stands behind the name, and a name behind it: whose house it is."""
    named = [word for word in words if word.kind not in UNNAMED]
    at = next((at for at, word in enumerate(named) if at and word.plain in DWELLINGS), None)
    return at is not None and any(word.kind in NAMES_SOMEBODY for word in named[at:])


def _says_who(words: list[Word]) -> bool:
    """Whether « le », « la », « en », « sous » stand behind the name, before a word no list knows.

    "rue des Lilas le Roumain", "la petite Marie", "sous Tercian", "en Clio"; not "la" behind
    another link, "vers la Chapelle", nor within a name that hyphens join.
    """
    for at, (before, word) in enumerate(pairwise(words), start=1):
        if before.kind in UNNAMED or word.kind is not WordKind.LINK or word.is_joined:
            continue
        behind = takewhile(lambda next_word: next_word.kind not in UNNAMED, words[at + 1 :])
        kinds = {word_behind.kind for word_behind in behind}
        if word.plain in ARTICLES and not kinds.isdisjoint({WordKind.UNKNOWN, WordKind.GIVEN}):
            return True
        if word.plain in ("en", "sous"):
            rest = {word_behind.kind for word_behind in words[at + 1 :]}
            if not rest.isdisjoint({WordKind.UNKNOWN, WordKind.GIVEN}):
                return True
    return False


def _group_holds(link: str, group: list[Word], *, is_first: bool) -> bool:
    """Whether words that no link parts are one name's. `link` is what stands before them."""
    room = 2 if fold(link) in ("sens", "direction") else 1
    last = group[-1]
    if (
        fold(link) == "a"
        and last.kind is WordKind.UNKNOWN
        and (
            _VERBAL.search(last.text.lower())
            or (link.lower() == "a" and _PARTICIPLE.search(last.plain))
        )
    ):
        return False
    if not _is_one_person_at_most(group):
        return False
    unknown = 0
    for at, word in enumerate(group):
        before = group[at - 1] if at else None
        is_last = at == len(group) - 1
        match word.kind:
            case WordKind.UNKNOWN:
                unknown += not (word.is_joined and before and before.kind is WordKind.UNKNOWN)
                if unknown > room:
                    return False
            case WordKind.SAINT:
                # "Villers Saint Paul": a village of its own.
                unknown = 0
            case WordKind.NOUN:
                if unknown and not word.is_joined:
                    return False
            case WordKind.GIVEN:
                if not _given_holds(word, before, is_first=is_first, is_last=is_last):
                    return False
            case WordKind.TITLE:
                if not (is_first and not unknown) and len(group) > 1 and not word.is_joined:
                    return False
                if before and before.kind is WordKind.NOUN and not word.is_joined:
                    return False
    return True


def _is_one_person_at_most(group: list[Word]) -> bool:
    """Three words make a person (Jean Paul Sartre), two behind a title, one behind a saint."""
    most, persons = 3, 0
    for word in group:
        if word.kind is WordKind.TITLE and not word.is_joined:
            most, persons = min(most, 2), 0
        elif word.kind in (WordKind.SAINT, WordKind.NUMBER):
            most, persons = 1, 0
        elif word.kind in (WordKind.GIVEN, WordKind.UNKNOWN) and (
            not word.is_joined or not persons
        ):
            persons += 1
            if persons > most:
                return False
    return True


def _given_holds(word: Word, before: Word | None, *, is_first: bool, is_last: bool) -> bool:
    """Whether a first name begins or ends the name, or follows a title, a saint, a first name."""
    if before is None:
        return is_first or is_last
    if before.kind is WordKind.TITLE:
        return is_first
    if before.kind in (WordKind.GIVEN, WordKind.SAINT) or word.is_joined:
        return before.kind is not WordKind.UNKNOWN
    return is_last and before.kind in KNOWN_TO_STAND
