"""Figures as one reader may see them: every count, or only large ones (`masking.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from notifier.alerting.figures.answered import AnswerFigures
from notifier.alerting.figures.delay import Delay
from notifier.alerting.figures.masking import MIN_SHOWN, Shown, gives_away, shown
from notifier.alerting.figures.outcome import AlertOutcome
from notifier.alerting.figures.territory import Figures, Outcomes, family_label
from notifier.alerting.models import AnswerMeans
from notifier.directory.models import OrganisationRef
from notifier.moments import written_month

Key = TypeVar("Key")
OTHERS = "Autres, moins de cinq alertes chacune"
OTHER_TITLES = "autres fonctions, moins de cinq réponses chacune"
# Of those named by a rule of the decision (notifier.alerting.policy.text_kind).
_WITHHELD = {
    "withheld": "catégorie que la loi ne permet pas de communiquer",
    "below_threshold": "gravité sous le seuil de la catégorie",
    "narrowed": "le groupement ne la communique pas sur ce territoire",
    "kept_back": "la commune ne la communique pas à cet organisme",
    "edge_holder": "en limite de commune, seule l’autre est concernée",
    "figure": "comptée dans un chiffre seulement",
    "no_position": "lieu pas assez précis pour l’un des sites de l’organisme",
    "agreement_over": "la convention a pris fin",
    "over": "déjà terminée quand elle a été connue",
    "no_news": "rien de nouveau depuis le texte précédent",
}


@dataclass(frozen=True)
class Line:
    """A row of a table of figures; the parts are told only to whoever sees all counts."""

    label: str
    alerts: Shown
    reached: Shown | None = None
    without_receipt: Shown | None = None
    not_reached: Shown | None = None
    ref: OrganisationRef | None = None
    delay: Delay | None = None


@dataclass(frozen=True)
class PublishedAnswers:
    """Of the alerts that wanted an answer, what came."""

    asked: Shown | None
    """None where it would give a hidden count away."""
    answered: Shown | None
    """Told to whoever sees all counts: it is the sum of the tables below."""
    contested: Shown
    """Nothing but « pas ma commune » was answered."""
    under_way: Shown
    """Nobody has answered, and they go on."""
    unanswered: Shown
    titles: list[tuple[str, Shown]]
    """Who answered first, by function."""
    means: list[tuple[str, Shown]]
    delay: Delay | None


@dataclass
class Published:
    """The figures of a territory and a period for one reader."""

    sees_all: bool
    incidents: Shown
    cancelled: Shown
    alerts: Shown | None
    """None where it would give a hidden count away."""
    outcomes: list[tuple[AlertOutcome, Shown]] = field(default_factory=list)
    months: list[Line] = field(default_factory=list)
    families: list[Line] = field(default_factory=list)
    communes: list[Line] = field(default_factory=list)
    organisations: list[Line] = field(default_factory=list)
    conventions: list[Line] = field(default_factory=list)
    withheld: list[tuple[str, Shown]] = field(default_factory=list)
    delay: Delay | None = None
    answers: PublishedAnswers | None = None
    """None where no answer was wanted of any alert."""


def publish(figures: Figures, *, sees_all: bool) -> Published:
    """Return the figures as a reader may see them who `sees_all` counts, or large ones only."""
    view = _View(sees_all)
    published = Published(
        sees_all,
        incidents=view.count(figures.incidents),
        cancelled=view.count(figures.cancelled),
        alerts=view.count(figures.alerts),
        outcomes=[
            (outcome, view.count(count))
            for outcome, count in sorted(figures.outcomes.items())[::-1]
        ],
        months=[
            view.line(_capital(written_month(month)), of, delay=figures.delays.get(month))
            for month, of in figures.months.items()
        ],
        families=view.named({family_label(code): of for code, of in figures.families.items()}),
        communes=view.organisations(figures.communes, figures.names),
        organisations=view.organisations(figures.organisations, figures.names),
        conventions=view.named(figures.conventions),
        withheld=[
            (_WITHHELD.get(rule, rule), view.count(count))
            for rule, count in figures.withheld.items()
        ],
        delay=view.delay(figures.delay),
        answers=view.answers(figures.answers),
    )
    if not sees_all and figures.alerts >= MIN_SHOWN and _total_gives_away(figures):
        published.alerts = None
    return published


@dataclass(frozen=True)
class _View:
    sees_all: bool

    def count(self, count: int) -> Shown:
        return shown(count, sees_all=self.sees_all)

    def delay(self, delay: Delay | None) -> Delay | None:
        """Return the delay; a median of a few would tell of these few."""
        is_of_few = delay is None or (not self.sees_all and delay.count < MIN_SHOWN)
        return None if is_of_few else delay

    def answers(self, of: AnswerFigures) -> PublishedAnswers | None:
        """Return the answers; where small counts are hidden, functions with few are one row."""
        if not of.asked:
            return None
        few = 0 if self.sees_all else sum(n for n in of.titles.values() if n < MIN_SHOWN)
        titles = [(t, n) for t, n in of.titles.items() if self.sees_all or n >= MIN_SHOWN]
        titles.sort(key=lambda pair: (-pair[1], pair[0]))
        titles += [(OTHER_TITLES, few)] if few else []
        means = sorted(of.means.items(), key=lambda pair: (-pair[1], pair[0]))
        tables = ([n for _, n in titles], [n for _, n in means])
        rest = (of.contested, of.under_way, of.unanswered)
        is_told = not any(gives_away([*table, *rest], of.asked) for table in tables)
        return PublishedAnswers(
            self.count(of.asked) if self.sees_all or is_told else None,
            self.count(of.answered) if self.sees_all else None,
            self.count(of.contested),
            self.count(of.under_way),
            self.count(of.unanswered),
            [(_capital(title), self.count(n)) for title, n in titles],
            [(str(AnswerMeans(name).label), self.count(n)) for name, n in means],
            self.delay(of.delay),
        )

    def line(
        self,
        label: str,
        of: Outcomes,
        *,
        ref: OrganisationRef | None = None,
        delay: Delay | None = None,
    ) -> Line:
        if not self.sees_all:
            return Line(label, self.count(of.total()), ref=ref, delay=self.delay(delay))
        reached = sum(count for outcome, count in of.items() if outcome.is_reached)
        not_reached = sum(count for outcome, count in of.items() if outcome.is_not_reached)
        rest = of.total() - reached - not_reached
        parts = (Shown(reached), Shown(rest), Shown(not_reached))
        return Line(label, Shown(of.total()), *parts, ref, delay)

    def named(self, counted: Mapping[str, Outcomes]) -> list[Line]:
        return [self.line(_capital(label), of) for label, of in _most_first(counted.items())]

    def organisations(
        self, counted: Mapping[OrganisationRef, Outcomes], names: Mapping[OrganisationRef, str]
    ) -> list[Line]:
        """Name each; where small counts are hidden, those with few alerts are one row."""
        few = [] if self.sees_all else [of for of in counted.values() if of.total() < MIN_SHOWN]
        lines = [
            self.line(f"{names[ref]} ({ref.code})", of, ref=ref)
            for ref, of in _most_first(counted.items())
            if self.sees_all or of.total() >= MIN_SHOWN
        ]
        if few:
            lines.append(Line(OTHERS, self.count(sum(of.total() for of in few))))
        return lines


def _total_gives_away(figures: Figures) -> bool:
    """Return whether a hidden row of a table could be computed from the total and the others."""
    tables: list[Sequence[int]] = [
        [of.total() for of in figures.months.values()],
        [of.total() for of in figures.families.values()],
        list(figures.outcomes.values()),
        _with_few_together([*figures.communes.values(), *figures.organisations.values()]),
    ]
    return any(gives_away(table, figures.alerts) for table in tables if len(table) > 1)


def _with_few_together(counted: Iterable[Outcomes]) -> list[int]:
    totals = [of.total() for of in counted]
    few = sum(total for total in totals if total < MIN_SHOWN)
    return [*(total for total in totals if total >= MIN_SHOWN), *([few] if few else [])]


def _most_first(counted: Iterable[tuple[Key, Outcomes]]) -> list[tuple[Key, Outcomes]]:
    return sorted(counted, key=lambda pair: (-pair[1].total(), str(pair[0])))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
