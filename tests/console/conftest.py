"""The categories and the dispatch centre of the alerting tests, for pages."""

from tests.alerting.conftest import operator, rules, source

__all__ = ["operator", "rules", "source"]
