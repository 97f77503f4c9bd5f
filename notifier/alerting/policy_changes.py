"""Change the rules of a département: propose, compare with the past, apply; each step signed.

propose or propose_lifting -> advance (by workers, a part at a time) -> adopt

Nothing is adopted that was not compared with the last 90 days under the rules that still hold. What
held is never rewritten: a narrowing ends at a moment, and another begins.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from notifier.alerting.decision.replay import Tally, replay
from notifier.alerting.models import PolicyNarrowing, PolicyReplay, ReplayState
from notifier.alerting.policy.current import categories
from notifier.alerting.policy.narrowing import NarrowingError, covers, in_words, refusal
from notifier.alerting.policy.narrowings import IN_FORCE_AFTER, forget, narrowings_at, still_open
from notifier.intake.models import Report, ReportState, Source
from notifier.jobs.enqueue import enqueue, enqueue_after_commit
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

log = structlog.get_logger(__name__)

REPLAYED = timedelta(days=90)
# Who applies has seen a comparison no older than this.
VALID_FOR = timedelta(days=1)
# Incidents that are read and planned together, and how long a worker goes on without a pause.
BATCH_SIZE = 50
TURN_S = 2.0
# A worker that stopped within its turn is taken over after this.
CLAIM = timedelta(minutes=1)
TASK, QUEUE = "alerting.replay", "upkeep"


def propose(narrowing: PolicyNarrowing, by: str) -> PolicyReplay:
    """Store a narrowing that is not in force yet, and have it compared with the past.

    Raises NarrowingError for one that the law or the configuration does not allow.
    """
    if why := refusal(narrowing, categories()):
        raise NarrowingError(why)
    now = timezone.now()
    narrowing.author, narrowing.proposed_at = by, now
    narrowing.starts_at = narrowing.ends_at = None
    with transaction.atomic():
        narrowing.save()
        return _compare(narrowing, narrowing.reason, by, now, is_lifting=False)


def propose_lifting(narrowing: PolicyNarrowing, reason: str, by: str) -> PolicyReplay:
    """Have the end of a narrowing compared with the past. Raises NarrowingError."""
    if not reason.strip():
        raise NarrowingError("dire pourquoi : le motif reste au journal")
    now = timezone.now()
    if narrowing.starts_at is None or (narrowing.ends_at and narrowing.ends_at <= now):
        raise NarrowingError(f"{in_words(narrowing)} n’est pas en vigueur")
    with transaction.atomic():
        return _compare(narrowing, reason, by, now, is_lifting=True)


def _compare(
    narrowing: PolicyNarrowing, reason: str, by: str, now: datetime, *, is_lifting: bool
) -> PolicyReplay:
    comparison = PolicyReplay.objects.create(
        narrowing=narrowing,
        is_lifting=is_lifting,
        reason=reason,
        author=by,
        asked_at=now,
        since=now - REPLAYED,
    )
    enqueue_after_commit(TASK, str(comparison.pk), queue_name=QUEUE)
    return comparison


def advance(comparison_id: int) -> None:
    """Compare for a while, note how far it has come, and leave the rest to the next turn.

    Does nothing where another worker is at it, or nothing is left to do.
    """
    until = timezone.now() + CLAIM
    running = PolicyReplay.objects.filter(pk=comparison_id, state=ReplayState.RUNNING)
    is_free = Q(claimed_until=None) | Q(claimed_until__lt=timezone.now())
    if not running.filter(is_free).update(claimed_until=until):
        return
    comparison = running.select_related("narrowing").get()
    mine = running.filter(claimed_until=until)
    if not comparison.last_incident:
        mine.update(total=_affected(comparison).values("incident_id").distinct().count())
    try:
        is_done = _compare_for(TURN_S, comparison)
    except Exception:  # whatever it is, it would be the same again: people see that it stopped
        log.exception("rules cannot be compared", comparison=comparison_id)
        mine.update(state=ReplayState.FAILED, ended_at=timezone.now(), claimed_until=None)
        return
    changes: dict[str, Any] = {
        name: getattr(comparison, name) for name in ("done", "last_incident", "before", "after")
    }
    if is_done:
        changes |= {"state": ReplayState.DONE, "ended_at": timezone.now()}
    if mine.update(claimed_until=None, **changes) and not is_done:
        enqueue(TASK, str(comparison_id), queue_name=QUEUE)


def _compare_for(seconds: float, comparison: PolicyReplay) -> bool:
    """Compare a batch after the other; return whether none is left."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if _compare_batch(comparison):
            return True
    return False


def resume_comparisons() -> None:
    """Have a worker go on with those that none is at."""
    now = timezone.now()
    free = Q(claimed_until=None, asked_at__lt=now - timedelta(seconds=5)) | Q(claimed_until__lt=now)
    for pk in PolicyReplay.objects.filter(free, state=ReplayState.RUNNING).values_list("pk"):
        enqueue(TASK, str(pk[0]), queue_name=QUEUE)


def _compare_batch(comparison: PolicyReplay) -> bool:
    """Compare the next incidents; return whether there are none left."""
    ids = list(
        _affected(comparison)
        .filter(incident_id__gt=comparison.last_incident)
        .order_by("incident_id")
        .values_list("incident_id", flat=True)
        .distinct()[:BATCH_SIZE]
    )
    if not ids:
        return True
    rows = Report.objects.filter(incident__in=ids).select_related("incident__source")
    reports = [r for r in rows.order_by("incident_id", "sequence") if r.is_ruled_upon]
    incidents = [list(of) for _, of in groupby(reports, key=attrgetter("incident_id"))]
    before = _present(comparison)
    tallies = replay(incidents, before, _proposed(comparison, before), comparison.asked_at)
    for name, tally in zip(("before", "after"), tallies, strict=True):
        setattr(comparison, name, dict(Tally(getattr(comparison, name)) + tally))
    comparison.done += len(ids)
    comparison.last_incident = ids[-1]
    return len(ids) < BATCH_SIZE


