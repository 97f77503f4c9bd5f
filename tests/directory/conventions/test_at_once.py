"""Two people who change a convention at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from notifier.directory.conventions.rules import rules_for
from notifier.directory.models import Convention, ConventionRule
from tests.directory.conventions.territories import CLERMONT
from tests.directory.conventions.test_store import TEXT


def at_once(folder: Path, *texts: str) -> list[str]:
    """Import the texts at the same moment; what each was refused with, or nothing."""
    barrier = Barrier(len(texts))

    def run(number: int, text: str) -> str:
        path = folder / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        barrier.wait(30)
        try:
            call_command("convention", "import", str(path))
        except CommandError as refused:
            return str(refused)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(texts)) as threads:
        return list(threads.map(run, range(len(texts)), texts))


def test_one_follows_the_other_and_one_rule_is_in_force(real_commits: None, tmp_path: Path) -> None:
    urgent = TEXT.replace("until = 2026-12-31\n", "")
    routine = urgent.replace('"urgent"', '"routine"')
    refused = at_once(tmp_path, urgent, routine)
    # Both may be the first to store it: then one of them is told to try again.
    assert all("relancer la commande" in said for said in refused if said)
    assert Convention.objects.count() == 1
    assert at_once(tmp_path, urgent, routine, urgent) == ["", "", ""]
    assert len(rules_for([CLERMONT], timezone.now() + timedelta(seconds=1))) == 1
    ended = ConventionRule.objects.exclude(ends_at=None).order_by("ends_at")
    starts = list(ConventionRule.objects.order_by("starts_at").values_list("starts_at", flat=True))
    assert [rule.ends_at for rule in ended] == starts[1:]
