"""Show an address in clear, one at a time, and write down who looked."""

from django.db import transaction

from notifier.accounts.access_log import record_access
from notifier.accounts.models import User
from notifier.directory.models import Address, AddressKind
from notifier.territory.phones import format_number

# For a message; the limit itself is in settings.ACCOUNT_RATE_LIMITS.
MAX_PER_HOUR = 60


@transaction.atomic
def reveal(user: User, address: Address) -> str:
    """Return the address as people read it. The journal names it by its number only."""
    record_access(user, f"adresse n° {address.pk} révélée", address=address.pk)
    is_mail = address.kind == AddressKind.EMAIL
    return address.value if is_mail else format_number(address.value)
