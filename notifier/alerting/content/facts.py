"""Contexts of the templates: plain words from a whitelist of facts, in the commune's own time.

What is not in `Facts` cannot reach a text, whatever an operator writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.alerting.content.category_label import parse_label
from notifier.alerting.content.spoken import (
    spoken_day,
    spoken_hour,
    spoken_phone,
    spoken_reference,
)
from notifier.alerting.content.street_label import safe_place
from notifier.alerting.content.typography import list_names, truncate, unbreakable, with_remark
from notifier.intake.schema.vocabulary import Severity
from notifier.moments import short_hour, written_hour, written_moment
from notifier.territory.grammar import with_a, with_de


@dataclass(frozen=True)
class Facts:
    """What a mayor may read of a report, and nothing else.

    `status` is engaged, on_scene, closed or cancelled; `severity` one of `Severity`.
    `occurred_at` and `composed_at` are aware and shown in `time_zone`, the commune's own (IANA).
    `place` is dispatch's label, or None where the category does not allow one; of it, only what
    `safe_place` returns reaches a template. `next_to` is the name of the commune where it happens,
    for the mayor of an adjoining one; None for the mayor whose own commune it is. `holders` are the
    names of the communes that hold the point (several only where no source draws their border), for
    the mayor of a commune nearby; else empty. `moved_to` are the communes where it is now, for
    the mayor of a former one, if he may know. `duty_phone` is the number to dial; empty if the
    source has none. `ended_at` is when it ended, or, without `end_is_dated`, when dispatch reported
    the end; `closure` is how, in French. `unreached` says who could not be reached, to whoever
    is notified in their place.
    `category_label` is as in the categories file, brackets included.
    `answer_url` is where its reader answers, empty where no answer is asked for; `takes_reply` says
    whether a text may be answered as well, for it comes from a number.
    `organisation` is the name of one that a convention tells, and empty for a mayor; `commune` then
    lists `communes`, those of its territory in which it happens, `sites` are the names of its own
    places, `agreements` the titles of the conventions, and `instead_of` the communes of which it
    read before.
    """

    commune: str
    category_label: str
    status: str
    severity: str
    occurred_at: datetime
    composed_at: datetime
    time_zone: str
    place: str | None
    reference: str
    service: str
    legal_basis: str
    exercise: bool
    next_to: str | None = None
    holders: Sequence[str] = ()
    moved_to: Sequence[str] = ()
    duty_phone: str = ""
    ended_at: datetime | None = None
    end_is_dated: bool = True
    closure: str = ""
    unreached: str = ""
    organisation: str = ""
    communes: Sequence[str] = ()
    sites: Sequence[str] = ()
    agreements: Sequence[str] = ()
    instead_of: Sequence[str] = ()
    answer_url: str = ""
    takes_reply: bool = False

    def __post_init__(self) -> None:
        moments = (self.occurred_at, self.composed_at, self.ended_at)
        if any(at is not None and at.tzinfo is None for at in moments):
            raise ValueError("occurred_at, composed_at and ended_at must say their time zone")


@dataclass(frozen=True)
class ReviewFacts:
    """What the duty officer reads of a report in review.

    `received` and `deadline` are moments in French, in the groupement's own time zone; `clues` and
    `candidates` are French lines. `certain` names the communes that are certain, if any.
    `is_resources_only`: resources were reported without their incident, `severity` is empty then.
    `is_kept`: the category is withheld, whatever is decided.
    """

    reference: str
    source: str
    category: str
    status: str
    severity: str
    received: str
    deadline: str
    reason: str
    clues: list[str]
    candidates: list[str]
    certain: str
    is_resources_only: bool
    is_kept: bool
    is_expired: bool
    exercise: bool
    page: str = ""
    """The address of its page in the administration."""
    is_contested: bool = False
    """Whether somebody who was told says that the commune is another; `told` names those told."""
    is_contested_by_organisation: bool = False
    """Whether whoever says so is of another organisation than a commune."""
    told: str = ""
    is_late: bool = False
    """Whether a text to the commune that is decided would be of no more use."""


STATUS_WORDS = {
    "engaged": "intervention en cours",
    "on_scene": "équipe sur place",
    "closed": "intervention terminée",
    "cancelled": "intervention annulée",
}
# After "situation :" or in brackets.
_SEVERITY = {
    Severity.MINOR: "sans gravité",
    Severity.MODERATE: "gravité modérée",
    Severity.SEVERE: "grave",
    Severity.EXTREME: "très grave",
}
Context = dict[str, str | bool | None]
ReviewContext = dict[str, str | bool | list[str]]


def sms_context(facts: Facts) -> Context:
    """Return the context of an SMS; hours are in the commune's time zone, as "10h03"."""
    return _text_context(facts, short_hour)


