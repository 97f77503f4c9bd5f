"""An own absence, noted by a link: who is told of it, and who where nobody is left to be rung."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.utils import timezone

from notifier.alerting.administrators import administrator_mail, mailboxes_of_organisation
from notifier.alerting.links import console_url
from notifier.alerting.own.notice import Notice, What, tell
from notifier.alerting.policy.current import composer
from notifier.delivery.outbox import enqueue_messages
from notifier.directory.own_data import OwnData, be_absent, changing_own, check_absence
from notifier.directory.ringing import Away, Silence, silences_of
from notifier.intake.models import Source

log = structlog.get_logger(__name__)


def note_absence(own: OwnData, new: Away, source: Source, *, is_meant: bool) -> Sequence[Silence]:
    """Note an absence; where it leaves nobody to ring, only if that is meant.

    Return when nobody could be rung if nothing was noted for that reason. Else the person's own
    addresses are told, and of such a time whoever administers the organisation. Raises AbsenceError
    and ValidationError.
    """
    now = timezone.now()
    with changing_own(own, now) as known:
        check_absence(own, new, now)
        silences = silences_of(new)
        if silences and not is_meant:
            return silences
        be_absent(own, new, now)
        usable = [one for one in known.values() if one.is_usable]
        tell(Notice(own, source, What.AWAY, period=(new.starts_at, new.ends_at)), usable)
        if silences:
            _tell_administrators(own, silences, now)
    return ()


def _tell_administrators(own: OwnData, silences: Sequence[Silence], now: datetime) -> None:
    mailboxes = mailboxes_of_organisation(own.organisation)
    if not mailboxes:
        log.error(
            "nobody who administers it has an e-mail, nobody can be rung there for a time",
            organisation=str(own.organisation.ref),
        )
        return
    ref = own.organisation.ref
    facts: dict[str, object] = {
        "organisation": own.organisation.name,
        "function": own.mandate.title,
        "periods": [one.period for one in silences],
        "told": list(dict.fromkeys(title for one in silences for title in one.told)),
        "link": console_url("console:organisation-calendar", ref.kind, ref.code),
    }
    subject, body = composer().absence_gap(facts)
    enqueue_messages(administrator_mail(address, subject, body, now) for address in mailboxes)
