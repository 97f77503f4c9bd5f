"""Contexts of a digest: many alerts in one text to one address, each as it now stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.alerting.content.category_label import parse_label
from notifier.alerting.content.facts import Facts, agreement_clause, mail_context
from notifier.alerting.content.samples import ORGANISATION_SAMPLE, SAMPLE, SITE_SAMPLE
from notifier.alerting.content.typography import list_names, truncate, unbreakable, with_remark
from notifier.moments import short_hour, written_hour
from notifier.territory.grammar import with_de

# An SMS has room for fewer references than this; there is no use in trying more.
MAX_REFERENCES = 12

DigestContext = Mapping[str, object]


@dataclass(frozen=True)
class Digest:
    """The facts of the alerts in one digest: of one service, all real or all exercises."""

    service: str
    exercise: bool
    alerts: Sequence[Facts]


def digest_sms_context(digest: Digest) -> DigestContext:
    """Return the context of the SMS; hours are those of each alert's own commune."""
    return _digest_context(digest, short_hour)


def digest_mail_context(digest: Digest) -> DigestContext:
    """Return the context of the mail."""
    context = _digest_context(digest, written_hour)
    return {**context, "duty_phone": unbreakable(str(context["duty_phone"]))}


def _digest_context(digest: Digest, hour: Callable[[datetime], str]) -> DigestContext:
    alerts = sorted(digest.alerts, key=lambda facts: facts.occurred_at)
    over = sum(facts.status in _CLOSED_WORDS for facts in alerts)
    places = list(dict.fromkeys(_place_of(facts) for facts in alerts))
    return {
        "service": digest.service,
        # One source's, and the latest of its telephones.
        "duty_phone": alerts[-1].duty_phone,
        "exercise": digest.exercise,
        "count": len(alerts),
        "over": over,
        "communes": list_names(places, "autres communes"),
        "period": _period(alerts, hour),
        "groups": list(_group_alerts(alerts, several=len(places) > 1)),
        "more_groups": 0,
        "references": [facts.reference for facts in alerts],
        "more_references": 0,
        "interventions": [_table_row(facts) for facts in alerts],
        "legal_bases": _distinct(f.legal_basis for f in alerts if not f.organisation),
        "agreement": agreement_clause(_distinct(title for f in alerts for title in f.agreements)),
    }


def shortened_digest(context: DigestContext) -> Iterator[DigestContext]:
    """Yield contexts with fewer references, then fewer groups, then cut names; the count stays."""
    references, groups = _strings(context, "references"), _strings(context, "groups")
    for kept in range(min(len(references), MAX_REFERENCES), -1, -1):
        context = {
            **context, "references": references[:kept], "more_references": len(references) - kept
        }  # fmt: skip
        yield context
    for kept in range(len(groups) - 1, 0, -1):
        context = {**context, "groups": groups[:kept], "more_groups": len(groups) - kept}
        yield context
    for most in (40, 25):
        yield {
            **context,
            "communes": truncate(str(context["communes"]), most),
            "groups": [truncate(groups[0], most)],
            "more_groups": len(groups) - 1,
        }


_CLOSED_WORDS = {"closed": ("terminée", "terminées"), "cancelled": ("annulée", "annulées")}


def _strings(context: DigestContext, name: str) -> list[str]:
    values = context[name]
    return [str(value) for value in values] if isinstance(values, list) else []


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _place_of(facts: Facts) -> str:
    if facts.sites:
        return f"{facts.commune}, {' et '.join(facts.sites)}"
    if facts.next_to:
        return f"{facts.next_to} (commune voisine)"
    if facts.holders:
        return f"{' ou '.join(facts.holders)} (en limite {with_de(facts.commune)})"
    return facts.commune


def _period(alerts: list[Facts], hour: Callable[[datetime], str]) -> str:
    """Say from when to when: "de 20h03 à 20h17", "du 22/11 à 23h50 au 23/11 à 0h10"."""
    first, last = (_local(facts) for facts in (alerts[0], alerts[-1]))
    now = alerts[-1].composed_at.astimezone(ZoneInfo(alerts[-1].time_zone))
    clocks = [hour(at) for at in (first, last)]
    days = [f"{at:%d/%m}" for at in (first, last)]
    if days[0] != days[1]:
        return f"du {days[0]} à {clocks[0]} au {days[1]} à {clocks[1]}"
    day = "" if last.date() == now.date() else f"le {days[1]} "
    return f"{day}à {clocks[0]}" if clocks[0] == clocks[1] else f"{day}de {clocks[0]} à {clocks[1]}"


def _local(facts: Facts) -> datetime:
    return facts.occurred_at.astimezone(ZoneInfo(facts.time_zone))


def _group_alerts(alerts: list[Facts], *, several: bool) -> Iterator[str]:
    """Count the alerts of each label (and commune, if there are several), most frequent first."""
    kinds: dict[tuple[str, str], Counter[str]] = {}
    for facts in alerts:
        key = (_place_of(facts) if several else "", parse_label(facts.category_label).plain)
        kinds.setdefault(key, Counter())[facts.status if facts.status in _CLOSED_WORDS else ""] += 1
    for (where, label), states in sorted(kinds.items(), key=lambda kind: -kind[1].total()):
        named = f"{where}, {label}" if where else label
        yield with_remark(named, f"{states.total()}{_closed_clause(states)}")


def _closed_clause(states: Counter[str]) -> str:
    """Say how many are over: ", dont 5 terminées et 1 annulée"; of one: ", terminée"."""
    over = {words: states[status] for status, words in _CLOSED_WORDS.items() if states[status]}
    if not over:
        return ""
    if states.total() == 1:
        return f", {next(iter(over))[0]}"
    return ", dont " + " et ".join(f"{n} {words[n > 1]}" for words, n in over.items())


def _table_row(facts: Facts) -> dict[str, str]:
    """Return one line of the e-mail's list."""
    context = mail_context(facts)
    state = f"terminée {context['ended'] or ''}".rstrip()
    return {
        "when": str(context["date_and_time"]),
        "where": _place_of(facts) + (f", {context['place']}" if context["place"] else ""),
        "category": str(context["category"]),
        "state": {"closed": state, "cancelled": "annulée, n’en tenez pas compte"}.get(
            facts.status, str(context["situation"])
        ),
        "reference": facts.reference,
    }


# --- what the templates are tried with


def _of(many: Iterable[Facts], *, exercise: bool = False) -> DigestContext:
    alerts = [replace(facts, exercise=exercise) for facts in many]
    return digest_sms_context(Digest(alerts[0].service, exercise, alerts))


_LONG = "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson"
_LONGEST = [
    replace(SAMPLE, commune=f"{_LONG[:-1]}{n}", category_label=f"{n}" * 59, reference=f"{n}" * 60,
            service="x" * 30, next_to=_LONG if n % 2 else None, holders=[] if n % 2 else [_LONG])
    for n in range(9)
]  # fmt: skip
_STATUSES = [replace(SAMPLE, status=status) for status in ("engaged", "closed", "cancelled")]
DIGESTS = [
    _of(_STATUSES),
    _of(_STATUSES[1:2] * 2),
    _of([*_STATUSES, replace(SAMPLE, commune="Joncherey")], exercise=True),
    _of([SAMPLE, ORGANISATION_SAMPLE]),
    _of([ORGANISATION_SAMPLE, SITE_SAMPLE]),
    _of(_LONGEST, exercise=True),
]
