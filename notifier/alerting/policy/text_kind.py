"""Choose the text that an organisation gets: first, update, end, cancellation, or none, and why.

Given the report's status and severity, its category, and the organisation's alert so far.

Pure functions, so that a dry run and a decision cannot differ.
"""

from dataclasses import dataclass, replace

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.policy.categories import Category
from notifier.alerting.policy.terms import Terms, parse_terms
from notifier.intake.schema.vocabulary import Severity, Status
from notifier.territory.grammar import with_de
from notifier.territory.resolve import Commune


@dataclass(frozen=True)
class Ruling:
    """Which text an organisation gets (`kind`; None: none), by which rule, and why, in French."""

    kind: Kind | None
    rule: str
    reason: str


def rule_on(
    status: str,
    severity: str,
    category: Category,
    alert: Alert | None,
    *,
    exercise: bool,
    is_nearby: bool = False,
) -> Ruling:
    """Rule on a commune that is affected; `alert` is its alert so far.

    `exercise` is what dispatch says now: a mayor who believes in an exercise while it is real, or
    the reverse, gets a new alert, whatever the severity. `is_nearby`: the commune does not hold
    the point. If it holds it later, it gets a new alert; the reverse waits for the next text.
    """
    if _is_its_own_now(status, alert):
        return withheld(severity, category) or Ruling(
            Kind.FIRST, "moved_here", "annoncée au titre d’une convention, elle est dans la commune"
        )
    if _has_come_inside(status, alert, is_nearby=is_nearby):
        return withheld(severity, category) or Ruling(
            Kind.FIRST, "moved_here", "annoncée en limite de la commune, elle y est désormais"
        )
    ruling = _rule_on(status, severity, category, alert, exercise=exercise, next_to=None)
    if ruling.rule == "moved_here" and is_nearby:
        return replace(ruling, reason="annoncée chez une voisine, elle est en limite de la commune")
    return ruling


def rule_on_neighbour(
    status: str,
    severity: str,
    category: Category,
    alert: Alert | None,
    *,
    exercise: bool,
    next_to: Commune,
) -> Ruling:
    """Rule on a commune that adjoins the one affected, by the same rules."""
    ruling = _rule_on(status, severity, category, alert, exercise=exercise, next_to=next_to)
    if ruling.kind is not Kind.FIRST:
        return ruling
    if alert is None:
        return Ruling(
            Kind.NEIGHBOUR,
            "neighbour",
            f"« {category.label} » est à annoncer aussi aux communes voisines "
            f"{with_de(next_to.name)} ({category.legal_basis})",
        )
    return replace(ruling, kind=Kind.NEIGHBOUR)


def _is_its_own_now(status: str, alert: Alert | None) -> bool:
    """Whether a commune knows of it by a convention alone, and is now concerned itself."""
    is_over = status in (Status.CANCELLED, Status.CLOSED)
    return alert is not None and alert.is_open and bool(alert.terms) and not is_over


def _has_come_inside(status: str, alert: Alert | None, *, is_nearby: bool) -> bool:
    if alert is None or not alert.is_open or status in (Status.CANCELLED, Status.CLOSED):
        return False
    return bool(alert.facts.get("holders")) and not is_nearby


def rule_on_organisation(
    status: str,
    severity: str,
    category: Category,
    alert: Alert | None,
    *,
    exercise: bool,
    terms: Terms,
) -> Ruling:
    """Rule on an organisation that a convention tells, by the same rules as on a mayor.

    It is told anew where it moves within its territory, to a commune or site that it has not read.
    """
    ruling = _rule_on(status, severity, category, alert, exercise=exercise, next_to=None)
    if ruling.rule == category.disclosure:
        return replace(
            ruling,
            rule="agreement",
            reason=f"« {category.label} » lui est communiqué, {terms.in_words}",
        )
    if ruling.rule != "no_news" or alert is None or not alert.is_open:
        return ruling
    told = parse_terms(alert.terms)
    if set(terms.communes) <= set(told.communes) and set(terms.sites) <= set(told.sites):
        return ruling
    return withheld(severity, category) or Ruling(
        Kind.FIRST, "moved_within", "annoncée ailleurs sur son territoire, elle est désormais ici"
    )


def rule_on_agreement_over() -> Ruling:
    """Rule on an organisation with an open alert that no rule tells any more."""
    return Ruling(None, "agreement_over", "plus aucune convention ne le prévoit, sauf pour la fin")


