"""A list on its way into the directory: nothing half done, whoever dies, clicks or comes second."""

from __future__ import annotations

import zipfile
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import Workbook

from notifier.directory.addresses import note_failure
from notifier.directory.allowed import EVERYTHING, AllowedOrganisations
from notifier.directory.imports import importer, jobs
from notifier.directory.models import (
    Address,
    Change,
    ImportJob,
    ImportRow,
    ImportState,
    Mandate,
    Organisation,
    RowVerb,
)
from notifier.directory.person_addresses import change_address
from tests.directory.public_lists import MAYORS_HEADER, mayors
from tests.harness.people import add_contact, change_contact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fiction")]
HEADER = "code_commune;fonction;rang;nom;prenom;mobile;courriel"
DELLE = "90033;maire;1;Noyer;Anne;06 39 98 00 01;"
BELFORT = "90010;maire;1;Sorbier;Luc;06 39 98 00 02;"
FAULTY = "90011;maire;1;Lérot;Luc;12;"
NINETY = AllowedOrganisations(frozenset({"90"}))


def listed(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def submit(content: bytes, name: str = "liste.csv", owner: int = 1, **options: Any) -> ImportJob:
    chosen: dict[str, Any] = {"author": "Anne Essai", "allowed": NINETY} | options
    return jobs.submit(content, name, owner=owner, **chosen)


def state(job: ImportJob) -> str:
    job.refresh_from_db()
    return job.state


def waiting(content: bytes) -> ImportJob:
    """A list that no worker has taken yet."""
    now = timezone.now()
    return ImportJob.objects.create(
        owner_id=1, author="Anne Essai", file_name="liste.csv", content=content,
        allowed=EVERYTHING.to_json(), created_at=now, since=now,
    )  # fmt: skip


def test_a_small_list_is_shown_at_once_and_written_once_it_is_confirmed() -> None:
    job = submit(listed(DELLE, BELFORT, FAULTY))
    assert (state(job), Mandate.objects.count()) == (ImportState.READY, 0)
    assert (job.counts["new"], job.counts["refused"]) == (2, 1)
    rows = job.rows.values_list("line", "verb")
    assert sorted(rows) == [(2, "new"), (3, "new"), (4, "refused")]
    assert job.rows.get(verb=RowVerb.REFUSED).cells == FAULTY.split(";")
    assert ["mobile", "mobile"] in job.columns
    assert jobs.confirm(job, NINETY)
    assert state(job) == ImportState.DONE
    assert Mandate.objects.count() == job.counts["new"] == 2
    change = Change.objects.get()
    assert (job.change, change.author, change.source) == (
        change, "Anne Essai", "liste.csv (contacts)",
    )  # fmt: skip


def test_a_row_left_out_stays_out_and_can_be_taken_again() -> None:
    job = submit(listed(DELLE, BELFORT))
    assert jobs.leave_out(job, 2, is_left_out=True)
    assert jobs.leave_out(job, 3, is_left_out=True)
    assert jobs.leave_out(job, 3, is_left_out=False)
    assert not jobs.leave_out(job, 99, is_left_out=True)
    jobs.confirm(job, NINETY)
    assert list(Mandate.objects.values_list("organisation__code", flat=True)) == ["90010"]
    assert not jobs.leave_out(job, 3, is_left_out=True)


def test_what_an_author_may_change_counts_as_it_is_when_he_confirms() -> None:
    job = submit(listed(DELLE, BELFORT))
    jobs.confirm(job, AllowedOrganisations())
    assert state(job) == ImportState.READY
    assert not Mandate.objects.exists()
    assert job.counts == job.counts | {"new": 0, "refused": 2}


def test_who_confirms_twice_writes_once() -> None:
    job = submit(listed(DELLE))
    assert [jobs.confirm(job, NINETY), jobs.confirm(job, NINETY)] == [True, False]
    assert Change.objects.count() == 1
    assert not jobs.abandon(job)


def test_a_preview_that_is_no_longer_true_is_shown_anew_and_not_written() -> None:
    add_contact("90033", "maire", last_name="Noyer", first_name="Anne", mobile="+33639980005")
    job = submit(listed(DELLE, BELFORT))
    change_contact(Mandate.objects.get(), mobile="+33639980006")
    before = Change.objects.count()
    assert jobs.confirm(job, NINETY)
    assert state(job) == ImportState.READY
    assert job.reasons == [jobs.OUTDATED]
    assert Change.objects.count() == before
    assert "+33639980006" in str(job.rows.get(line=2).details)
    assert jobs.confirm(job, NINETY)
    assert (state(job), job.reasons) == (ImportState.DONE, [])
    assert Address.objects.filter(value="+33639980001").exists()


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"%PDF-1.4", "liste.csv", "colonne manquante"),
        (b"PK\x03\x04 broken", "liste.xlsx", "liste.xlsx"),
        (b'[{"nom":', "../../mairies.json", "« mairies.json »"),
        (b"PK\x03\x04 broken", "C:\\Users\\moi\\liste.ods", "« liste.ods »"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_by_its_own_name(
    content: bytes, name: str, said: str
) -> None:
    job = submit(content, name)
    jobs.run(job.pk)
    assert state(job) == ImportState.REFUSED
    assert said in " ".join(job.reasons)
    assert bytes(job.content) == b""
    assert "/" not in " ".join(job.reasons).replace("21/03/2026", "")


def test_what_is_too_large_or_one_too_many_is_not_taken() -> None:
    for content in (b"", b"x" * (jobs.MAX_BYTES + 1)):
        with pytest.raises(jobs.ImportRefused):
            submit(content)
    for _ in range(jobs.MAX_UNFINISHED):
        last = submit(listed(DELLE))
    with pytest.raises(jobs.ImportRefused, match="déjà en cours"):
        submit(listed(DELLE))
    submit(listed(DELLE), owner=2)
    assert jobs.abandon(last)
    assert not jobs.abandon(last)
    last.refresh_from_db()
    assert (bytes(last.content), last.rows.count()) == (b"", 0)
    submit(listed(DELLE))


def test_a_sheet_that_swells_is_left_to_a_worker() -> None:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<a>" * 10_000_000)
    assert len(content.getvalue()) < 64 * 1024
    assert submit(content.getvalue(), "x.xlsx").state == ImportState.READING


def test_a_workbook_is_read_by_a_worker_with_its_refused_cells() -> None:
    book, content = Workbook(), BytesIO()
    for row in (HEADER, DELLE, FAULTY):
        book.active.append(row.split(";"))
    book.save(content)
    job = submit(content.getvalue(), "communes.xlsx")
    assert job.is_worked_on
    jobs.run(job.pk)
    assert state(job) == ImportState.READY
    assert job.rows.get(verb=RowVerb.REFUSED).cells[5] == "12"


def test_a_reason_names_no_command() -> None:
    """What a terminal would be told to do is of no use in a browser."""
    ambiguous, unknown = (
        "63113;maire;1;Noyer;Anne;0639980001;",
        ";directeur;1;Noyer;Anne;0639980002;",
    )
    header = f"{HEADER};organisme"
    rows = (f"{ambiguous};", f"{unknown};partenaire:inconnu")
    job = submit(listed(*rows, header=header), allowed=EVERYTHING)
    assert job.counts["refused"] == 2
    said = str([row.details for row in job.rows.all()])
    assert "colonne « commune »" in said
    assert "nom_organisme" in said
    for command in ("--confirm", "notifier", "commande"):
        assert command not in said


# --- Workers that die, and jobs that get lost ----------------------------------------------------


def test_a_worker_that_fails_in_the_middle_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    job = submit(listed(DELLE, BELFORT))

    def fails(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(importer, "_remove_people_without_mandate", fails)
        assert jobs.confirm(job, NINETY)
    assert (state(job), job.reasons) == (ImportState.READY, [jobs.INTERRUPTED])
    assert not Mandate.objects.exists()
    assert not Change.objects.exists()
    assert jobs.confirm(job, NINETY)
    assert state(job) == ImportState.DONE


def test_a_worker_that_comes_back_from_the_dead_writes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its lease ran out, and its author was told that nothing changed."""
    job = submit(listed(DELLE))
    compare = importer.compare

    def slow(*args: Any) -> Any:
        jobs.upkeep(timezone.now() + timedelta(hours=1))
        return compare(*args)

    monkeypatch.setattr(importer, "compare", slow)
    jobs.confirm(job, NINETY)
    assert (state(job), job.reasons) == (ImportState.READY, [jobs.INTERRUPTED])
    assert not Mandate.objects.exists()


def test_a_list_whose_reader_died_can_be_read_again() -> None:
    job = waiting(listed(DELLE))
    ImportJob.objects.update(claim="dead", claimed_until=timezone.now() - timedelta(seconds=1))
    jobs.run(job.pk)
    assert state(job) == ImportState.READING
    jobs.upkeep(timezone.now())
    assert (state(job), job.reasons) == (ImportState.INTERRUPTED, [jobs.INTERRUPTED])
    assert [jobs.resume(job, NINETY), jobs.resume(job, NINETY)] == [True, False]
    assert (state(job), job.reasons) == (ImportState.READY, [])


def test_a_job_that_the_broker_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    job = waiting(listed(DELLE))
    enqueued: list[str] = []
    monkeypatch.setattr(jobs, "enqueue_after_commit", lambda _task, pk, **_: enqueued.append(pk))
    jobs.upkeep(timezone.now())
    assert enqueued == [str(job.pk)]


def test_what_was_confirmed_and_not_begun_for_long_is_to_be_confirmed_again() -> None:
    job = submit(listed(DELLE))
    ImportJob.objects.update(state=ImportState.WRITING, since=timezone.now() - timedelta(hours=1))
    jobs.upkeep(timezone.now())
    assert state(job) == ImportState.READY


def test_bytes_and_rows_are_erased_a_day_after_it_is_over_or_was_left() -> None:
    done, left, fresh = submit(listed(DELLE)), submit(listed(BELFORT)), submit(listed(DELLE))
    jobs.confirm(done, NINETY)
    later = timezone.now() + jobs.KEPT + timedelta(minutes=1)
    ImportJob.objects.filter(pk=fresh.pk).update(since=later)
    jobs.upkeep(later)
    kept = [bool(bytes(job.content)) for job in ImportJob.objects.order_by("pk")]
    assert kept == [False, False, True]
    assert (state(left), state(done)) == (ImportState.ABANDONED, ImportState.DONE)
    assert set(ImportRow.objects.values_list("job", flat=True)) == {fresh.pk}
    assert done.change_id
    assert done.notes == []


def test_a_long_list_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    job = waiting(listed(*mayors(1_500, 7), header=MAYORS_HEADER))
    seen: list[int] = []
    progress = jobs._progress

    def noting(one: ImportJob) -> Any:
        note = progress(one)

        def both(rows: int, expected: int) -> None:
            note(rows, expected)
            seen.append(ImportJob.objects.get().rows_read)

        return both

    monkeypatch.setattr(jobs, "_progress", noting)
    jobs.run(job.pk)
    assert seen == [1_000]
    assert state(job) == ImportState.READY
    assert job.rows_expected >= 1_500


def test_a_list_that_is_given_up_while_it_is_read_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    job = waiting(listed(*mayors(1_500, 7), header=MAYORS_HEADER))
    read = importer.read_list

    def slow(*args: Any, **options: Any) -> Any:
        reading = read(*args, **options)
        assert jobs.abandon(job)
        return reading

    monkeypatch.setattr(importer, "read_list", slow)
    jobs.run(job.pk)
    assert state(job) == ImportState.ABANDONED
    assert job.rows.count() == 0


def test_a_number_that_somebody_corrected_since_is_left_aside_until_it_is_taken() -> None:
    jobs.confirm(submit(listed(DELLE, BELFORT)), NINETY)
    address = Address.objects.get(value="+33639980001")
    change_address(address, "06 39 98 00 07", Organisation.objects.get(code="90033"), "Anne Essai")
    job = submit(listed(DELLE, BELFORT))
    row = job.rows.get(line=2)
    assert (row.is_left_out, row.is_warned, job.counts["warned"]) == (True, True, 1)
    assert "corrigé" in row.warnings[0]
    jobs.confirm(job, NINETY)
    assert Address.objects.filter(value="+33639980007").exists()
    taken = submit(listed(DELLE, BELFORT))
    jobs.leave_out(taken, 2, is_left_out=False)
    jobs.confirm(taken, NINETY)
    assert Address.objects.filter(value="+33639980001").exists()


def test_a_number_that_fails_is_left_aside_where_a_list_brings_it() -> None:
    add_contact("90010", "maire", last_name="Sorbier", first_name="Luc", mobile="+33639980007")
    add_contact("90033", "maire", last_name="Noyer", first_name="Anne", mobile="+33639980002")
    note_failure("mobile", "+33639980002", "numéro inconnu", timezone.now())
    row = submit(listed(BELFORT)).rows.get(line=2)
    assert (row.is_left_out, "est en échec" in row.warnings[0]) == (True, True)
