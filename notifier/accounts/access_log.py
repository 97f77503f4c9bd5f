"""The journal of access: who logged in or failed to, by which factor, who opened what to whom.

An entry names accounts by their number, never by a name or an address: nobody can erase the
journal, and people type passwords into the field for the name.
"""

from __future__ import annotations

from typing import Any

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
    found = Entry.objects.filter(step=Step.ACCESS, data__account=user.pk)
    return list(found.order_by("-id")[:_SHOWN])