def rule_on_edge(containing: str) -> Ruling:
    """Rule on a commune close to the point, in a category that notifies only who holds it."""
    return Ruling(
        None, "edge_holder", f"en limite de commune, le point est à {containing}, seule à prévenir"
    )


def _rule_on(
    status: str,
    severity: str,
    category: Category,
    alert: Alert | None,
    *,
    exercise: bool,
    next_to: Commune | None,
) -> Ruling:
    if alert is None:
        return _first(status, severity, category)
    if not alert.is_open:
        return _after_the_end(status, severity, category)
    if status == Status.CANCELLED:
        return Ruling(
            Kind.CANCELLATION, "cancelled", "annulée : ceux qui ont reçu l’alerte le savent"
        )
    if status == Status.CLOSED:
        return Ruling(Kind.END, "closed", "terminée : ceux qui ont reçu l’alerte le savent")
    if alert.facts.get("next_to") != (next_to.name if next_to else None):
        return withheld(severity, category) or _moved_over_a_border(next_to)
    if alert.facts["exercise"] != exercise:
        return withheld(severity, category) or _other_nature(exercise=exercise)
    if Severity(severity) <= Severity(alert.severity):
        return Ruling(
            None, "no_news", "rien de nouveau pour la commune : la gravité n’a pas augmenté"
        )
    return withheld(severity, category) or Ruling(
        Kind.UPDATE, "severity_rise", "la gravité a augmenté"
    )


def rule_on_no_longer_affected() -> Ruling:
    """Rule on a commune that has an open alert and is no longer affected."""
    return Ruling(Kind.CANCELLATION, "moved", "l’intervention ne concerne plus cette commune")


def _first(status: str, severity: str, category: Category) -> Ruling:
    if status in (Status.CANCELLED, Status.CLOSED):
        return Ruling(None, "over", "déjà terminée ou annulée, et rien n’avait été annoncé")
    return withheld(severity, category) or Ruling(
        Kind.FIRST,
        category.disclosure,
        f"« {category.label} » est à annoncer ({_basis_of(category)})",
    )


def _basis_of(category: Category) -> str:
    return ", ".join(filter(None, (category.legal_basis, category.narrowing)))


def _other_nature(*, exercise: bool) -> Ruling:
    if exercise:
        return Ruling(
            Kind.FIRST,
            "exercise_after_all",
            "annoncée comme réelle, c’est un exercice : nouvelle alerte",
        )
    return Ruling(
        Kind.FIRST, "real_after_all", "annoncée comme exercice, elle est réelle : nouvelle alerte"
    )


def _moved_over_a_border(next_to: Commune | None) -> Ruling:
    """Rule on a commune to which an incident next door has moved, or the reverse."""
    if next_to is None:
        return Ruling(
            Kind.FIRST, "moved_here", "annoncée chez une voisine, elle est dans la commune même"
        )
    return Ruling(
        Kind.FIRST, "moved_next_door", f"elle est désormais chez une voisine : {next_to.name}"
    )


def _after_the_end(status: str, severity: str, category: Category) -> Ruling:
    if status in (Status.CANCELLED, Status.CLOSED):
        return Ruling(None, "no_news", "la fin a déjà été annoncée")
    return withheld(severity, category) or Ruling(
        Kind.FIRST, "reopened", "reprise après une fin annoncée : nouvelle alerte"
    )


def withheld(severity: str, category: Category) -> Ruling | None:
    """Return the ruling that withholds a category of this severity; None where it is disclosed.

    What the file withholds is withheld by it, whatever a groupement narrows.
    """
    if category.configured is not None:
        return withheld(severity, category.configured) or _narrowed(severity, category)
    if category.disclosure == "withhold":
        return Ruling(None, "withheld", f"« {category.label} » n’est pas communiqué aux communes")
    if category.threshold is not None and Severity(severity) < category.threshold:
        return Ruling(
            None,
            "below_threshold",
            f"« {category.label} » n’est communiqué qu’à partir d’une gravité supérieure",
        )
    return None


def _narrowed(severity: str, category: Category) -> Ruling | None:
    if category.disclosure == "withhold":
        why = f"« {category.label} » n’est pas annoncé dans le département"
        return Ruling(None, "narrowed", f"{why} ({category.narrowing})")
    if category.threshold is not None and Severity(severity) < category.threshold:
        why = f"« {category.label} » n’y est annoncé qu’à partir d’une gravité supérieure"
        return Ruling(None, "narrowed", f"{why} ({category.narrowing})")
    return None
