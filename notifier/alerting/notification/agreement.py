"""Say whether what waited or failed may still be told under a convention."""

from datetime import datetime

from notifier.alerting.kinds import Kind
from notifier.alerting.models import Alert
from notifier.alerting.policy.terms import parse_terms
from notifier.directory.conventions.rules import rules_for
from notifier.directory.models import Detail


def is_still_agreed(alert: Alert, now: datetime) -> bool:
    """Return whether a rule in force tells its organisation of it, kept back by no commune.

    By law, and for the end of what was told, always. One statement where a convention tells it.
    """
    terms = parse_terms(alert.terms)
    if terms.is_by_law or Kind(alert.kind).closes:
        return True
    return any(
        rule.organisation == alert.ref
        and rule.detail != Detail.FIGURE
        and any(rule.covers(alert.category, commune) for commune in terms.communes)
        for rule in rules_for(terms.communes, now)
    )
