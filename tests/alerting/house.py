"""What the alerting tests do over and over: people, events, and a provider that answers as told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import Notification
from notifier.alerting.sweep import sweep, upkeep
from notifier.delivery.models import Channel, Lane, Message, Result
from notifier.delivery.providers.base import Outcome, SendResult
from notifier.delivery.sending.claim import claim_due
from notifier.delivery.sending.former_recipients import drop_former_recipients
from notifier.delivery.sending.record import record
from notifier.directory.contacts import Contact
from notifier.directory.models import Mandate
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Incident, Report, Source
from notifier.intake.receive import receive
from notifier.intake.schema.report import NewReport
from notifier.journal.models import Entry
from tests.harness.people import add_contact, add_contacts

DUTY = "permanence@groupement90.example"
MAYOR = "maire@delle.example"
# The duty of the groupement is told of some things too: this leaves its mails out.
MAYORS = {"recipient__startswith": "person:"}
DELLE = {"insee": "90033"}
GIROMAGNY = {"insee": "90052"}
JONCHEREY = {"insee": "90056"}
# The code says Delle, the name says Giromagny.
CONFLICT = {"insee": "90033", "name": "Giromagny"}

# In Delle, 84 m from Joncherey (90056).
BORDER = {"latitude": 47.520453, "longitude": 7.007077}

ACCIDENT, SECRET, THEFT, FIRE, CROWD, MISSING = (
    *("C01.01.01", "C02.01.01", "C03.01.01", "C04.01.01", "C07.01.01", "C10.01.05"),
)
TAKEN = Outcome(Result.ACCEPTED, provider_id="SM1")
REFUSED = Outcome(Result.PERMANENT, code="21211", detail="numéro invalide")
LATER = Outcome(Result.RETRY, code="20429", detail="débit dépassé")


def number(last: int) -> str:
    """A mobile number for fiction."""
    return f"+3363998{last:04d}"


def dispatch_centre() -> Source:
    """That of the Territoire de Belfort, with a duty address."""
    added = add_source("CORG 90", ["90"], service="Gendarmerie", duty_email=DUTY, signed=False)
    return added.source


def contact(
    function: str = "maire",
    *,
    mobile: str = "",
    email: str = "",
    commune: str = "90033",
    rank: int = 1,
    **more: Any,
) -> Mandate:
    """Somebody in the directory."""
    return add_contact(commune, function, rank=rank, mobile=mobile, email=email, **more)


def mayors(*communes: str) -> None:
    """The mayor of each, with the numbers 1, 2, …"""
    add_contacts(
        *(Contact(commune, "maire", mobile=number(n)) for n, commune in enumerate(communes, 1))
    )


def event(reference: str = "R1", sequence: int = 1, **body: Any) -> NewReport:
    """A grave road accident in Delle, where nothing else is said."""
    usual = {
        "status": "engaged",
        "category": ACCIDENT,
        "severity": "severe",
        "occurred_at": timezone.now().isoformat(),
        "location": DELLE,
    }
    return NewReport.model_validate({**usual, **body, "reference": reference, "sequence": sequence})


def push(source: Source, reference: str = "R1", sequence: int = 1, **body: Any) -> Report:
    """Receive an event and decide it; the report as it then stands."""
    return decided(receive(source, event(reference, sequence, **body)).report_id)


def decided(report_id: UUID) -> Report:
    """Decide, as a worker would that has its job."""
    decide(report_id)
    return Report.objects.get(pk=report_id)


def hand_over(answer: Callable[[Message], Outcome] = lambda _: TAKEN) -> None:
    """All that is due goes to a provider that answers so; its outcome is recorded for good."""
    for lane in Lane:
        while batch := claim_due(lane):
            now = timezone.now()
            leaving = drop_former_recipients(batch)
            record([SendResult(message, answer(message), now, now) for message in leaving])


def refusing(*addresses: str) -> Callable[[Message], Outcome]:
    """A provider that refuses these addresses for good and takes all others."""
    return lambda message: REFUSED if message.address in addresses else TAKEN


def told(reference: str = "R1", revision: int | None = None, **where: Any) -> list[tuple[str, str]]:
    """Channel and address of a reference's messages, in the order of their making."""
    return [(m.channel, m.address) for m in messages(reference, revision, **where)]


def messages(reference: str = "R1", revision: int | None = None, **where: Any) -> list[Message]:
    """A reference's messages, the duty's among them, in the order of their making."""
    if revision is not None:
        where["notifications__revision"] = revision
    found = Message.objects.filter(incident_id__in=incidents(reference), **where)
    return list(found.order_by("id"))


def deferrals(**where: Any) -> QuerySet[Notification]:
    """The notifications that wait, or waited, for a time to be told."""
    return Notification.objects.filter(deferred_until__isnull=False, **where)


def revisions(reference: str = "R1") -> list[int]:
    """The revisions that a reference's messages tell of, in the order of their making."""
    told_of = Notification.objects.filter(message__in=messages(reference)).order_by("message_id")
    return list(told_of.values_list("revision", flat=True))


def bodies(revision: int) -> dict[str, str]:
    """The texts of a revision to people of the directory, by address."""
    return {m.address: m.body for m in messages(revision=revision, **MAYORS)}


def journal(reference: str = "R1", **where: Any) -> list[Entry]:
    """What the journal says of a reference, in order."""
    found = Entry.objects.filter(incident_id__in=incidents(reference), **where)
    return list(found.order_by("id"))


def incidents(reference: str) -> QuerySet[Incident, int]:
    """The ids of a reference's incidents, of any source."""
    return Incident.objects.filter(reference=reference).values_list("pk", flat=True)


def breakable(mail: str) -> str:
    """A mail's words with plain spaces, to be compared."""
    return mail.replace("\u00a0", " ").replace("\u202f", " ")


def sms(last: int) -> tuple[str, str]:
    """A text to the number that ends so, as `told` names it."""
    return Channel.SMS.value, number(last)


def mail(address: str) -> tuple[str, str]:
    """A mail, as `told` names it."""
    return Channel.EMAIL.value, address


def run_round() -> None:
    """What beat enqueues every two seconds, in both lanes and beside them."""
    for lane in Lane:
        sweep(lane)
    upkeep()
