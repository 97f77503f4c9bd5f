"""Decides what waits, without sending: `python -m tests.bench.decide`, environment of the service.

Plays a worker that decides and does not deliver, so that messages can be queued before those that
do are let go. Rings for delivery exactly as a worker does.
"""

import django


def main() -> None:
    """Decide every received report, oldest first."""
    django.setup()
    from notifier.alerting.decision.pipeline import decide
    from notifier.intake.models import Report, ReportState

    waiting = Report.objects.filter(state=ReportState.RECEIVED).order_by("received_at")
    for report_id in list(waiting.values_list("pk", flat=True)):
        decide(report_id)


if __name__ == "__main__":
    main()
