"""An RC-RI whose RC-EDA never comes: a person reads what it is, and can close the matter."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from notifier.alerting.decision.pipeline import decide
from notifier.alerting.models import Alert
from notifier.delivery.models import Message
from notifier.intake.correlation.pending import MAX_WAIT
from notifier.intake.models import Report, ReportState
from notifier.journal.models import Entry
from tests.alerting.house import run_round
from tests.api.caller import Caller
from tests.api.foreign import push, stored
from tests.harness.accounts import add_superuser, logged_in
from tests.harness.people import add_contact
from tests.intake import messages as m


@pytest.fixture
def number(corg: Caller) -> str:
    """The case whose resources are all that came."""
    add_contact(commune="90033", function="maire", rank=1, mobile="+33639980001")
    case = m.case_id()
    push(corg, m.envelope(m.resources(case, A="ARRIVEE"), sent=-5))
    with time_machine.travel(timezone.now() + MAX_WAIT + timedelta(seconds=5), tick=True):
        run_round()
        decide(shell().pk)
    return case


def shell() -> Report:
    return Report.objects.get(category="")


def review(*args: str) -> str:
    printed = StringIO()
    call_command("review", *args, stdout=printed)
    return printed.getvalue()


def test_it_reads_well_in_the_list_and_in_detail(number: str) -> None:
    listed = review()
    assert "nature inconnue" in listed
    assert "des moyens sont signalés sans leur intervention" in listed
    shown = review(shell().reference)
    assert "demander l’intervention au centre" in shown
    assert "--dismiss" in shown
    assert "--commune" not in shown
    assert "indice" not in shown


def test_the_duty_reads_what_it_is_and_what_to_do(number: str) -> None:
    mail = Message.objects.get(recipient="duty")
    assert mail.subject == f"Moyens signalés sans intervention : {shell().reference}"
    said = mail.body.replace("\N{NO-BREAK SPACE}", " ")
    assert "Nature : nature inconnue" not in said
    assert "Situation : équipe sur place" in said
    assert "sans gravité" not in said
    assert "--dismiss --why RAISON" in said
    assert "indice" not in said


def test_there_is_no_commune_to_decide(number: str) -> None:
    with pytest.raises(CommandError, match="rien à dire à une commune"):
        review(shell().reference, "--commune", "90033")


def test_it_is_dismissed_with_who_and_why(number: str) -> None:
    reference = shell().reference
    with pytest.raises(CommandError, match="pourquoi"):
        review(reference, "--dismiss")
    review(reference, "--dismiss", "--why", "exercice interne du SDIS", "--who", "Exemple")
    assert shell().state == ReportState.DISMISSED
    assert "Rien à vérifier." in review()
    last = Entry.objects.order_by("-id")[0]
    assert last.text == "Classée sans suite par Exemple. Le motif est gardé avec l’intervention."
    assert "exercice interne" not in str(last.data)
    assert shell().decision_reason == "exercice interne du SDIS"
    assert "exercice interne" not in shell().reason
    assert Message.objects.get(recipient="duty").state == "cancelled"
    with pytest.raises(CommandError, match="n’attend aucune décision"):
        review(reference, "--dismiss", "--why", "encore")


def test_only_resources_without_a_report_are_dismissed(corg: Caller) -> None:
    city = {"inseeCode": "90033", "name": "Giromagny"}
    doubt = stored(push(corg, m.envelope(m.case(m.case_id(), location={"city": city}))))
    assert doubt.state == ReportState.REVIEW
    with pytest.raises(CommandError, match="seuls des moyens"):
        review(doubt.reference, "--dismiss", "--why", "non")


@pytest.mark.parametrize("is_dismissed", [False, True])
def test_the_report_that_comes_after_all_is_told(
    corg: Caller, number: str, is_dismissed: bool
) -> None:
    if is_dismissed:
        review(shell().reference, "--dismiss", "--why", "rien au SDIS")
    report = stored(push(corg, m.envelope(m.case(number))))
    assert (report.state, report.status) == (ReportState.DECIDED, "on_scene")
    assert Alert.objects.get().organisation == "90033"
    assert "Rien à vérifier." in review()


def test_nobody_cares_and_it_expires(number: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=3), tick=True):
        run_round()
    assert shell().state == ReportState.EXPIRED
    last = Message.objects.filter(recipient="duty").order_by("-id")[0]
    assert last.subject.startswith("Intervention jamais arrivée")
    assert "prévenir la commune par un autre moyen" not in last.body


def test_the_administration_shows_it(admin_client: Client, number: str) -> None:
    page = admin_client.get("/admin/intake/report/").content.decode()
    assert "nature inconnue" in page
    detail = admin_client.get(f"/admin/intake/report/{shell().pk}/change/").content.decode()
    assert "nature inconnue" in detail
    assert "sans gravité" not in detail


def test_the_console_closes_it(number: str) -> None:
    browser = logged_in(add_superuser("admin"))
    address = f"/verifications/{shell().pk}"
    assert "Demandez l’intervention au centre" in browser.get(address).content.decode()
    assert browser.post(address, {"why": ""}).status_code == 422
    assert shell().state == ReportState.REVIEW
    assert browser.post(address, {"why": "rien au SDIS"}).status_code == 302
    assert (shell().state, shell().decided_by) == (ReportState.DISMISSED, "admin")
