"""A database that cannot be reached is a 503 that says when to come back; nothing was received."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from notifier.ops.api_client import DispatchClient
from notifier.ops.local.stack import Bind, Stack, free_port
from notifier.ops.local.supervisor import Supervisor
from tests.conftest import IN_PROCESS, outside_key
from tests.harness.commands import Commands
from tests.intake.samples import body


@pytest.fixture(scope="module")
def web(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bind]:
    """A real web process whose database refuses: nothing listens on its port."""
    environment = dict(pytestconfig.stash[outside_key]) | IN_PROCESS
    environment["DATABASE_URL"] = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    supervisor = Supervisor(lambda _name, _line: None)
    stage = Stack(environment, tmp_path_factory.mktemp("web"), supervisor)
    bind = Bind("127.0.0.1", free_port())
    try:
        stage.start_web(bind).wait_for_line("Started worker-1", 30)
        _wait_until_it_listens(bind)
        yield bind
    finally:
        supervisor.end()


def _wait_until_it_listens(bind: Bind) -> None:
    """The line above comes a moment before the socket listens."""
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection((bind.host, bind.port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


def _get(web: Bind, path: str) -> tuple[int, str]:
    line = http.client.HTTPConnection(web.host, web.port, timeout=30)
    line.request("GET", path)
    answer = line.getresponse()
    text = answer.read().decode()
    line.close()
    return answer.status, text


def test_a_push_is_told_to_come_back(web: Bind) -> None:
    for ask in (
        lambda dispatch: dispatch.push(body()),
        lambda dispatch: dispatch.dry_run(body()),
        lambda dispatch: dispatch.status("00000000-0000-4000-8000-000000000000"),
    ):
        answer = ask(DispatchClient(web.url, "am_any"))
        assert answer.code == 503
        headers = {name.lower(): value for name, value in answer.headers.items()}
        assert int(headers["retry-after"]) >= 1
        assert "base de données indisponible" in answer.body["error"]


def test_a_receipt_is_told_to_come_back(web: Bind) -> None:
    form = {"MessageSid": "SM" + "1" * 32, "MessageStatus": "delivered"}
    form["AccountSid"] = IN_PROCESS["TWILIO_ACCOUNT_SID"]
    public = f"{IN_PROCESS['PUBLIC_URL']}/api/v1/callbacks/twilio/1"
    signature = RequestValidator(IN_PROCESS["TWILIO_AUTH_TOKEN"]).compute_signature(public, form)
    headers = {
        "X-Twilio-Signature": signature,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    line = http.client.HTTPConnection(web.host, web.port, timeout=30)
    line.request("POST", "/api/v1/callbacks/twilio/1", urlencode(form), headers)
    answer = line.getresponse()
    answer.read()
    line.close()
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) >= 1


def test_who_opens_a_link_or_answers_reads_that_nothing_was_kept(web: Bind) -> None:
    for method, said in (("GET", "Ouvrez de nouveau"), ("POST", "n’est pas enregistrée")):
        line = http.client.HTTPConnection(web.host, web.port, timeout=30)
        line.request(method, "/r/abcdefghijkm", "reponse=taken" if method == "POST" else None)
        answer = line.getresponse()
        assert said in answer.read().decode()
        line.close()
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 1


def test_the_process_lives_and_says_what_is_wrong(web: Bind) -> None:
    assert _get(web, "/healthz") == (200, "ok")
    code, text = _get(web, "/readyz")
    assert code == 503
    assert json.loads(text)["database"].startswith("unreachable")
    assert _get(web, "/metrics")[0] == 503


def test_a_command_says_what_to_do_instead_of_a_traceback(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """A new SQLite file without tables, as before the first `notifier migrate`."""
    environment = dict(pytestconfig.stash[outside_key]) | IN_PROCESS
    with Commands(environment | {"DATA_DIR": str(tmp_path)}) as commands:
        refused = [
            commands.run(*command)
            for command in (("source", "list"), ("timeline", "X"), ("review",))
        ]
    for done in refused:
        assert done.returncode == 1
        assert "notifier migrate" in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
