"""The administration: everything that is stored, for superusers, in French.

In: sources, contacts and accounts to keep right; the commune that a person decides for an
intervention in review. Out: pages on what was received, told and written down, every change signed
in the history. It never changes or deletes an intervention, an alert, a message, a line of the
journal or of the history, and never shows a key twice.

Django imports this package by itself; each module registers its models.
"""

from notifier.console.admin import accounts, contacts, interventions, site, sources
from notifier.console.admin import alerts as told

__all__ = ["accounts", "contacts", "interventions", "site", "sources", "told"]
