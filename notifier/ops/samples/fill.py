"""Fill an empty service with the samples, by the functions and commands that are there for all."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from io import StringIO

import structlog
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.utils import timezone

from notifier.accounts.models import RoleAssignment, User
from notifier.alerting.models import PolicyNarrowing, ReplayState
from notifier.alerting.policy_changes import adopt, advance, propose
from notifier.alerting.review.decisions import decide_communes, waiting
from notifier.directory.models import Organisation
from notifier.directory.organisations import organisation, read_ref
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Source
from notifier.intake.schema.vocabulary import Severity
from notifier.intake.silence import note_activity
from notifier.ops.samples import accounts, office, story
from notifier.ops.samples.accounts import ACCOUNTS, DISPATCHER, OFFICE
from notifier.ops.samples.past import Past, travelling
from notifier.ops.samples.story import Answered, Decided, Office, Pushed, Round
from notifier.settings import packaged

_SAMPLES = packaged("config") / "samples"
_CONVENTIONS = packaged("config") / "conventions"
_OFFICE = OFFICE.name


class SamplesRefused(Exception):
    """There is no simulator: these people and their alerts would be taken for real ones."""


def require_simulator() -> None:
    """Raise SamplesRefused unless the service runs with the simulated provider."""
    if not settings.ENVIRONMENT.SIMULATOR:
        raise SamplesRefused(
            "les données d’exemple demandent le simulateur : personnes, numéros et faits sont "
            "inventés"
        )


def is_free() -> bool:
    """Say whether nothing has been entered but, perhaps, the samples themselves."""
    if User.objects.filter(email=OFFICE.email).exists():
        return True
    return not (Source.objects.exists() or Organisation.objects.exists() or User.objects.exists())


def fill(now: datetime) -> None:
    """Write two weeks that end at `now`; nothing where they are there already.

    Raises SamplesRefused.
    """
    require_simulator()
    if Source.objects.filter(name=story.CORG).exists():
        return
    events = story.story(now)
    with travelling(now - story.BEGINNING) as past:
        past.dead |= story.DEAD
        past.takes_calls |= story.TAKES_CALLS
        sources = _prepare()
        _add_accounts()
        # What is told of each event is logged as it is when it happens; here it is long past.
        with structlog.testing.capture_logs():
            for event in events:
                past.clock.move_to(max(event.at, timezone.now()))
                _play(past, event, sources)
            _narrow()
    _plan_absences(now)
    note_activity()


def _prepare() -> dict[str, Source]:
    """Write lists, conventions, an absence, who is on call, and the sources."""
    call = partial(call_command, stdout=StringIO(), stderr=StringIO())
    call("directory", "import", str(_SAMPLES / "contacts-90.csv"), "--who", _OFFICE)
    landlord = ("Habitat de l’Exemple", "--code", "habitat-exemple", "--departement", "90")
    call("organisation", "add", "partenaire", *landlord, "--who", _OFFICE)
    office = ("Groupement de gendarmerie du Territoire de Belfort", "--code", "ggd90")
    call("organisation", "add", "gendarmerie", *office, "--departement", "90", "--who", _OFFICE)
    call("directory", "import", str(_SAMPLES / "organismes-90.csv"), "--who", _OFFICE)
    places = str(_SAMPLES / "lieux-90.geojson")
    call("organisation", "territory", "--file", places, "--who", _OFFICE)
    agreements = [
        str(_CONVENTIONS / f"{name}.toml") for name in ("bailleur-gpo", "elus-prefecture")
    ]
    call("convention", "import", *agreements, "--who", _OFFICE)
    return {
        source.name: source
        for source in (
            add_source(
                story.CORG, ["90"], service="Gendarmerie", signed=False,
                duty_email=story.DUTY_EMAIL, duty_phone=story.DUTY_PHONE,
            ).source,
            add_source(
                story.POLICE, ["90"], service="Police nationale", signed=False,
                duty_email=story.POLICE_EMAIL, duty_phone=story.POLICE_PHONE,
            ).source,
        )
    }  # fmt: skip


def _add_accounts() -> None:
    now, secret_key = timezone.now(), settings.SECRET_KEY
    hashed = make_password(accounts.password(secret_key))
    for account in ACCOUNTS:
        user = User.objects.create(
            username=account.username,
            email=account.email,
            first_name=account.first_name,
            last_name=account.last_name,
            password=hashed,
            is_superuser=not account.role,
            is_staff=not account.role,
        )
        if account.role:
            is_commune = ":" in account.where
            RoleAssignment.objects.create(
                user=user,
                role=account.role,
                departement="" if is_commune else account.where,
                organisation=organisation(read_ref(account.where)) if is_commune else None,
                granted_by=ACCOUNTS[0].name,
                granted_at=now,
            )
        if account.has_second_factor:
            TOTP.activate(user, accounts.totp_secret(secret_key, account))
            RecoveryCodes.activate(user)


def _play(past: Past, event: story.Event, sources: dict[str, Source]) -> None:
    match event:
        case Pushed():
            past.push(sources[event.source], event.body)
        case Decided():
            reports = list(waiting().filter(incident__reference=event.reference))
            decide_communes(reports, [event.commune], who=DISPATCHER.name, why="confirmé par radio")
            past.settle()
        case Answered():
            past.answer(event.reference, event.title, event.kind, event.means)
        case Office():
            office.do(event, past)
        case Round():
            past.settle()


def _narrow() -> None:
    """Have the groupement narrow a category, once it has seen what that would have changed."""
    comparison = propose(
        PolicyNarrowing(
            departement="90",
            category="C09.06.00",
            from_severity=Severity.EXTREME,
            reason="demandé par l’association des maires : les ascenseurs ont leur astreinte",
        ),
        _OFFICE,
    )
    while comparison.state == ReplayState.RUNNING:
        advance(comparison.pk)
        comparison.refresh_from_db()
    adopt(comparison, _OFFICE)


def _plan_absences(now: datetime) -> None:
    """Enter who is away and who is on call, as of `now`."""
    call = partial(call_command, stdout=StringIO(), stderr=StringIO())
    local = timezone.localtime(now)
    until = local + timedelta(days=4)
    away = ("commune:90008", "maire", "--until", f"{until:%Y-%m-%d}", "--stand-in", "1er adjoint")
    call("absence", "add", *away, "--who", "Luc Saulaie")
    friday = local.date() - timedelta(days=(local.weekday() - 4) % 7)
    turns = ("commune:90010", "3e adjoint", "4e adjoint", "5e adjoint")
    call("on-call", "plan", *turns, "--from", f"{friday} 18:00", "--who", _OFFICE)
