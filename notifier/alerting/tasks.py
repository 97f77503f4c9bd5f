"""Celery tasks of alerting."""

from uuid import UUID

from celery import shared_task, signals
from django.conf import settings

from notifier.alerting.canary.watch import tick
from notifier.alerting.confirmations import send_due
from notifier.alerting.coverage_report import report_coverage
from notifier.alerting.deadlines import tell_owners
from notifier.alerting.decision.pipeline import decide_each
from notifier.alerting.escalation.failing_addresses import forget_recovered
from notifier.alerting.figures.mail import mail_figures
from notifier.alerting.policy.current import categories, composer
from notifier.alerting.policy.narrowings import narrowings_at
from notifier.alerting.policy_changes import advance
from notifier.alerting.rota_gaps import report_rota_gaps
from notifier.alerting.silent_sources import report_silence
from notifier.alerting.sweep import sweep, upkeep
from notifier.alerting.webhooks.events import JOB
from notifier.alerting.webhooks.posting import wake
from notifier.delivery import routing
from notifier.delivery.models import Lane
from notifier.delivery.providers.registry import PROVIDER_OF, provider_named
from notifier.intake.silence import note_activity
from notifier.territory.resolve import Location, resolve


@signals.worker_init.connect
def warm_up(**_: object) -> None:
    """Read and import now what the first event would otherwise wait for."""
    categories()
    composer()
    narrowings_at()
    resolve(Location(insee="90010", latitude=47.638, longitude=6.863))
    for name in {*PROVIDER_OF.values(), *settings.ENVIRONMENT.configured_sms_providers}:
        provider_named(name)
    if routing.is_shared():
        routing.refresh()


@shared_task(name="alerting.decide")
def decide_task(*report_ids: str) -> None:
    """Decide the reports together: those that were enqueued within the same moment."""
    decide_each(*map(UUID, report_ids))


@shared_task(name="alerting.sweep")
def sweep_task(lane: str) -> None:
    """Decide the lane's reports that were not enqueued."""
    sweep(Lane(lane))


@shared_task(name="alerting.upkeep")
def upkeep_task() -> None:
    """Escalate, release and expire what is due."""
    upkeep()


@shared_task(name=JOB)
def post_webhooks_task(*source_ids: str) -> None:
    """Wake the threads that tell the sources' software; the worker waits for none of them."""
    for source_id in source_ids:
        wake(int(source_id))


@shared_task(name="alerting.replay")
def replay_task(*comparison_ids: str) -> None:
    """Go on comparing changes of the rules with the past."""
    for comparison_id in comparison_ids:
        advance(int(comparison_id))


@shared_task(name="alerting.note_sources")
def note_sources_task() -> None:
    """Note when each source last pushed, learn its habit, and mail who is silent."""
    note_activity()
    report_silence()


@shared_task(name="alerting.canary")
def canary_task() -> None:
    """Start an end-to-end test that is due, and tell an outside monitor that all is well."""
    tick()


@shared_task(name="alerting.report_rota_gaps")
def report_rota_gaps_task() -> None:
    """Mail whoever administers an organisation whose rota has a gap."""
    report_rota_gaps()


@shared_task(name="alerting.forget_recovered")
def forget_recovered_task() -> None:
    """Forget the failures of addresses that work again."""
    forget_recovered()


@shared_task(name="alerting.tell_owners")
def tell_owners_task() -> None:
    """Mail the owners of conventions whose deadlines come up."""
    tell_owners()


@shared_task(name="alerting.ask_for_confirmation")
def ask_for_confirmation_task() -> None:
    """Send the questions of campaigns of confirmation that are due."""
    send_due()


@shared_task(name="alerting.report_coverage")
def report_coverage_task() -> None:
    """Mail the administrators what is wrong with the directory."""
    report_coverage()


@shared_task(name="alerting.mail_figures")
def mail_figures_task() -> None:
    """Mail last month's figures to the organisations that get no more than these."""
    mail_figures()
