"""What the groupement does at its desk: lists, an election and its campaign, an invitation."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone

from notifier.accounts.invitations import invite
from notifier.accounts.models import User
from notifier.accounts.roles import Role
from notifier.accounts.saved_searches import save_search
from notifier.accounts.scope import scope_of
from notifier.alerting.confirmations import send_due
from notifier.console.pages.imports.within import allowed_by
from notifier.delivery.models import Message
from notifier.directory.confirmation import answer, start_campaign
from notifier.directory.election import unconfirm_since
from notifier.directory.imports import jobs
from notifier.directory.models import Change, ChangeKind, ConfirmationRequest, ImportJob, Mandate
from notifier.ops.samples.accounts import OFFICE
from notifier.ops.samples.past import Past
from notifier.ops.samples.story import Office, Task
from notifier.settings import packaged

_LISTS = packaged("config") / "samples"
_TAKEN, _WAITING = "nouveaux-adjoints-90.csv", "liste-association-maires-90.csv"
_BY_ELECTION = {"90076", "90081", "90095"}
_CAMPAIGN = "Élections municipales partielles"
# Who taps what; the others of the three communes have not answered yet.
_ANSWERS = {
    "Martine Truitelle": True,
    "Thierry Renoncule": True,
    "Hélène Brochet": False,
    "Camille Serpolet": True,
    "Alain Chardonneret": True,
}
_LINK = re.compile(r"/c/([\w-]{22})")


def do(work: Office, past: Past) -> None:
    """Do what the groupement did at that moment, and have its texts leave."""
    match work.task:
        case Task.ELECTION:
            unconfirm_since(work.at.date() - timedelta(days=1), _BY_ELECTION, OFFICE.name)
        case Task.CAMPAIGN:
            _begin_campaign()
        case Task.ANSWERS:
            _answer()
        case Task.INVITATION:
            invite(_user(), "jo.merisier@alerte-maires.example", Role.DISPATCHER, "90", None, None)
        case Task.LISTS:
            save_search(_user(), "Alertes d’Essert", "organisme=Essert")
            jobs.confirm(_submit(_TAKEN), allowed_by(scope_of(_user())))
            _submit(_WAITING)
    past.settle()


def _begin_campaign() -> None:
    election = Change.objects.get(kind=ChangeKind.ELECTION)
    concerned = Mandate.history.model.objects.filter(change=election)
    start_campaign(
        _CAMPAIGN,
        Mandate.objects.filter(pk__in=concerned.values("id")),
        author=OFFICE.name,
        ends_at=timezone.now() + timedelta(days=30),
        remind_after_days=10,
        max_reminders=2,
    )
    send_due()


def _answer() -> None:
    """Have people follow the link of a text that they were sent."""
    for request in ConfirmationRequest.objects.select_related("person"):
        is_right = _ANSWERS.get(request.person.name)
        if is_right is None:
            continue
        message = Message.objects.filter(recipient=f"person:{request.person_id}").latest("pk")
        link = _LINK.search(message.body)
        if link:
            answer(link[1], is_right=is_right, now=timezone.now())


def _submit(name: str) -> ImportJob:
    user = _user()
    content = (_LISTS / name).read_bytes()
    allowed = allowed_by(scope_of(user))
    return jobs.submit(content, name, owner=user.pk, author=str(user), allowed=allowed)


def _user() -> User:
    return User.objects.get(username=OFFICE.username)
