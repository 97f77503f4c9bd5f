"""A doubt is seen by a person at once: the mail to the duty, and the candidates in their order."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from notifier.alerting.review.decisions import decide_communes, waiting
from notifier.alerting.review.notices import candidates
from notifier.delivery.models import Channel, Lane, MessageState
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Report
from tests.alerting.house import (
    CONFLICT,
    DUTY,
    GIROMAGNY,
    REFUSED,
    SECRET,
    breakable,
    contact,
    decided,
    hand_over,
    journal,
    messages,
    number,
    push,
    run_round,
    sms,
    told,
)

# Delle's postal code, which is Vauthiermont's INSEE code, sent as one.
POSTAL_AS_INSEE = {"insee": "90100", "name": "Delle"}
# Delle's INSEE code is nobody's postal code; 90400 is nobody's INSEE code.
NOBODYS_CODE = {"insee": "90400", "name": "Andelnans"}


@pytest.fixture(autouse=True)
def mayors(source):
    contact(mobile=number(1))
    contact(commune="90052", mobile=number(2))


def mails() -> list:
    return messages(recipient="duty")


def test_the_duty_is_mailed_the_clues_and_the_command_at_once(source) -> None:
    push(source, location=CONFLICT)
    (mail,) = mails()
    assert (mail.channel, mail.address, mail.lane) == (Channel.EMAIL, DUTY, Lane.URGENT)
    assert breakable(mail.subject) == "Commune à vérifier : R1"
    assert "Le code INSEE 90033 désigne Delle (90033)." in mail.body
    assert "Giromagny (90052) : 1 indice sur 2" in breakable(mail.body)
    assert "notifier review R1 --commune CODE" in mail.body
    page = reverse("console:review", args=[Report.objects.get().pk])
    assert f" {settings.ENVIRONMENT.PUBLIC_URL}{page}\n" in mail.body.replace("\u00a0", " ")
    assert [line.text for line in journal(step="review")][-1].startswith(
        "N° 1 : permanence du groupement prévenue par courriel"
    )


def test_nothing_that_dispatch_typed_freely_is_in_the_mail(source) -> None:
    place = {"insee": "90033", "name": "chez Jean Dupont", "label": "appelant Martin, code 1234"}
    push(source, location=place)
    (mail,) = mails()
    assert not any(word in mail.body for word in ("Dupont", "Martin", "1234"))
    assert "Le nom donné n’est pas reconnu" in mail.body


def test_the_same_doubt_of_a_later_state_is_not_mailed_again(source) -> None:
    push(source, location=CONFLICT)
    push(source, sequence=2, location=CONFLICT, severity="extreme")
    assert len(mails()) == 1
    push(source, sequence=3, location={"insee": "90033", "name": "Belfort"})
    assert len(mails()) == 2


def test_a_doubt_that_nobody_decides_is_mailed_once_more_when_it_expires(source) -> None:
    push(source, location=CONFLICT)
    push(source, sequence=2, location=CONFLICT)
    hand_over()
    with travel(timezone.now() + timedelta(hours=3, minutes=1)):
        run_round()
        run_round()
    asked, expired = mails()
    assert asked.state == MessageState.ACCEPTED
    assert breakable(expired.subject) == "Personne n’a décidé de la commune : R1"
    assert "prévenir la commune par un autre moyen" in expired.body
    assert "Décider" not in expired.body


def test_who_reads_that_nobody_decided_reads_no_question_first(source) -> None:
    push(source, location=CONFLICT)
    with travel(timezone.now() + timedelta(hours=3, minutes=1)):
        run_round()
    asked, expired = mails()
    assert (asked.state, expired.state) == (MessageState.CANCELLED, MessageState.PENDING)


def test_a_decision_takes_back_a_mail_that_did_not_leave_yet(source) -> None:
    push(source, location=CONFLICT)
    decide_communes(list(waiting()), ["90052"], who="Exemple", why="")
    assert [mail.state for mail in mails()] == [MessageState.CANCELLED]
    decided(Report.objects.get().pk)
    assert told(channel="sms") == [sms(2)]


def test_a_later_state_that_clears_the_doubt_takes_the_mail_back(source) -> None:
    push(source, location=CONFLICT)
    push(source, sequence=2, location=GIROMAGNY)
    assert [mail.state for mail in mails()] == [MessageState.CANCELLED]


def test_a_mail_that_cannot_be_delivered_is_an_error_and_no_more(source, caplog) -> None:
    push(source, location=CONFLICT)
    hand_over(lambda _: REFUSED)
    assert "duty address could not be told" in caplog.text
    assert len(messages()) == 1


def test_a_source_without_duty_address_says_so_loudly(source, caplog) -> None:
    other = add_source("SDIS 90", ["90"], service="SDIS", duty_email="", signed=False).source
    push(other, location=CONFLICT)
    assert messages() == []
    assert "no duty address" in caplog.text
    assert "aucune adresse de permanence" in journal(step="review")[-1].text


def test_of_what_is_told_to_nobody_the_mail_says_neither_nature_nor_more(source) -> None:
    push(source, category=SECRET, location=CONFLICT)
    (mail,) = mails()
    assert "agression" not in mail.body
    assert SECRET not in mail.body
    assert "n’est annoncée à aucune commune" in mail.body
    assert "aussitôt" not in mail.body


def test_an_exercise_says_so(source) -> None:
    push(source, location=CONFLICT, exercise=True)
    (mail,) = mails()
    assert mail.subject.startswith("EXERCICE")
    assert mail.body.count("EXERCICE") == 2


@pytest.mark.parametrize(
    ("place", "probable"), [(POSTAL_AS_INSEE, "Delle (90033)"), (NOBODYS_CODE, "Andelnans (90001)")]
)
def test_a_postal_code_sent_as_insee_code_is_named_and_the_probable_commune_first(
    source, place, probable
) -> None:
    doubtful = push(source, location=place)
    assert candidates([doubtful])[0].label == f"{probable} : 2 indices sur 2"
    printed = StringIO()
    call_command("review", "R1", stdout=printed)
    said = "le code postal a sans doute été envoyé à la place du code INSEE"
    assert said in printed.getvalue()
    first = printed.getvalue().splitlines()[1]
    assert first.strip().startswith(probable)
    assert said in mails()[0].body


def test_candidates_outside_the_sources_departements_are_not_offered(source) -> None:
    doubtful = push(source, location={"insee": "90033", "name": "Montbéliard"})
    assert [c.commune.code for c in candidates([doubtful])] == ["90033"]


def test_a_point_in_the_sea_waits_with_the_nearest_commune_marked(source) -> None:
    doubtful = push(source, location={"latitude": 47.46, "longitude": 7.05})
    assert (doubtful.state, doubtful.verdict) == ("review", "unknown")
    (clue,) = doubtful.clues
    assert clue["marks"][0]["holds"] is False
    assert clue["marks"][0]["distance_m"] > 0


def test_where_no_clue_names_any_commune_a_decision_says_why(source) -> None:
    """Delle's postal code is the INSEE code of Vauthiermont: a slip would tell the wrong mayor."""
    doubt = push(source, location={"name": "Dele"})
    with pytest.raises(CommandError, match=r"désigne Vauthiermont .* code postal"):
        call_command("review", "R1", "--commune", "90100")
    assert Report.objects.get().state == "review"
    (mail,) = mails()
    assert "notifier review R1 --commune CODE --why RAISON" in mail.body
    call_command(
        "review", "R1", commune=["90033"], why="l’appelant a épelé le nom", stdout=StringIO()
    )
    decided(doubt.pk)
    assert Report.objects.get().communes == ["90033"]


def test_the_number_that_dispatch_knows_finds_what_we_keep_under_another(source) -> None:
    """It would be a link on a telephone, so it is kept and told with slashes."""
    push(source, reference="fr/health/samu900/X1", location=CONFLICT)
    for command in ("review", "timeline"):
        printed = StringIO()
        call_command(command, "fr.health.samu900.X1", stdout=printed)
        assert "fr/health/samu900/X1" in printed.getvalue()
