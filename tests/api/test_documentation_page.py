"""The OpenAPI document and its page: served from here, and from nowhere else."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from tests.api.caller import INTERVENTIONS

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


@pytest.fixture
def document() -> dict[str, object]:
    """The OpenAPI document."""
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    content: dict[str, object] = json.loads(answer.content)
    return content


def test_the_document_names_the_endpoints_and_their_answers(document: dict[str, object]) -> None:
    assert str(document["openapi"]).startswith("3.")
    paths = document["paths"]
    assert isinstance(paths, dict)
    push = paths[INTERVENTIONS]["post"]
    assert {"200", "202", "400", "401", "403", "409", "411", "413", "422", "429", "503"} <= set(
        push["responses"]
    )
    assert [p["name"] for p in push["parameters"]] == ["dry_run"]
    assert push["security"]
    assert f"{INTERVENTIONS}/{{intervention_id}}" in paths


def test_the_committed_document_is_the_one_that_is_served(document: dict[str, object]) -> None:
    """Whoever makes a client from it reads what changes, in the change itself."""
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == document, (
        "the API's document has changed: « make openapi » writes docs/openapi.json anew; what "
        "dispatch centres rely on must stay"
    )


def test_every_reference_within_the_document_leads_somewhere(document: dict[str, object]) -> None:
    text = json.dumps(document)
    references = set(re.findall(r'"#/([^"]+)"', text))
    assert references
    for reference in references:
        place: object = document
        for part in reference.split("/"):
            assert isinstance(place, dict)
            place = place[part]


def test_the_example_of_the_document_is_taken(document: dict[str, object]) -> None:
    from datetime import UTC, datetime

    from notifier.intake.schema.report import NewReport

    schemas = document["components"]["schemas"]  # type: ignore[index]
    (example,) = schemas["NewIntervention"]["examples"]
    NewReport.model_validate(example | {"occurred_at": datetime.now(UTC).isoformat()})


def test_the_page_loads_only_files_of_this_server_that_are_there() -> None:
    answer = Client().get("/api/v1/docs")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy or "unsafe-inline" not in policy.split("script-src")[1]
    page = answer.content.decode()
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert files
    for file in files:
        assert not re.match(r"(?:https?:)?//", file), file
        if not file.startswith("data:"):
            assert Client().get(file).status_code == 200, file
    for script in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
        attributes, content = script
        assert (
            "src=" in attributes or 'type="application/json"' in attributes or not content.strip()
        )
