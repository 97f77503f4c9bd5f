"""A database that cannot be reached is a 503 that says when to come back; nothing was received."""

import html
import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from notifier.alerting.models import AnswerKind
from notifier.ops.api_client import DispatchClient
from notifier.ops.local.stack import Bind
from tests.conftest import IN_PROCESS, outside_key
from tests.harness.commands import Commands
from tests.harness.unreachable import web_without_database
from tests.intake.samples import body

LINK = "/r/abcdefghijkm"


@pytest.fixture(scope="module")
def web(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bind]:
    environment = dict(pytestconfig.stash[outside_key]) | IN_PROCESS
    with web_without_database(environment, tmp_path_factory.mktemp("web")) as bind:
        yield bind


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


def _link(web: Bind, path: str = LINK, **posted: str) -> str:
    """What a page behind a link says: a 503 that says when to come back."""
    line = http.client.HTTPConnection(web.host, web.port, timeout=30)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    line.request("POST" if posted else "GET", path, urlencode(posted) if posted else None, form)
    answer = line.getresponse()
    page = answer.read().decode()
    line.close()
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) >= 1
    return page


def _words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_an_alert_is_opened_again_by_one_press(web: Bind) -> None:
    page = _link(web)
    assert f'href="{LINK}"' in page
    assert "Réessayer" in _words(page)
    assert "réponse" not in _words(page)
    for emergency in ("tel:17", "tel:18", "tel:112"):
        assert emergency in page


@pytest.mark.parametrize("kind", list(AnswerKind))
def test_an_answer_that_may_not_be_kept_is_given_again_by_one_press(
    web: Bind, kind: AnswerKind
) -> None:
    page = _link(web, reponse=kind.value, lu="stamp:1", a="12")
    assert "n’est peut-être pas enregistrée" in _words(page)
    label = "transmettre" if kind is AnswerKind.HANDED_OVER else kind.label
    assert f"Réessayer : {label}" in _words(page)
    assert f'action="{LINK}"' in page
    for carried in (f'value="{kind.value}"', 'name="lu" value="stamp:1"', 'name="a" value="12"'):
        assert carried in page


def test_what_is_no_answer_is_not_carried_on(web: Bind) -> None:
    hostile = '"><script>'
    page = _link(web, reponse=hostile, lu=hostile, a=hostile)
    assert "<script>" not in page
    assert 'name="reponse"' not in page
    page = _link(web, reponse="taken", lu=hostile, a="1 OR 1")
    assert "<script>" not in page
    assert 'name="a"' not in page


def test_preferences_are_to_be_saved_again(web: Bind) -> None:
    words = _words(_link(web, f"{LINK}/preferences", faire="canaux", lu="x"))
    assert "n’est peut-être pas enregistré" in words
    assert "Revenez en arrière" in words
    assert "réponse" not in words


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
