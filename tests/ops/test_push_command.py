"""`notifier push` against the real service: three formats, three doors, one line each."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.harness.live import Live
from tests.intake import messages as m
from tests.intake.samples import body


def push(live: Live, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return live.service.run("push", "--url", live.service.dispatch.url, *arguments, **env)


@pytest.mark.one_database(reason="the client of the API is the subject")
def test_files_of_every_format_are_taken(live: Live, tmp_path: Path) -> None:
    mobile = live.service.new_number()
    live.service.add_contacts(f"90014;maire;1;Essai;Claude;{mobile};")
    number = m.case_id()
    area = "<geocode><valueName>INSEE</valueName><value>90014</value></geocode>"
    case = m.case(number, location={"city": {"inseeCode": "90014"}})
    files = {
        # As Windows saves them.
        "case.xml": m.xml(case).decode().encode("utf-16"),
        "resources.json": b"\xef\xbb\xbf" + m.written(m.resources(number, A="ARRIVEE")),
        "alert.cap": m.cap(live.service.new_reference(), info=m.info("fr", area)),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    done = push(live, *(str(tmp_path / name) for name in files), CLE=live.service.dispatch.key)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("/")] == [
        f"{tmp_path / 'case.xml'} (/api/v1/edxl) : 202",
        f"{tmp_path / 'resources.json'} (/api/v1/edxl) : 202",
        f"{tmp_path / 'alert.cap'} (/api/v1/cap) : 202",
    ]
    assert "createCase.initialAlert.caller" in done.stdout
    live.expect_sms(to=mobile, containing="accident")
    live.expect_sms(to=mobile, containing="incendie")


@pytest.mark.one_database(reason="the client of the API is the subject")
def test_a_refusal_is_printed_and_fails(live: Live, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(b'{"reference": "R1"}')
    done = push(live, str(tmp_path / "bad.json"), "--key", live.service.dispatch.key)
    assert done.returncode != 0
    assert " : 422" in done.stdout
    assert "non reçu" in done.stderr


@pytest.mark.one_database(reason="the client of the API is the subject")
def test_a_source_that_must_sign(live: Live, tmp_path: Path) -> None:
    name = live.service.new_reference()
    added = live.service.run("source", "add", name, "--departement", "90", "--signed")
    secret = re.search(r"whsec_\S+", added.stdout)
    assert secret is not None, added
    key = added.stdout.split()[-1]
    number = m.case_id()
    (tmp_path / "case.json").write_bytes(m.written(m.envelope(m.case(number))))
    (tmp_path / "secret").write_text(f"{secret[0]}\n", encoding="utf-8")
    case = str(tmp_path / "case.json")
    unsigned = push(live, case, CLE=key, SECRET_SIGNATURE="")
    assert " : 401" in unsigned.stdout
    signed = push(live, case, CLE=key, SECRET_SIGNATURE=secret[0])
    assert " : 202" in signed.stdout, signed.stderr
    again = push(live, case, "--secret-file", str(tmp_path / "secret"), CLE=key)
    assert " : 200" in again.stdout, again.stderr
    wrong = push(live, case, CLE=key, SECRET_SIGNATURE="whsec_pas un secret")
    assert "secret de signature illisible" in wrong.stderr


@pytest.mark.one_database(reason="the client of the API is the subject")
def test_a_file_that_cannot_be_read_holds_up_no_other(live: Live, tmp_path: Path) -> None:
    mobile = live.service.new_number()
    live.service.add_contacts(f"90015;maire;1;Essai;Camille;{mobile};")
    content = body(reference=live.service.new_reference(), location={"insee": "90015"})
    good = tmp_path / "good.json"
    good.write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "folder").mkdir()
    files = [str(tmp_path / "absent.json"), str(tmp_path / "folder"), str(good)]
    done = push(live, *files, CLE=live.service.dispatch.key)
    assert done.returncode == 1
    assert f"{good} (/api/v1/interventions) : 202" in done.stdout
    assert "absent.json » n’existe pas" in done.stderr
    assert "folder » est un dossier" in done.stderr
    assert f"non reçu : {files[0]}, {files[1]}" in done.stderr
    live.expect_sms(to=mobile)


@pytest.mark.one_database(reason="the client of the API is the subject")
def test_an_address_without_a_scheme_is_understood(live: Live, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(b"{}")
    port = live.service.url.rpartition(":")[2]
    for address in (f"localhost:{port}", f"127.0.0.1:{port}/"):
        done = live.service.run(
            "push", "--url", address, str(tmp_path / "bad.json"), CLE=live.service.dispatch.key
        )
        assert " : 422" in done.stdout, done
