"""Opening a session: guessing is bounded, counted by the right address, and leaves a trace."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from notifier import settings as shipped
from notifier.accounts.models import User
from notifier.journal.models import Entry, Step

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("how passwords are judged and counted is no matter of SQL"),
]

LOG_IN = "/connexion"
PASSWORD = "cheval-agrafe-pile-correcte"


@pytest.fixture
def account() -> User:
    """An administrator."""
    return User.objects.create_superuser("corg", password=PASSWORD)


def _try(password: str, name: str = "corg", **headers: str) -> int:
    """The answer's status: 302 opens a session, 200 is the form again, 429 is locked."""
    form = {"login": name, "password": password, "next": "/admin/"}
    answer = Client(headers=headers).post(LOG_IN, form)
    return answer.status_code


def _in_journal() -> list[str]:
    return list(
        Entry.objects.filter(step=Step.ACCESS).order_by("id").values_list("text", flat=True)
    )


def test_five_wrong_passwords_lock_even_the_right_one_out(account: User) -> None:
    assert [_try("faux") for _ in range(4)] == [200] * 4
    assert _try("faux") == 429
    assert _try(PASSWORD) == 429


def test_a_lock_ends_after_a_quarter_of_an_hour(account: User) -> None:
    for _ in range(5):
        _try("faux")
    assert _try(PASSWORD) == 429
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1), tick=False):
        assert _try(PASSWORD) == 302


def test_the_right_password_forgets_the_wrong_ones(account: User) -> None:
    for _ in range(2):
        assert [_try("faux") for _ in range(4)] == [200] * 4
        assert _try(PASSWORD) == 302


def test_a_stranger_does_not_lock_the_others_out(account: User) -> None:
    """Behind nginx every request comes from 127.0.0.1, which says for whom."""
    stranger = {"X-Forwarded-For": "203.0.113.7"}
    for _ in range(5):
        _try("faux", **stranger)
    assert _try(PASSWORD, **stranger) == 429
    assert _try(PASSWORD, **{"X-Forwarded-For": "198.51.100.1"}) == 302


def test_a_client_cannot_choose_the_address_it_is_counted_by(account: User) -> None:
    """What it writes before the proxy's own word is not believed, nor anything without a proxy."""
    for number in range(5):
        _try("faux", **{"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.7"})
    assert _try(PASSWORD, **{"X-Forwarded-For": "198.51.100.9, 203.0.113.7"}) == 429
    form = {"login": "corg", "password": "faux"}
    straight = Client(REMOTE_ADDR="203.0.113.8")
    for number in range(5):
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        answer = straight.post(LOG_IN, form, headers=headers)
    assert answer.status_code == 429


def test_the_locked_page_says_what_to_do(account: User) -> None:
    for _ in range(5):
        _try("faux")
    answer = Client().post(LOG_IN, {"login": "corg", "password": PASSWORD})
    page = answer.content.decode()
    assert "quinze minutes" in page
    assert "axes_reset" in page


def test_each_attempt_on_an_account_is_in_the_journal(account: User) -> None:
    _try("faux")
    _try(PASSWORD)
    assert _in_journal() == [
        f"Compte n° {account.pk} : ouverture de session refusée.",
        f"Compte n° {account.pk} : session ouverte.",
    ]
    for _ in range(5):
        _try("faux")
    locked = f"Compte n° {account.pk} : ouverture de session bloquée après trop d’échecs."
    assert _in_journal().count(locked) == 1


def test_neither_names_nor_passwords_are_written_down(
    account: User, caplog: pytest.LogCaptureFixture
) -> None:
    """People type their password into the name's field; strangers may type anything."""
    _try("secret-de-trop", name="corg")
    _try("x", name="mon-mot-de-passe-123")
    written = caplog.text + " ".join(str(entry.data) + entry.text for entry in Entry.objects.all())
    assert "session refused" in caplog.text
    for secret in ("secret-de-trop", "mon-mot-de-passe-123"):
        assert secret not in written


def test_strangers_do_not_fill_the_journal(account: User) -> None:
    for number in range(20):
        _try("faux", name=f"inconnu-{number}")
    assert not _in_journal()


def test_passwords_are_kept_as_argon2(settings: Any) -> None:
    settings.PASSWORD_HASHERS = shipped.PASSWORD_HASHERS
    account = User.objects.create_superuser("corg", password=PASSWORD)
    assert account.password.startswith("argon2$argon2id$")


@pytest.mark.parametrize(
    "password",
    [
        "Alerte2026", "Alerte2026!", "AlerteMaires2026", "Gendarmerie90000", "gendarmerie-90-2026",
        "Préfecture2026!!", "MotDePasse2026!", "Azerty123456", "aaaaaaaaaaaaa1", "1234567890123",
        "corg-administrateur-2026", "court",
    ],
)  # fmt: skip
def test_a_password_that_everybody_tries_is_refused_in_french(password: str) -> None:
    user = User(username="corg", last_name="Lérot", email="valerie@delle.example")
    with pytest.raises(ValidationError) as refused:
        validate_password(password, user)
    assert all(message.endswith(".") for message in refused.value.messages)


@pytest.mark.parametrize("password", ["lérot-valérie-90", "valerie@delle.example"])
def test_a_password_like_the_account_is_refused(password: str) -> None:
    user = User(username="lerot", last_name="lérot-valérie", email="valerie@delle.example")
    with pytest.raises(ValidationError):
        validate_password(password, user)


@pytest.mark.parametrize("password", [PASSWORD, "tR7!mq-vLo2_xZ", "trois renards sous la neige"])
def test_a_good_password_is_taken(password: str) -> None:
    validate_password(password, User(username="corg"))