def _affected(comparison: PolicyReplay) -> QuerySet[Report]:
    """Return the reports that the change may concern: of its category and its département."""
    narrowing = comparison.narrowing
    codes = [code for code in categories().codes() if covers(narrowing.category, code)]
    sources = [s.pk for s in Source.objects.all() if s.may_speak_for(narrowing.departement)]
    return Report.objects.filter(
        received_at__gte=comparison.since, category__in=codes, incident__source__in=sources
    ).exclude(state=ReportState.DISMISSED)


def _present(comparison: PolicyReplay) -> list[PolicyNarrowing]:
    """Return the narrowings that held when it was asked for, those about to begin included."""
    moment = comparison.asked_at
    rows = PolicyNarrowing.objects.filter(
        still_open(moment), starts_at__lte=moment + IN_FORCE_AFTER
    )
    return list(rows.filter(departement=comparison.narrowing.departement).order_by("id"))


def _proposed(
    comparison: PolicyReplay, present: Collection[PolicyNarrowing]
) -> list[PolicyNarrowing]:
    others = [n for n in present if n.pk != comparison.narrowing_id]
    return others if comparison.is_lifting else [*others, comparison.narrowing]


def adopt(comparison: PolicyReplay, by: str) -> PolicyNarrowing:
    """Put a compared change into force within a minute, and write who did it and why.

    Raises NarrowingError where it was not compared to its end, would tell what is withheld, or the
    rules of the département changed since.
    """
    now = timezone.now()
    with transaction.atomic():
        # Two changes of one département follow each other.
        narrowing = comparison.narrowing
        of_departement = PolicyNarrowing.objects.filter(departement=narrowing.departement)
        list(of_departement.order_by("id").select_for_update().values_list("pk"))
        comparison = PolicyReplay.objects.select_related("narrowing").get(pk=comparison.pk)
        narrowing = comparison.narrowing
        _refuse(comparison, now)
        at = now + IN_FORCE_AFTER
        same = PolicyNarrowing.objects.filter(pk=narrowing.pk)
        if comparison.is_lifting:
            changed = same.filter(still_open(at), starts_at__isnull=False).update(
                # One that has not begun yet never will.
                ends_at=at if narrowing.starts_at and narrowing.starts_at < at else F("starts_at"),
                ended_by=by,
                end_reason=comparison.reason,
            )
        else:
            changed = same.filter(starts_at=None).update(starts_at=at, author=by)
        done = PolicyReplay.objects.filter(pk=comparison.pk, state=ReplayState.DONE)
        if not changed or not done.update(state=ReplayState.APPLIED):
            raise NarrowingError("ce changement vient d’être appliqué par quelqu’un d’autre")
        narrowing.refresh_from_db()
        write_entries([_entry(comparison, narrowing, by)])
    forget()
    return narrowing


def _refuse(comparison: PolicyReplay, now: datetime) -> None:
    if comparison.state != ReplayState.DONE or comparison.ended_at is None:
        raise NarrowingError("attendre la fin de la comparaison avec les 90 derniers jours")
    if comparison.ended_at < now - VALID_FOR:
        raise NarrowingError("cette comparaison a plus d’un jour : la refaire, puis appliquer")
    if comparison.after.get("forbidden"):
        raise NarrowingError("ce changement annoncerait ce que la configuration ne permet pas")
    if not comparison.is_lifting and (why := refusal(comparison.narrowing, categories())):
        raise NarrowingError(why)
    changed = Q(starts_at__gt=comparison.asked_at + IN_FORCE_AFTER) | Q(
        ends_at__gt=comparison.asked_at
    )
    departement = comparison.narrowing.departement
    if PolicyNarrowing.objects.filter(changed, departement=departement).exists():
        raise NarrowingError(
            "les règles du département ont changé depuis cette comparaison : la refaire"
        )


def _entry(comparison: PolicyReplay, narrowing: PolicyNarrowing, by: str) -> Any:
    what = "levée" if comparison.is_lifting else "mise en vigueur"
    where = f"{narrowing.category} dans le département {narrowing.departement}"
    return new_entry(
        None,
        Step.POLICY,
        f"{str(narrowing).capitalize()} {what} : {where} (par {by}).",
        narrowing=narrowing.pk,
        departement=narrowing.departement,
        category=narrowing.category,
        by=by,
        before=comparison.before,
        after=comparison.after,
    )


def in_force(departements: Collection[str] | None) -> list[PolicyNarrowing]:
    """Return those in force now, or about to be, in the départements; None: in all."""
    soon = [*narrowings_at(), *narrowings_at(timezone.now() + IN_FORCE_AFTER)]
    by_id = {n.pk: n for n in soon if departements is None or n.departement in departements}
    return [by_id[pk] for pk in sorted(by_id)]


def narrowings_so_far(
    narrowings: QuerySet[PolicyNarrowing], before: int | None, limit: int
) -> list[PolicyNarrowing]:
    """Return those that are or were in force, the latest first, from the one before an id.

    Each with `comparison`, the id of its last one.
    """
    adopted = narrowings.filter(starts_at__isnull=False).order_by("-id")
    adopted = adopted.annotate(comparison=Max("replays"))
    return list((adopted.filter(pk__lt=before) if before else adopted)[:limit])
