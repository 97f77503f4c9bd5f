"""Own channels and quiet hours, chosen by a link: of each change its owner is told, with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from django.utils import timezone

from notifier.alerting.own.notice import Notice, What, tell
from notifier.directory.own_data import OwnData, changing_own
from notifier.directory.preferences import choose_channels, choose_quiet_hours
from notifier.intake.models import Source


def choose_own_channels(own: OwnData, channels: Sequence[str], source: Source) -> None:
    """Keep by which channels what is not urgent is told; on those left out this still is.

    Raises ValidationError.
    """
    with changing_own(own, timezone.now()) as known:
        chosen = choose_channels(own.person, channels, own.organisation, own.author)
        if chosen is not None:
            usable = [one for one in known.values() if one.is_usable]
            tell(Notice(own, source, What.CHANNELS, chosen=chosen), usable)


def choose_own_quiet_hours(
    own: OwnData, begins: time | None, ends: time | None, source: Source
) -> None:
    """Keep within which hours no SMS tells of what is not urgent; this comes within them too.

    Raises PreferencesError and ValidationError.
    """
    with changing_own(own, timezone.now()) as known:
        chosen = choose_quiet_hours(own.person, begins, ends, own.organisation, own.author)
        if chosen is not None:
            usable = [one for one in known.values() if one.is_usable]
            tell(Notice(own, source, What.QUIET, chosen=chosen), usable)