def voice_context(facts: Facts, kind: str) -> Context:
    """Return the context of what is spoken: hours, numbers and the reference as one says them."""
    return {
        **_text_context(facts, spoken_hour, spoken_day),
        "kind": kind,
        "reference": spoken_reference(facts.reference),
        "duty_phone": spoken_phone(facts.duty_phone),
    }


def mail_context(facts: Facts) -> Context:
    """Return the context of a mail; hours are written "10 h 03"."""
    context = _text_context(facts, written_hour)
    return {**context, "duty_phone": unbreakable(facts.duty_phone)}


def taken_context(facts: Facts, by: str, at: str, *, is_sms: bool = True) -> Context:
    """Return the context of a text that says who has taken it in hand, and at which hour."""
    context = sms_context(facts) if is_sms else mail_context(facts)
    # Nobody needs to answer any more.
    asks_nothing = {"answer_url": None, "takes_reply": False}
    return {**context, **asks_nothing, "taken_by": by, "taken_at": at}


def _short_day(at: datetime) -> str:
    return f"{at:%d/%m}"


def _text_context(
    facts: Facts, hour: Callable[[datetime], str], day: Callable[[datetime], str] = _short_day
) -> Context:
    zone = ZoneInfo(facts.time_zone)
    occurred, now = facts.occurred_at.astimezone(zone), facts.composed_at.astimezone(zone)
    ended = facts.ended_at.astimezone(zone) if facts.ended_at else None
    is_today = occurred.date() == now.date()
    is_same_day = ended is not None and ended.date() == now.date()
    clock = hour(occurred) if is_today else f"{day(occurred)} à {hour(occurred)}"
    time = f"à {clock}" if is_today else f"le {clock}"
    label, severity = parse_label(facts.category_label), Severity(facts.severity)
    graded = label.plain if severity is Severity.MODERATE else label.with_severity(severity)
    severity_words = f"{_SEVERITY[severity]}, " if label.severity_word else ""
    return {
        "commune": facts.commune,
        "neighbour": facts.next_to,
        "of_neighbour": with_de(facts.next_to) if facts.next_to else None,
        "holder": " ou ".join(facts.holders) or None,
        "at_holder": " ou ".join(map(with_a, facts.holders)) or None,
        "moved_to": " et ".join(map(with_a, facts.moved_to)) or None,
        "category": label.plain,
        "graded_category": graded,
        "worse_category": label.with_severity(severity),
        "category_and_hour": with_remark(label.plain, clock),
        "graded_category_and_hour": with_remark(graded, clock),
        "past_category": label.with_hour(f"de {clock}" if is_today else f"du {clock}", time),
        "place": safe_place(facts.place),
        "reference": facts.reference,
        "reference_mark": "Réf. ",
        "service": facts.service,
        "duty_phone": facts.duty_phone,
        "legal_basis": facts.legal_basis,
        "organisation": facts.organisation or None,
        "is_several": len(facts.communes) > 1,
        "of_commune": with_de(facts.commune),
        "at_communes": list_names([with_a(c) for c in facts.communes], "autres communes") or None,
        "site": " et ".join(facts.sites) or None,
        "instead_of": list_names([with_a(c) for c in facts.instead_of], "autres communes") or None,
        "agreement": agreement_clause(facts.agreements),
        "exercise": facts.exercise,
        "status": str(facts.status),
        "status_words": STATUS_WORDS[facts.status],
        "severity": str(severity),
        "severity_words": _SEVERITY[severity],
        # Where a label is truncated, its severity is not.
        "severity_mark": f" ({label.severity(severity)})" if graded != label.plain else "",
        "situation": severity_words + STATUS_WORDS[facts.status],
        # Of what wants an answer that is not the word.
        "for_information": "" if facts.answer_url else "Pour information, ",
        "says_state": True,
        "answer_url": facts.answer_url or None,
        "takes_reply": facts.takes_reply and bool(facts.answer_url),
        "reply_word": None,
        "unreached": facts.unreached or None,
        "time": time,
        "clock": clock,
        "date_and_time": written_moment(occurred),
        "ended": _end_clause(facts, "" if is_same_day else day(ended), hour(ended))
        if ended
        else None,
        "end_date_and_time": written_moment(ended) if ended else None,
        "end_is_dated": facts.end_is_dated,
        "closure": facts.closure or None,
    }


