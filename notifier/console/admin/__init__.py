"""The administration: everything that is stored, for superusers, in French.

In: sources, contacts and accounts to maintain; the commune that a person decides for a report in
review. Out: pages on what was received, sent and logged; every change is recorded in the history
with its author.

Never: changes or deletes a report, an alert, a message, a line of the journal or of the history, or
shows a key twice.

Django imports this package by itself; each module registers its models.
"""

from notifier.console.admin import accounts, contacts, reports, site, sources
from notifier.console.admin import alerts as told

__all__ = ["accounts", "contacts", "reports", "site", "sources", "told"]
