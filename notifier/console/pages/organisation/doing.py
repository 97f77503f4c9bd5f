"""What is done for a person or an organisation: done and said, or refused and said why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from django.contrib import messages
from django.core.exceptions import ValidationError

from notifier.alerting.address_test import AddressTestError
from notifier.console.pages.access import ConsoleRequest
from notifier.directory.absences import AbsenceError
from notifier.directory.on_call.planning import OnCallError

_REFUSALS = (ValidationError, AbsenceError, AddressTestError, OnCallError)


class RefusableForm(Protocol):
    """A form that shows why a room refused what it asked for."""

    def refuse(self, refusal: Exception) -> None:
        """Take what a room refused."""


def is_done(
    request: ConsoleRequest, act: Callable[[], str], form: RefusableForm | None = None
) -> bool:
    """Do it and say what `act` returns; of a refusal say why, in the form where there is one."""
    try:
        done = act()
    except _REFUSALS as refusal:
        if form is not None:
            form.refuse(refusal)
        else:
            said = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
            messages.error(request, " ".join(said))
        return False
    if done:
        messages.success(request, done)
    return True
