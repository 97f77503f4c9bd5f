"""What delivery tells whoever asked it to deliver."""

from django.dispatch import Signal

# Sent once with message (Message) when one failed, expired or was undelivered, or was cancelled
# because its recipient is a former one (notifier.delivery.sending.former_recipients), in a
# transaction of its own: a receiver that raises undoes it, and the sweep sends it again.
delivery_failed = Signal()

# Sent once with message (Message) when one arrived that counted as lost, in the same way.
delivered_late = Signal()
