"""A large change is taken back by a worker: prepared, shown, confirmed, done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from notifier.accounts.roles import Role
from notifier.directory.allowed import AllowedOrganisations
from notifier.directory.election import unconfirm_since
from notifier.directory.models import Change, Mandate, UndoJob, UndoState
from notifier.directory.undoing import jobs
from tests.directory.people import organisation, somebody
from tests.harness.accounts import add_account, logged_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("pages over the room's functions, which both databases run"),
]

CODES = ("90033", "90010", "90023")
NINETY = AllowedOrganisations(frozenset({"90"}))


@pytest.fixture(name="large")
def _large(monkeypatch: pytest.MonkeyPatch) -> Change:
    """An election that touched more rows than are taken back at once."""
    monkeypatch.setattr(jobs, "MAX_AT_ONCE", 2)
    for number, code in enumerate(CODES):
        where = organisation(code=code)
        somebody(where, f"Essai{number}", "maire", mobile=f"+3363998000{number}")
    change = unconfirm_since(timezone.localdate(), set(CODES), "bob")
    assert change
    return change


@pytest.fixture
def client() -> Client:
    return logged_in(add_account(Role.GROUPEMENT, "90", name="anne"))


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    page: str = answer.content.decode()
    return page.replace("\u00a0", " ").replace("\u202f", " ")


def unconfirmed() -> int:
    return Mandate.objects.filter(is_confirmed=False).count()


def test_the_whole_way(client: Client, large: Change) -> None:
    path = f"/historique/{large.pk}/annuler"
    assert "Préparer l’annulation" in text(client, path)
    assert not UndoJob.objects.exists()
    client.post(path)
    client.post(path)
    job = UndoJob.objects.get()
    assert job.state == UndoState.PREPARING
    assert 'hx-trigger="every 2s"' in text(client, path)
    jobs.run(job.pk)
    shown = text(client, path)
    assert "3 lignes reviennent comme avant" in shown
    assert "Essai1" in shown
    client.post(path)
    assert unconfirmed() == 3
    assert "hx-trigger" in text(client, path)
    jobs.run(job.pk)
    jobs.run(job.pk)
    assert unconfirmed() == 0
    job.refresh_from_db()
    assert (job.state, job.undoing) == (UndoState.DONE, Change.objects.get(undoes=large))
    done = text(client, path)
    assert "3 lignes" in done
    assert f"/historique/{job.undoing_id}" in done
    client.post(path)
    assert UndoJob.objects.count() == Change.objects.filter(undoes=large).count() == 1


def test_what_was_changed_since_is_counted_and_stays(client: Client, large: Change) -> None:
    path = f"/historique/{large.pk}/annuler"
    client.post(path)
    job = UndoJob.objects.get()
    jobs.run(job.pk)
    client.post(path)
    Mandate.objects.filter(organisation__code="90033").update(is_confirmed=True)
    jobs.run(job.pk)
    shown = text(client, path)
    assert "1 ligne reste telle quelle" in shown
    assert "changé depuis" in shown


def test_a_word_is_asked_for_where_many_would_have_nobody(
    client: Client, large: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/historique/{large.pk}/annuler"
    client.post(path)
    job = UndoJob.objects.get()
    jobs.run(job.pk)
    UndoJob.objects.update(summary=UndoJob.objects.get().summary | {"unreached": 900})
    assert "900 communes ou organismes n’auraient plus personne" in text(client, path)
    assert client.post(path).status_code == 422
    assert client.post(path, {"word": "oui"}).status_code == 422
    assert client.post(path, {"word": "Annuler"}).status_code == 302
    assert UndoJob.objects.get().state == UndoState.UNDOING


def test_another_s_is_not_there_and_what_is_not_allowed_is_refused(large: Change) -> None:
    path = f"/historique/{large.pk}/annuler"
    elsewhere = logged_in(add_account(Role.GROUPEMENT, "25", name="bob"))
    assert elsewhere.post(path).status_code == 404
    job = jobs.prepare(large, owner=1, author="bob", allowed=AllowedOrganisations())
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == UndoState.REFUSED
    assert "hors de votre périmètre" in job.reason


def test_a_worker_that_died_leaves_nothing_half_done(large: Change) -> None:
    job = jobs.prepare(large, owner=1, author="anne", allowed=NINETY)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert jobs.confirm(job, NINETY)
    assert not jobs.confirm(job, NINETY)
    later = timezone.now() + timedelta(hours=1)
    UndoJob.objects.update(claim="x", claimed_until=timezone.now())
    jobs.upkeep(later)
    job.refresh_from_db()
    assert (job.state, job.claim, unconfirmed()) == (UndoState.REFUSED, "", 3)
    assert "interrompu" in job.reason
    jobs.upkeep(later + timedelta(days=2))
    assert not UndoJob.objects.exists()


def test_a_small_change_is_taken_back_at_once(client: Client, large: Change) -> None:
    jobs.MAX_AT_ONCE = 2_000
    client.post(f"/historique/{large.pk}/annuler")
    assert (UndoJob.objects.count(), unconfirmed()) == (0, 0)
