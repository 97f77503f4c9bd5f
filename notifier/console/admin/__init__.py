"""The administration: everything that is stored, for superusers, in French.

In: sources, contacts and accounts to keep right; the commune that a person decides for a
report in review. Out: pages on what was received, told and written down, every change signed
in the history. It never changes or deletes a report, an alert, a message, a line of the
journal or of the history, and never shows a key twice.

Django imports this package by itself; each module registers its models.
"""

from notifier.console.admin import accounts, contacts, reports, site, sources
from notifier.console.admin import alerts as told

__all__ = ["accounts", "contacts", "reports", "site", "sources", "told"]
