"""Who may enter: the key, the pace, the territory and the signature, each refused in French."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook

from notifier.intake.access import rate_limit
from notifier.intake.access.api_keys import renew_key, revoke, rotate, source_of
from notifier.intake.models import Report, Source
from tests.api.caller import INTERVENTIONS, Caller, fields, refusal
from tests.intake.samples import body, source

pytestmark = pytest.mark.django_db


def test_a_source_is_read_by_its_key_as_the_orm_reads_it() -> None:
    new = source()
    rotated = rotate(new.source, timedelta(hours=1))
    stored = Source.objects.get()
    for key in (new.key, rotated.key):
        found = source_of(key)
        assert {f.attname: getattr(found, f.attname) for f in Source._meta.concrete_fields} == {
            f.attname: getattr(stored, f.attname) for f in Source._meta.concrete_fields
        }
        assert found == stored


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (None, "clé absente"),
        ("", "clé absente"),
        ("Bearer", "clé absente"),
        ("Bearer   ", "clé absente"),
        ("Basic dXNlcjpwYXNz", "clé absente"),
        ("am_sansmot", "clé absente"),
        ("Bearer am_inconnue", "clé inconnue"),
        ("Bearer a b c", "clé inconnue"),
        ("Bearer clé", "clé inconnue"),
    ],
)
def test_without_a_key_that_we_know(header: str | None, said: str) -> None:
    source()
    headers = {} if header is None else {"Authorization": header}
    client = Client(raise_request_exception=False)
    for answer in (
        client.post(INTERVENTIONS, body(), content_type="application/json", headers=headers),
        client.get(f"{INTERVENTIONS}/00000000-0000-4000-8000-000000000000", headers=headers),
    ):
        assert answer.status_code == 401
        assert said in refusal(answer)["error"]
    assert not Report.objects.exists()


def test_the_scheme_is_read_in_any_case(corg: Caller) -> None:
    assert corg.push(body(), Authorization=f"bearer {corg.key}").status_code == 202


def test_a_revoked_key_is_refused_at_once(corg: Caller) -> None:
    assert corg.push(body()).status_code == 202
    revoke(corg.source)
    answer = corg.push(body())
    assert answer.status_code == 401
    assert "révoquée" in refusal(answer)["error"]


def test_after_a_renewal_only_the_new_key_enters(corg: Caller) -> None:
    key = renew_key(corg.source)
    assert corg.push(body()).status_code == 401
    assert corg.push(body(), Authorization=f"Bearer {key}").status_code == 202


def test_the_key_is_checked_before_the_body_is_looked_at(corg: Caller) -> None:
    assert corg.push(b"[" * 70_000, Authorization="Bearer am_x").status_code == 401


def test_one_source_never_sees_what_another_pushed(corg: Caller) -> None:
    pushed = json.loads(corg.push(body()).content)["id"]
    police = Caller(source("Police 90"))
    assert corg.status(pushed).status_code == 200
    answer = police.status(pushed)
    assert answer.status_code == 404
    unknown = police.status("00000000-0000-4000-8000-000000000000")
    assert unknown.content == answer.content


@pytest.mark.parametrize(
    ("departement", "insee"),
    [
        ("90", "25056"),
        ("2A", "2B033"),
        ("2A", "2b033"),
        ("2B", "2A004"),
        ("971", "97209"),
        ("97", "97105"),
        ("10", "1033"),
        ("90", "99999"),
    ],
)
def test_a_commune_of_another_departement(departement: str, insee: str) -> None:
    caller = Caller(source("CORG", departement))
    answer = caller.push(body(location={"insee": insee}))
    assert answer.status_code == 403
    assert f"{insee} est hors des départements" in fields(answer)["location.insee"]
    assert caller.dry_run(body(location={"insee": insee})).status_code == 403
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("departement", "insee"),
    [
        ("2A", "2A004"),
        ("2A", "2a004"),
        ("2B", "2b033"),
        ("971", "97105"),
        ("01", "1033"),
        ("01", "01033"),
        ("69", "69381"),
        ("988", "98818"),
    ],
)
def test_a_commune_of_its_own_departement(departement: str, insee: str) -> None:
    caller = Caller(source("CORG", departement))
    assert caller.push(body(location={"insee": insee})).status_code == 202


def test_too_many_requests_wait_and_others_are_not_held_up(
    corg: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(rate_limit, "time", SimpleNamespace(monotonic=lambda: clock.now))
    Source.objects.filter(pk=corg.source.pk).update(rate_per_minute=2)
    police = Caller(source("Police 90"))
    assert [corg.push(body()).status_code for _ in range(2)] == [202, 202]
    clock.now += 3.6
    refused = body()
    answer = corg.push(refused)
    assert answer.status_code == 429
    wait = int(answer.headers["Retry-After"])
    assert f"dans {wait} s" in refusal(answer)["error"]
    assert police.push(body()).status_code == 202
    clock.now += wait
    assert corg.push(refused).status_code == 202
    assert corg.push(body()).status_code == 429
    assert Report.objects.filter(incident__source=corg.source).count() == 3


@pytest.fixture
def signer() -> Caller:
    """A source that must sign."""
    return Caller(source("CORG 90", signed=True))


DRY_RUN = f"{INTERVENTIONS}?dry_run=true"
DOORS = [INTERVENTIONS, "/api/v1/edxl", "/api/v1/cap"]


def _signed(
    caller: Caller,
    content: bytes,
    at: datetime | None = None,
    *,
    target: str = INTERVENTIONS,
    number: str = "msg_1",
    secret: str = "",
) -> dict[str, str]:
    """As the documentation says, by an independent library."""
    at = at or datetime.now(UTC)
    signer = Webhook(secret or caller.source.signing_secret)
    return {
        "webhook-id": number,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signer.sign(number, at, f"POST {target}\n{content.decode()}"),
    }


def test_a_signed_request_is_taken(signer: Caller) -> None:
    content = json.dumps(body()).encode()
    assert signer.push(content, **_signed(signer, content)).status_code == 202


def test_the_key_alone_is_not_enough_for_a_source_that_signs(signer: Caller) -> None:
    answer = signer.push(body())
    assert answer.status_code == 401
    assert "webhook-signature" in refusal(answer)["error"]


def test_a_signed_body_that_was_changed_or_is_old(signer: Caller) -> None:
    content = json.dumps(body()).encode()
    changed = signer.push(content.replace(b"90033", b"90010"), **_signed(signer, content))
    assert changed.status_code == 401
    assert "signature fausse" in refusal(changed)["error"]
    before = datetime.now(UTC) - timedelta(minutes=6)
    old = signer.push(content, **_signed(signer, content, before))
    assert old.status_code == 401
    assert "horloge" in refusal(old)["error"]
    assert not Report.objects.exists()


def test_a_dry_run_must_be_signed_too(signer: Caller) -> None:
    content = json.dumps(body()).encode()
    assert signer.dry_run(content).status_code == 401
    signed = _signed(signer, content, target=DRY_RUN)
    assert signer.push(content, DRY_RUN, **signed).status_code == 200


@pytest.mark.parametrize("door", DOORS)
def test_a_signed_dry_run_is_no_alert(signer: Caller, door: str) -> None:
    content = json.dumps(body()).encode()
    signed = _signed(signer, content, target=f"{door}?dry_run=true")
    for other in (door, f"{door}?", f"{door}?dry_run=false", f"{door}?dry_run=true&dry_run=false"):
        answer = signer.push(content, other, **signed)
        assert (other, answer.status_code) == (other, 401)
        assert "signature fausse" in refusal(answer)["error"]
    assert not Report.objects.exists()


@pytest.mark.parametrize(("signed_for", "sent_to"), list(itertools.permutations(DOORS, 2)))
def test_what_was_signed_for_one_door_opens_no_other(
    signer: Caller, signed_for: str, sent_to: str
) -> None:
    content = json.dumps(body()).encode()
    answer = signer.push(content, sent_to, **_signed(signer, content, target=signed_for))
    assert answer.status_code == 401


def test_the_body_alone_is_no_longer_enough(signer: Caller) -> None:
    content = json.dumps(body()).encode()
    at = datetime.now(UTC)
    alone = Webhook(signer.source.signing_secret).sign("msg_1", at, content.decode())
    signed = _signed(signer, content, at) | {"webhook-signature": alone}
    assert signer.push(content, **signed).status_code == 401


def test_a_signed_push_that_is_overheard_and_sent_again_does_nothing(signer: Caller) -> None:
    first = json.dumps(body()).encode()
    signed = _signed(signer, first)
    pushed = signer.push(first, **signed)
    again = signer.push(first, **signed)
    assert (pushed.status_code, again.status_code) == (202, 200)
    assert json.loads(again.content)["id"] == json.loads(pushed.content)["id"]
    assert Report.objects.count() == 1


def test_a_status_needs_no_signature(signer: Caller) -> None:
    content = json.dumps(body()).encode()
    pushed = json.loads(signer.push(content, **_signed(signer, content)).content)
    assert signer.status(pushed["id"]).status_code == 200


def test_old_and_new_secret_are_taken_while_one_replaces_the_other(signer: Caller) -> None:
    before = signer.source.signing_secret
    rotated = rotate(signer.source, timedelta(hours=24))
    for key, secret in (
        (signer.key, before),
        (rotated.key, rotated.secret),
        (signer.key, rotated.secret),
    ):
        content = json.dumps(body()).encode()
        signed = _signed(signer, content, secret=secret, number=f"{key} {secret}")
        assert signer.push(content, Authorization=f"Bearer {key}", **signed).status_code == 202
    Source.objects.update(overlap_until=datetime.now(UTC))
    content = json.dumps(body()).encode()
    late = _signed(signer, content, secret=before)
    assert signer.push(content, Authorization=f"Bearer {rotated.key}", **late).status_code == 401


def test_a_secret_that_nobody_can_open_is_our_fault_and_not_the_source_s(
    signer: Caller, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    content = json.dumps(body()).encode()
    signed = _signed(signer, content)
    settings.SECRET_KEY = "another key" * 5
    answer = signer.push(content, **signed)
    assert answer.status_code == 503
    assert "prévenez l’exploitant" in refusal(answer)["error"]
    assert "SECRET_KEY_FALLBACKS" in caplog.text
    assert not Report.objects.exists()


def _overheard(signer: Caller, content: bytes) -> list[dict[str, Any]]:
    """What can be sent in a source's name by whoever has its key, but not its secret."""
    return [
        {},
        {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"},
        _signed(signer, content, secret="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
        _signed(signer, content, target=DRY_RUN),
        {"Transfer-Encoding": "chunked"},
        {"Content-Length": "65537"},
        # Overheard as it was sent.
        _signed(signer, content),
    ]


def test_nobody_without_the_secret_spends_what_a_source_may_push(signer: Caller) -> None:
    Source.objects.filter(pk=signer.source.pk).update(rate_per_minute=3)
    known = json.dumps(body()).encode()
    assert signer.push(known, **_signed(signer, known)).status_code == 202
    for headers in _overheard(signer, known) * 5:
        assert signer.push(known, **headers).status_code in (200, 401, 411, 413, 429)
    assert signer.push(known).status_code == 429
    for n in range(2):
        fresh = json.dumps(body()).encode()
        signed = _signed(signer, fresh, number=f"fresh {n}")
        assert signer.push(fresh, **signed).status_code == 202


def test_whoever_asks_all_the_time_does_not_hold_up_what_is_pushed(corg: Caller) -> None:
    Source.objects.filter(pk=corg.source.pk).update(rate_per_minute=2)
    pushed = json.loads(corg.push(body()).content)["id"]
    assert [corg.status(pushed).status_code for _ in range(3)] == [200, 200, 429]
    assert corg.push(body()).status_code == 202
    assert corg.push(body()).status_code == 429
