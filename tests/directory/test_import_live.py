"""A sheet that is uploaded, read and written by real workers: then its mayor is told."""

from __future__ import annotations

from tests.harness.live import Live

# As the page does; a sheet is never read by a web process.
SUBMIT = """
from io import BytesIO
from openpyxl import Workbook
from notifier.directory.allowed import AllowedOrganisations
from notifier.directory.imports.jobs import submit
book, content = Workbook(), BytesIO()
book.active.append("code_commune fonction rang nom prenom mobile courriel".split())
book.active.append(["90047", "maire", 1, "Essai", "Camille", "{mobile}", ""])
book.save(content)
ninety = AllowedOrganisations(frozenset(["90"]))
job = submit(content.getvalue(), "liste.xlsx", owner=1, author="anne", allowed=ninety)
print(job.pk, job.state)
"""
STATE = """
from notifier.directory.models import ImportJob
print(ImportJob.objects.get(pk={job}).state)
"""
CONFIRM = """
from notifier.directory.allowed import AllowedOrganisations
from notifier.directory.imports.jobs import confirm
from notifier.directory.models import ImportJob
print(confirm(ImportJob.objects.get(pk={job}), AllowedOrganisations(frozenset(["90"]))))
"""


def test_a_sheet_is_taken_by_a_worker_and_its_mayor_is_told(live: Live) -> None:
    service, number = live.service, live.service.new_number()
    job, state = service.shell(SUBMIT.format(mobile=number)).split()
    assert state == "reading"
    service.wait_until(lambda: service.shell(STATE.format(job=job)) == "ready")
    assert service.shell(CONFIRM.format(job=job)) == "True"
    service.wait_until(lambda: service.shell(STATE.format(job=job)) == "done")
    answer = service.push(location={"insee": "90047"})
    assert answer.code == 202
    live.expect_sms(to=number)
