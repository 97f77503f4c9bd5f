"""The journal of access: who logged in or failed to, by which factor, who opened what to whom.

An entry names accounts by their number, never by a name or an address: nobody can erase the
journal, and people type passwords into the field for the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from notifier.accounts.models import User
from notifier.accounts.roles import Permission
from notifier.intake.access.sources import about_sources
from notifier.journal.models import Entry, Step
from notifier.journal.write import new_entry, write_entries

# Every process passes here, to write; a scope is slow to load.
if TYPE_CHECKING:
    from notifier.accounts.scope import Scope

_SHOWN = 20
_MANAGE = Permission.MANAGE_ACCOUNTS


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


@dataclass(frozen=True)
class Access:
    """An entry, and who did it."""

    entry: Entry
    who: str

    @property
    def what(self) -> str:
        """What was done; of a pause, also to which source."""
        if self.entry.step != Step.PAUSED:
            return self.entry.text
        return f"{self.entry.data['source']} : {self.entry.text}"


def accesses(scope: Scope, *, before: int | None = None, limit: int = 50) -> list[Access]:
    """Return the latest that one's accounts did, and that was done to one's sources.

    What an account may elsewhere is left out. Entries that name no account, such as failed log-ins
    under an unknown name, are of nobody's.
    """
    accounts = scope.accounts(_MANAGE)
    shown = Q(step=Step.ACCESS, data__account__in=_ids(accounts))
    if not scope.is_platform:
        shown &= _of_none_but("assignment", _ids(scope.assignments(_MANAGE)))
        shown &= _of_none_but("invitation", _ids(scope.invitations(_MANAGE)))
    shown |= about_sources(_ids(scope.sources(Permission.MANAGE_SOURCES)))
    steps = (Step.ACCESS, Step.SOURCE, Step.PAUSED)
    found = Entry.objects.filter(shown, incident_id=None, step__in=steps)
    if before is not None:
        found = found.filter(pk__lt=before)
    entries = list(found.order_by("-id")[:limit])
    numbers = {entry.data["account"] for entry in entries if "account" in entry.data}
    by_id = accounts.in_bulk(numbers)
    return [Access(entry, _who(entry, by_id)) for entry in entries]


def _of_none_but(key: str, ids: list[int]) -> Q:
    return ~Q(data__has_key=key) | Q(**{f"data__{key}__in": ids})


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.values_list("pk", flat=True))


def _who(entry: Entry, accounts: dict[int, User]) -> str:
    if entry.step != Step.ACCESS:
        return str(entry.data.get("by", ""))
    return str(accounts.get(entry.data["account"], "compte supprimé"))
