"""End-to-end tests: an exercise goes the whole way to a test number, and its receipt comes back.

In: CANARY_PHONE, and the clock. Out: `CanaryRun` rows, a reason for `/readyz`, mails without any
queue to those in charge, and requests to an outside monitor.

What a run passes through is what a real report does: `receive` stores it with its journal line, the
signal wakes a worker by the broker, the decision locks, places and rules upon it, delivery claims,
sends and retries its text, and the provider's receipt comes back over the web server. Not tried is
the HTTP door in front of `receive`: the receipt comes back through the same server, and `/readyz`
itself is asked through it.

It touches nobody's people by the way it is made: its source may speak for no département, so that
whatever is found where it lies is outside of it, and no commune is told. The text to the test
number is sent in their place (notifier.alerting.decision.canary). So it has no alert and no
notification: figures, storms, quotas and the board, which read those, know nothing of it. Its
source counts as revoked: no key opens it, and it has no habit to fall silent from.
"""
