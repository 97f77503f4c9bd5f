"""The journal of access: who logged in or failed to, by which factor, who opened what to whom.

An entry names accounts by their number, never by a name or an address: nobody can erase the
journal, and people type passwords into the field for the name.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from notifier.accounts.models import User
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

_SHOWN = 20


def record_access(user: User, what: str, **data: Any) -> None:
    """Write what an account did, or what was tried in its name. `what` is French, without its end.

    Runs in the caller's transaction, so that no act is without its entry.
    """
    write_entries(
        [new_entry(None, Step.ACCESS, f"Compte n° {user.pk} : {what}.", account=user.pk, **data)]
    )


def record_invitation(by: User | None, what: str, invitation: int) -> None:
    """Write what was done with an invitation, by an account or by a command on the server."""
    who = f"Compte n° {by.pk}" if by else "Commande"
    write_entries(
        [
            new_entry(
                None,
                Step.ACCESS,
                f"{who} : {what}.",
                account=by.pk if by else None,
                invitation=invitation,
            )
        ]
    )


def accesses_of(user: User) -> list[Entry]:
    """Return the account's latest entries, the last first."""
    found = Entry.objects.filter(incident_id=None, step=Step.ACCESS, data__account=user.pk)
    return list(found.order_by("-id")[:_SHOWN])


def accesses(
    accounts: QuerySet[User], *, before: int | None = None, limit: int = 50
) -> list[tuple[Entry, User | None]]:
    """Return the latest entries of these accounts before an id, each with its account.

    Those that name no account, such as failed log-ins under an unknown name, are of nobody's.
    """
    numbers = list(accounts.values_list("pk", flat=True))
    found = Entry.objects.filter(incident_id=None, step=Step.ACCESS, data__account__in=numbers)
    if before is not None:
        found = found.filter(pk__lt=before)
    entries = list(found.order_by("-id")[:limit])
    by_id = accounts.in_bulk({entry.data["account"] for entry in entries})
    return [(entry, by_id.get(entry.data["account"])) for entry in entries]
