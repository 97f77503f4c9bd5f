"""The people of organisations who are active now, in the order in which they are to be told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from notifier.directory.models import OrganisationRef
from notifier.directory.recipients import Recipient, active_people

People = dict[OrganisationRef, list[Recipient]]


def people_of(organisations: Iterable[OrganisationRef], at: datetime) -> People:
    """Return the active people of each organisation; each has a list, perhaps empty.

    As many statements for any number of organisations.
    """
    return active_people(sorted(set(organisations)), at)
