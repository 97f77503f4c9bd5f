"""The categories and the dispatch centre of the alerting tests, for pages."""

from tests.alerting.conftest import asking, asking_rules, calling, operator, rules, source

__all__ = ["asking", "asking_rules", "calling", "operator", "rules", "source"]
