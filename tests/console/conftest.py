"""The categories and the dispatch centre of the alerting tests, for pages."""

from tests.alerting.conftest import asking, operator, rules, source

__all__ = ["asking", "operator", "rules", "source"]
