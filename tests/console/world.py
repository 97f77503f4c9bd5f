"""A département with something in every table, and the URLs of the service with it filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest_django
from django.apps import apps
from django.db import transaction
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
from notifier.directory.models import Address, Convention, Mandate, Zone
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Report, Source
from notifier.intake.receive import receive
from notifier.intake.schema.report import NewReport
from notifier.journal.models import Entry
from tests.alerting.organisations import told_by_convention
from tests.harness.accounts import add_account
from tests.harness.people import add_contact


@dataclass(frozen=True)
class Place:
    """Where a world is, and the words by which what is of it is recognised."""

    departement: str
    commune: str
    in_doubt: str
    last_name: str
    first_name: str
    mobile: str
    mail: str
    reference: str
    source: str
    convention: str
    siren: str
    colleague: str

    @property
    def contacts(self) -> bytes:
        """A list of contacts of its commune."""
        row = f"{self.commune};adjoint;3;{self.last_name};{self.first_name};{self.mobile};"
        return f"code_commune;fonction;rang;nom;prenom;mobile;courriel\n{row}".encode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What only this place knows: nobody else reads one of these anywhere."""
        national = self.mobile.removeprefix("+33")
        pairs = " ".join((national[1:3], national[3:5], national[5:7], national[7:9]))
        return (
            self.last_name, self.first_name, self.reference, national[1:], pairs, self.mail,
            self.source, self.convention, self.convention.replace(" ", "%20"), self.colleague,
            f"Recherche de {self.colleague}",
            f"Campagne de {self.colleague}",
        )  # fmt: skip


BELFORT = Place(
    "90", "90033", "Giromagny", "Quatrepoint", "Zéphyrine", "+33639980001",
    "zephyrine@delle.example", "ESSAI-SECRET-1", "CORG du secret", "Convention du secret",
    "200069052", "colleague-of-90",
)  # fmt: skip
SAONE = Place(
    "70", "70550", "Lure", "Cinqponts", "Ysaline", "+33639980701", "ysaline@vesoul.example",
    "ESSAI-VESOUL-1", "CORG de Vesoul", "Convention de Vesoul", "247000011", "colleague-of-70",
)  # fmt: skip
SECRETS = BELFORT.secrets


@dataclass
class World:
    """What is stored, and what fills a parameter of a URL."""

    mandate: Mandate
    report: Report
    doubt: Report
    arguments: dict[str, Any]


def build_world(place: Place = BELFORT) -> World:
    """Store somebody and something of every kind there."""
    mandate = add_contact(
        place.commune,
        last_name=place.last_name,
        first_name=place.first_name,
        mobile=place.mobile,
        email=place.mail,
    )
    deputy = add_contact(
        place.commune,
        "adjoint",
        last_name=f"{place.last_name}-Adjoint",
        email=f"adjoint.{place.mail}",
    )
    source = add_source(
        place.source, [place.departement], service="Gendarmerie", duty_email="", signed=False
    ).source
    told = told_by_convention(title=place.convention, code=place.siren, communes=(place.commune,))
    report = _push(source, place.reference, insee=place.commune)
    doubt = _push(source, f"{place.reference}-D", insee=place.commune, name=place.in_doubt)
    account = add_account(Role.DISPATCHER, place.departement, name=place.colleague)
    now = timezone.now()
    search = save_search(account, f"Recherche de {place.colleague}", f"organisme={place.commune}")
    campaign = start_campaign(
        f"Campagne de {place.colleague}",
        Mandate.objects.filter(pk=mandate.pk),
        author="x",
        ends_at=now + timedelta(days=30),
        remind_after_days=7,
        max_reminders=1,
    )
    absence = add_absence(mandate, now, now + timedelta(days=2), deputy, now)
    narrowing = PolicyNarrowing(
        departement=place.departement,
        category="C01.01.00",
        is_routine=True,
        reason=f"motif de {place.source}",
    )
    comparison = propose(narrowing, place.colleague)
    arguments = {
        "pk": 1,  # a passkey; nobody has one
        "key": "0" * 43,  # a link of a mail that nobody got
        "secret": "2" * 12,  # a link of a text that nobody got
        "kind": "commune",
        "code": place.commune,
        "departement": place.departement,
        "commune": place.commune,
        "category": "C01.01.01",
        "incident": report.incident_id,
        "report": doubt.pk,
        "alert": Alert.objects.get(organisation=place.commune).pk,
        "notification": Notification.objects.filter(incident=report.incident_id).first().pk,
        "mandate": mandate.pk,
        "person": mandate.person_id,
        "address": Address.objects.get(value=place.mobile).pk,
        "source": source.pk,
        "convention": Convention.objects.get(title=place.convention).reference,
        "change": mandate.history.first().change_id,
        "account": account.pk,
        "assignment": RoleAssignment.objects.get(user=account).pk,
        "invitation": _invitation(place).pk,
        "zone": Zone.objects.filter(organisation=told).first().pk,
        "absence": absence.pk,
        "campaign": campaign.pk,
        "job": submit(
            place.contacts, "liste.csv", owner=account.pk, author="x", allowed=EVERYTHING
        ).pk,
        "narrowing": comparison.narrowing_id,
        "comparison": comparison.pk,
        "search": search.pk,
    }
    return World(mandate, report, doubt, arguments)


@contextmanager
def kept_for_a_module(blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """Keep what is stored within for all tests of a module: each takes back only what it did."""
    with blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
    yield
    with blocker.unblock():
        transaction.set_rollback(True)
        outer.__exit__(None, None, None)


def _invitation(place: Place) -> Invitation:
    now = timezone.now()
    return Invitation.objects.create(
        email=f"invite@{place.colleague}.example",
        role=Role.DISPATCHER,
        departement=place.departement,
        digest=place.departement * 32,
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
