"""The administration: what is stored, table by table, for the platform's people, in French.

In: accounts to maintain. Out: pages on sources and contacts, on what was received, sent and logged.

Never: changes, adds or deletes anything but accounts; shows a key or a secret. What people do has
its page in the console.

Django imports this package by itself; each module registers its models.
"""

from notifier.console.admin import accounts, contacts, reports, site, sources
from notifier.console.admin import alerts as told

__all__ = ["accounts", "contacts", "reports", "site", "sources", "told"]
