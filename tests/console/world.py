"""A département with something in every table, and the URLs of the service with it filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from notifier.accounts.models import Invitation, RoleAssignment
from notifier.accounts.roles import Role
from notifier.accounts.saved_searches import save_search
from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import Alert, Notification, PolicyNarrowing
from notifier.alerting.policy_changes import propose
from notifier.directory.absences import add_absence
from notifier.directory.allowed import EVERYTHING
from notifier.directory.confirmation import start_campaign
from notifier.directory.imports.jobs import submit
from notifier.directory.models import Address, Change, Convention, Mandate, Zone
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Report, Source
from notifier.intake.receive import receive
from notifier.intake.schema.report import NewReport
from notifier.journal.models import Entry
from tests.alerting.organisations import told_by_convention
from tests.harness.accounts import add_account
from tests.harness.people import add_contact

CONTACTS = (
    "code_commune;fonction;rang;nom;prenom;mobile;courriel\n"
    "90033;adjoint;3;Quatrepoint;Zéphyrine;06 39 98 00 01;"
).encode()
MOBILE, MAIL = "+33639980001", "zephyrine@delle.example"
# What only the Territoire de Belfort knows: nobody else reads one of these anywhere.
SECRETS = (
    "Quatrepoint",
    "Zéphyrine",
    "ESSAI-SECRET-1",
    "39980001",
    "39 98 00 01",
    MAIL,
    "CORG du secret",
    "Convention du secret",
    "Convention%20du%20secret",
    "colleague-of-90",
    "Recherche du secret",
    "Campagne du secret",
)


@dataclass
class World:
    """What is stored, and what fills a parameter of a URL."""

    mandate: Mandate
    report: Report
    doubt: Report
    arguments: dict[str, Any]


def build_world() -> World:
    """Store somebody and something of every kind in the Territoire de Belfort."""
    mandate = add_contact(
        "90033", last_name="Quatrepoint", first_name="Zéphyrine", mobile=MOBILE, email=MAIL
    )
    deputy = add_contact(
        "90033", "adjoint", last_name="Quatrepoint-Adjoint", email="adjoint@delle.example"
    )
    source = add_source(
        "CORG du secret", ["90"], service="Gendarmerie", duty_email="", signed=False
    ).source
    told = told_by_convention(title="Convention du secret")
    report = _push(source, "ESSAI-SECRET-1", insee="90033")
    doubt = _push(source, "ESSAI-SECRET-1-D", insee="90033", name="Giromagny")
    account = add_account(Role.DISPATCHER, "90", name="colleague-of-90")
    now = timezone.now()
    search = save_search(account, "Recherche du secret", "organisme=90033")
    campaign = start_campaign(
        "Campagne du secret",
        Mandate.objects.all(),
        author="x",
        ends_at=now + timedelta(days=30),
        remind_after_days=7,
        max_reminders=1,
    )
    absence = add_absence(mandate, now, now + timedelta(days=2), deputy, now)
    narrowing = PolicyNarrowing(
        departement="90", category="C01.01.00", is_routine=True, reason="motif de CORG du secret"
    )
    comparison = propose(narrowing, "colleague-of-90")
    arguments = {
        "pk": 1,  # a passkey; nobody has one
        "kind": "commune",
        "code": "90033",
        "departement": "90",
        "commune": "90033",
        "category": "C01.01.01",
        "incident": report.incident_id,
        "report": doubt.pk,
        "alert": Alert.objects.get(organisation="90033").pk,
        "notification": Notification.objects.filter(incident=report.incident_id).first().pk,
        "mandate": mandate.pk,
        "person": mandate.person_id,
        "address": Address.objects.get(value=MOBILE).pk,
        "source": source.pk,
        "convention": Convention.objects.get().reference,
        "change": Change.objects.order_by("id").first().pk,
        "account": account.pk,
        "assignment": RoleAssignment.objects.get(user=account).pk,
        "invitation": _invitation().pk,
        "zone": Zone.objects.filter(organisation=told).first().pk,
        "absence": absence.pk,
        "campaign": campaign.pk,
        "job": submit(CONTACTS, "liste.csv", owner=account.pk, author="x", allowed=EVERYTHING).pk,
        "narrowing": comparison.narrowing_id,
        "comparison": comparison.pk,
        "search": search.pk,
    }
    return World(mandate, report, doubt, arguments)


def _invitation() -> Invitation:
    now = timezone.now()
    return Invitation.objects.create(
        email="invite@colleague-of-90.example",
        role=Role.DISPATCHER,
        departement="90",
        digest="0" * 64,
        author="tests",
        invited_at=now,
        expires_at=now + timedelta(days=3),
    )


def _push(source: Source, reference: str, **location: Any) -> Report:
    body = {
        "reference": reference, "sequence": 1, "status": "engaged", "category": "C01.01.01",
        "severity": "severe", "occurred_at": timezone.now().isoformat(), "location": location,
    }  # fmt: skip
    reception = receive(source, NewReport.model_validate(body))
    decide(reception.report_id)
    return Report.objects.get(pk=reception.report_id)


@dataclass(frozen=True)
class Page:
    """One URL pattern: where it is, its name and its view."""

    route: str
    name: str
    view: Callable[..., object]
    parameters: tuple[str, ...]

    @property
    def is_guarded(self) -> bool:
        """Whether it stands behind `pages.access.page`."""
        return hasattr(self.view, "permission")

    def address(self, arguments: dict[str, Any]) -> str:
        """Return its path. Raises KeyError for a parameter that nobody fills."""
        path = self.route
        for parameter in self.parameters:
            before, _, rest = path.partition(f":{parameter}>")
            path = f"{before.rpartition('<')[0]}{arguments[parameter]}{rest}"
        return "/" + path.lstrip("^/").rstrip("$")


def every_page(resolver: URLResolver | None = None, before: str = "") -> Iterator[Page]:
    """Walk all URL patterns of the service."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from every_page(pattern, route)
        elif isinstance(pattern, URLPattern):
            found = pattern.pattern
            names = tuple(found.converters) or tuple(found.regex.groupindex)
            yield Page(route, pattern.name or "", pattern.callback, names)


# What a visit itself may write: who came, and that he was refused.
_TRACES = {"sessions.session", "axes.accessattempt", "axes.accesslog", "axes.accessfailurelog"}


def stored() -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables but the traces of a visit."""
    return {
        model._meta.label_lower: sorted(model._base_manager.values_list(), key=repr)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label_lower not in _TRACES and model is not Entry
    }