def agreement_clause(titles: Sequence[str]) -> str | None:
    """Name conventions in a sentence: "la convention « … »"; None without one."""
    if not titles:
        return None
    named = list_names([f"« {title} »" for title in titles], "autres")
    return f"les conventions {named}" if len(titles) > 1 else f"la convention {named}"


def _end_clause(facts: Facts, day: str, hour: str) -> str:
    """Return the hour of the end; where dispatch gave none, the one at which it reported it.

    `day` is empty for today.
    """
    moment = f"le {day} à {hour}" if day else f"à {hour}"
    return moment if facts.end_is_dated else f"(signalée {moment})"


def review_context(facts: ReviewFacts) -> ReviewContext:
    """Return the context of the mail that asks which commune it is."""
    return {
        "reference": facts.reference,
        "source": facts.source,
        "category": facts.category,
        "status_words": STATUS_WORDS[facts.status],
        "severity_words": _SEVERITY[Severity(facts.severity)] if facts.severity else "",
        "received": facts.received,
        "deadline": facts.deadline,
        "reason": facts.reason,
        "clues": facts.clues,
        "candidates": facts.candidates,
        "command": review_command(
            facts.reference,
            is_named=bool(facts.candidates),
            is_resources_only=facts.is_resources_only,
        ),
        "page": facts.page,
        "certain": facts.certain,
        "resources_only": facts.is_resources_only,
        "kept": facts.is_kept,
        "expired": facts.is_expired,
        "contested": facts.is_contested,
        "contested_by_organisation": facts.is_contested_by_organisation,
        "told": facts.told,
        "late": facts.is_late,
        "exercise": facts.exercise,
    }


def review_command(reference: str, *, is_named: bool, is_resources_only: bool) -> str:
    """Return the command that decides; a commune that no clue names needs a reason.

    Resources without their report (`is_resources_only`) have no commune: they can be dismissed.
    """
    if is_resources_only:
        return f"notifier review {reference} --dismiss --why RAISON"
    return f"notifier review {reference} --commune CODE" + ("" if is_named else " --why RAISON")


def without_courtesies(context: Context) -> Iterator[Context]:
    """Yield the context with fewer and fewer courtesies, where that spares a segment.

    The link by which a reader answers leaves no room for how far it is as well.
    """
    yield context
    context = {**context, "for_information": ""}
    yield context
    yield {**context, "reference_mark": ""}
    if context["answer_url"]:
        context = {**context, "says_state": False}
        yield context
        yield {**context, "reference_mark": ""}


def shortened(context: Context) -> Iterator[Context]:
    """Yield ever shorter contexts for an SMS; reference and telephone are never cut."""
    yield context
    context = {**context, "for_information": "", "place": None}
    yield context
    context = {**context, "reference_mark": ""}
    yield context
    context = {
        **context,
        "unreached": None,
        "moved_to": None,
        "instead_of": None,
        "closure": None,
    }
    context = {**context, "says_state": not context["answer_url"]}
    yield context
    for most in (40, 25, 12):
        category = truncate(str(context["category"]), most)
        of_neighbour, at_holder = context["of_neighbour"], context["at_holder"]
        site = context["site"]
        yield {
            **context,
            "category": category,
            "graded_category": category + str(context["severity_mark"]),
            "worse_category": category + str(context["severity_mark"]),
            "past_category": f"{category}, {context['time']}",
            "commune": truncate(str(context["commune"]), most),
            "site": site and truncate(str(site), most),
            "of_neighbour": of_neighbour and truncate(str(of_neighbour), most + 3),
            "at_holder": at_holder and truncate(str(at_holder), most + 3),
            "service": truncate(str(context["service"]), most),
        }
