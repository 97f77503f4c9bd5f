"""What is paused where a reader works, as every page says it."""

from __future__ import annotations

from dataclasses import dataclass

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.alerting.throttling.pause import PauseInForce, is_anything_paused, pauses_of


@dataclass(frozen=True)
class ShownPause:
    """A pause, and whether the reader may end it: that of everything is the platform's."""

    pause: PauseInForce
    may_resume: bool


def pauses_for(scope: Scope) -> list[ShownPause]:
    """Return the pauses that concern the reader. One statement while nothing is paused."""
    if not is_anything_paused():
        return []
    territory = scope.territory(Permission.PAUSE)
    own = {one.source for one in pauses_of(scope.sources(Permission.PAUSE))}
    return [
        ShownPause(one, territory.is_everything or (one.source is not None and one.source in own))
        for one in pauses_of(scope.sources(Permission.SEE_BOARD))
    ]
