"""What commands say when something around them is wrong: in French, and what to do."""

import getpass
import io
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from django.core.management import CommandError, call_command

from notifier.accounts.models import User
from notifier.ops.local.stack import Bind, cannot_listen, notifier_command
from tests.conftest import outside_key
from tests.harness.commands import Commands
from tests.harness.variables import environment_of

GOOD = "trois renards sous la neige"


# More than Python holds back, and so little that all of it is written at the very end.
@pytest.mark.parametrize("arguments", [("help", "--commands"), ("--version",), ("--help",)])
def test_a_reader_that_has_read_enough_is_no_error(
    arguments: tuple[str, ...], pytestconfig: pytest.Config
) -> None:
    """`notifier … | head -1`: nobody reads the pipe any more when it is written."""
    # Where a shell asks Python to hold nothing back, this cannot fail.
    environment = dict(pytestconfig.stash[outside_key], PYTHONUNBUFFERED="")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            notifier_command(*arguments),
            stdout=writer,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            timeout=60,
        )
    finally:
        os.close(writer)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert done.returncode == 141


def test_what_is_missing_is_named_in_french(pytestconfig: pytest.Config) -> None:
    environment = dict(pytestconfig.stash[outside_key])
    web = subprocess.run(
        notifier_command("web"), env=environment, capture_output=True, text=True, timeout=60
    )
    with Commands(environment) as commands:
        others = [commands.run(command) for command in ("worker", "beat", "up")]
    for done in (web, *others):
        assert done.returncode == 1
        assert "démarrage impossible, variables absentes : SECRET_KEY, " in done.stderr
        assert "cannot" not in done.stderr


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        bind = Bind("127.0.0.1", other.getsockname()[1])
        with pytest.raises(OSError, match="") as refused:
            bind.require_free()
    said = cannot_listen(f"127.0.0.1:{bind.port}", refused.value)
    assert f"le port de 127.0.0.1:{bind.port} est déjà pris" in said
    assert "Address" not in said


def test_an_address_of_another_machine_is_said_to_be() -> None:
    with pytest.raises(OSError, match="") as refused:
        Bind("192.0.2.1", 8000).require_free()
    assert "n’est pas celle de cette machine" in cannot_listen("192.0.2.1:8000", refused.value)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A person at a terminal who gives these answers."""

    def give(*words: str) -> None:
        left = iter(words)
        monkeypatch.setattr("builtins.input", lambda _: next(left))
        monkeypatch.setattr(getpass, "getpass", lambda _: next(left))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)

    yield give


@pytest.mark.django_db
def test_an_account_is_asked_for_in_french(
    answers: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    answers("corg", "Alerte2026", GOOD, "autre chose", GOOD, GOOD)
    call_command("createsuperuser")
    said = capsys.readouterr()
    assert "Compte « corg » créé" in said.out
    assert "12" in said.err
    assert "diffèrent" in said.err
    user = User.objects.get(username="corg")
    assert user.is_superuser
    assert user.check_password(GOOD)


@pytest.mark.django_db
def test_an_account_without_a_fit_password_is_not_made(answers: Callable[..., None]) -> None:
    answers("corg", "court", "court", "court")
    with pytest.raises(CommandError, match="rien n’est créé"):
        call_command("createsuperuser", stderr=io.StringIO())
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_script_makes_an_account_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="--no-input"):
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        call_command("createsuperuser", username="corg")
    with pytest.raises(CommandError, match="DJANGO_SUPERUSER_PASSWORD"):
        call_command("createsuperuser", username="corg", no_input=True)
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "Alerte2026")
    with pytest.raises(CommandError, match="12"):
        call_command("createsuperuser", username="corg", no_input=True)
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", GOOD)
    call_command("createsuperuser", username="corg", no_input=True, stdout=io.StringIO())
    with pytest.raises(CommandError, match="existe déjà"):
        call_command("createsuperuser", username="corg", no_input=True)
    assert User.objects.count() == 1


def test_what_is_missing_for_sending_is_named_by_its_variables() -> None:
    assert "TWILIO_FROM ou TWILIO_MESSAGING_SERVICE_SID" in environment_of({}).missing()
