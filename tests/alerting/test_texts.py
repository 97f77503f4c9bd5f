"""Every kind of text that leaves, to the letter, as it was when somebody last read it.

One file for each case stands in `texts/`. Nothing here names an internal: reports are pushed
through the API, the clock goes on, beat's rounds are made, what a provider is handed is compared.
`pytest tests/alerting/test_texts.py --update-texts` writes the files anew; read the difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command

from notifier.alerting.address_test import send_test
from notifier.alerting.answers.answer import answer
from notifier.alerting.deadlines import tell_owners
from notifier.alerting.figures.mail import mail_figures
from notifier.alerting.models import Alert, AnswerKind, AnswerMeans, Notification
from notifier.alerting.own.absence import note_absence
from notifier.alerting.own.addresses import accept_own, confirm_own, refuse_own, remove_own
from notifier.alerting.own.preferences import choose_own_channels, choose_own_quiet_hours
from notifier.delivery.models import Message
from notifier.delivery.providers.base import Outcome
from notifier.delivery.sweep import upkeep
from notifier.directory.models import (
    Address,
    AddressKind,
    Convention,
    ConventionRule,
    Mandate,
    OrganisationRef,
)
from notifier.directory.organisations import organisation
from notifier.directory.own_data import OwnData, add_unconfirmed, own_data
from notifier.intake.access.api_keys import add_source
from notifier.intake.models import Source
from notifier.territory.resolve import commune_by_code
from tests.alerting.house import (
    DUTY,
    LATER,
    REFUSED,
    TAKEN,
    contact,
    hand_over,
    number,
    run_round,
)
from tests.alerting.organisations import landlord, member, told_by_convention
from tests.api.caller import Caller
from tests.harness.variables import changed
from tests.intake import messages as foreign

FOLDER = Path(__file__).parent / "texts"
PARIS = ZoneInfo("Europe/Paris")
NAME = "CORG 90"
PRESIDENT = "president@grand-belfort.example"
MAIL, DEPUTY_MAIL = "maire@delle.example", "adjoint@delle.example"

# The categories are those that are shipped; each is here for its own way of being said.
CAR, LORRY, PILE_UP, PLANE = "C01.01.01", "C01.01.02", "C01.01.06", "C01.04.00"
COACH, FIRE, LORRY_FIRE = "C01.01.03", "C04.02.01", "C04.01.02"
BURGLARY = "C03.03.02"
ABDUCTION, NOISE, SCHOOL = "C02.04.01", "C07.07.03", "L01.03.00"
STRIKE, WATER, MISSING, WANTED = "C07.04.01", "C09.02.00", "C10.01.05", "C10.01.01"

DELLE = {"insee": "90033"}
GIROMAGNY = {"insee": "90052"}
JONCHEREY = {"insee": "90056"}
STREET = {"insee": "90033", "label": "rue de Déridé"}
LONG_STREET = {"insee": "90033", "label": "avenue du Maréchal de Lattre de Tassigny"}
CONFLICT = {"insee": "90033", "name": "Giromagny"}
LONGEST = {"insee": "51513"}
REUNION = {"insee": "97411", "name": "Saint-Denis"}
# In Delle, 84 m from Joncherey.
BORDER = {"latitude": 47.520453, "longitude": 7.007077}
NEXT_TO_DELLE = ("90043", "90045", "90046", "90056", "90063", "90096")
SEVERITIES = ("minor", "moderate", "severe", "extreme")

# What is of this run alone: where the administration shows it.
PAGE = re.compile(r"http://127\.0\.0\.1:1/(admin|verifications)/\S*")
# Each reader's own; a short domain of the operator's.
SECRET = re.compile(r"(?<=https://am90\.example/r/)\w{12}")


class Stage:
    """A source, the clock, and all that leaves, written down as people read it."""

    def __init__(self, clock: time_machine.Traveller) -> None:
        self._clock = clock
        self._source("CORG 90", "90", "51", "974")
        self.written: list[str] = []

    def _source(self, name: str, *departements: str, **more: Any) -> None:
        usual = {"service": "Gendarmerie", "duty_email": DUTY, "signed": False}
        new = add_source(name, list(departements), **{**usual, **more})
        call_command("source", "set", name, "--duty-phone", "03 53 01 00 90")
        self._caller = Caller(new)

    def speaks_for(self, name: str, service: str) -> None:
        """From now on reports are another source's, of another service."""
        self._source(name, "90", service=service)

    def has_no_telephone(self) -> None:
        call_command("source", "set", NAME, "--duty-phone", "")

    def push(self, reference: str = "CORG90-2026-000001", sequence: int = 1, **body: Any) -> None:
        """Report a grave road accident in Delle, ten minutes old, where nothing else is said.

        `ago` is the age in minutes of what is reported.
        """
        ago = body.pop("ago", 10)
        usual = {
            "status": "engaged",
            "category": CAR,
            "severity": "severe",
            "occurred_at": (self.now - timedelta(minutes=ago)).isoformat(),
            "location": STREET,
            "reference": reference,
            "sequence": sequence,
        }
        answer = self._caller.push({**usual, **body})
        assert answer.status_code == 202, answer.content.decode()

    def push_foreign(self, document: dict[str, Any]) -> None:
        answer = self._caller.push(document, "/api/v1/edxl")
        assert answer.status_code == 202, answer.content.decode()

    @property
    def now(self) -> datetime:
        return datetime.now(PARIS)

    def waits(self, **time: float) -> None:
        """Let time pass, then do what beat asks for, without handing anything over."""
        self._clock.shift(timedelta(**time))
        run_round()
        upkeep()

    def leaves(
        self,
        what: str,
        answer: Callable[[Message], Outcome] = lambda _: TAKEN,
        *,
        to: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Let all leave that is due, with what follows from it, and write it down under this title.

        `answer` is the provider's; `to` says to which addresses texts are written down.
        """
        self.written.append(f"##### {what}\n")
        for _ in range(4):
            left: list[Message] = []

            def provider(message: Message, left: list[Message] = left) -> Outcome:
                left.append(message)
                return answer(message)

            self.waits(seconds=3)
            hand_over(provider)
            if not left:
                break
            shown = [message for message in left if to(message.address)]
            self.written += [_written(message) for message in sorted(shown, key=_place)]

    @property
    def text(self) -> str:
        written = PAGE.sub("<page de l’administration>", "\n".join(self.written))
        return SECRET.sub("AbCdEfGhJkMn", written)


def _place(message: Message) -> tuple[str, str, str]:
    return message.channel, message.address, message.body


def _written(message: Message) -> str:
    """A text as the file holds it; the spaces that do not break are shown."""
    if message.channel == "sms":
        written = f"=== SMS {message.address}\n{message.body}\n"
    else:
        written = f"=== courriel {message.address}\nObjet : {message.subject}\n\n{message.body}"
        if message.html:
            written += f"--- html\n{message.html}"
    return written.replace("\u00a0", "⍽").replace("\u202f", "⎵")


def refusing(*addresses: str) -> Callable[[Message], Outcome]:
    return lambda message: REFUSED if message.address in addresses else TAKEN


def not_now(*addresses: str) -> Callable[[Message], Outcome]:
    return lambda message: LATER if message.address in addresses else TAKEN


@pytest.fixture
def stage(db: None, settings: Any) -> Iterator[Stage]:
    """A Tuesday in January, at half past ten in the evening in Paris."""
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, ANSWER_URL="https://am90.example")
    at = datetime(2026, 1, 13, 22, 30, tzinfo=PARIS)
    with time_machine.travel(at, tick=False) as clock:
        yield Stage(clock)


# --- the cases: each writes one file, of its name


def first(stage: Stage) -> None:
    """To a mayor with a mobile and a mailbox."""
    contact(mobile=number(1), email=MAIL)
    stage.push()
    stage.leaves("première alerte")


def answer_wanted(stage: Stage) -> None:
    """What wants an answer says where to give it, as long as it goes on."""
    contact(mobile=number(1), email=MAIL)
    contact("adjoint", mobile=number(2))
    stage.push(category=FIRE)
    stage.leaves("un incendie")
    stage.push(sequence=2, category=FIRE, severity="extreme", status="on_scene", ago=0)
    stage.leaves("aggravé")
    stage.push(sequence=3, category=FIRE, severity="extreme", status="closed", ago=0)
    stage.leaves("et fini, rien n’est plus attendu")
    stage.push("CORG90-2026-000002", category=FIRE, status="on_scene", location=DELLE)
    stage.leaves("le maire n’est pas joint", refusing(number(1)), to=_only(number(2)))
    stage.push("CORG90-2026-000003", category=COACH, exercise=True, location=LONG_STREET)
    stage.leaves("en exercice, et trop long pour un segment", to=_only(number(1)))


def first_on_scene_yesterday(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.push(status="on_scene", ago=3 * 60 + 40, location=DELLE)
    stage.waits(hours=2)
    stage.push("CORG90-2026-000002", status="on_scene", ago=3 * 60 + 40)
    stage.leaves("équipe sur place ; un événement du jour, puis un de la veille")


def first_categories(stage: Stage) -> None:
    """The ways in which a label says how grave it is."""
    contact(mobile=number(1))
    ways = (CAR, LORRY, PILE_UP, STRIKE, SCHOOL, ABDUCTION, WANTED, LORRY_FIRE)
    told = list(product(ways, SEVERITIES))
    for n, (category, severity) in enumerate(told):
        stage.push(f"CORG90-2026-{n:06d}", category=category, severity=severity)
    stage.leaves("de chaque gravité", to=lambda address: address == number(1))
    for n, (category, severity) in enumerate(told):
        over = {"status": "closed", "ago": 0}
        stage.push(f"CORG90-2026-{n:06d}", 2, category=category, severity=severity, **over)
    stage.leaves("leur fin", to=lambda address: address == number(1))


def first_mail_only(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.push(category=NOISE, severity="minor")
    stage.leaves("par courriel seul")


def lengths(stage: Stage) -> None:
    """What is said shorter, and what is left out, so that two segments hold it."""
    contact(mobile=number(1))
    contact(mobile=number(2), commune="51513")
    stage.push("1", category=LORRY, severity="extreme", location=LONG_STREET)
    stage.leaves("une rue longue")
    stage.push("CORG90-" + "1" * 53, category=LORRY, location=LONG_STREET)
    stage.leaves("une référence de soixante signes")
    stage.push(
        "CORG90-" + "2" * 53, category=LORRY, location={**LONGEST, "label": LONG_STREET["label"]}
    )
    stage.leaves("et le nom de commune le plus long")
    stage.push(
        "CORG90-" + "2" * 53,
        2,
        category=LORRY,
        location={**LONGEST, "label": LONG_STREET["label"]},
        severity="extreme",
    )
    stage.leaves("son aggravation")
    stage.push("CORG90-" + "2" * 53, 3, category=LORRY, location=GIROMAGNY, severity="extreme")
    stage.leaves("sa commune quittée", to=lambda address: address != DUTY)


def other_service(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.speaks_for("Police 90", "Police nationale")
    stage.push()
    stage.leaves("un autre service")
    stage.push(sequence=2, status="cancelled")
    stage.leaves("qui annule")


def no_duty_telephone(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.has_no_telephone()
    stage.push()
    stage.leaves("sans téléphone de permanence")


def overseas(stage: Stage) -> None:
    contact(mobile="+262692000001", email="maire@saint-denis.example", commune="97411")
    stage.push(location=REUNION)
    stage.leaves("à l’heure de La Réunion")
    stage.push(sequence=2, location=REUNION, status="closed", ago=0)
    stage.leaves("sa fin")


def update(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.push(severity="moderate")
    stage.leaves("première alerte", to=lambda _: False)
    stage.push(sequence=2, severity="extreme", status="on_scene", ago=0)
    stage.leaves("aggravation")


def end_dated(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.push()
    stage.leaves("première alerte", to=lambda _: False)
    stage.waits(minutes=25)
    stage.push(sequence=2, status="closed", ago=5)
    stage.leaves("fin datée")


def end_with_its_closure(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.push(category=FIRE)
    stage.leaves("première alerte", to=lambda _: False)
    stage.waits(minutes=25)
    stage.push(sequence=2, category=FIRE, status="closed", ago=5, closure="fire_out")
    stage.leaves("fin, et comment")


def end_not_dated(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.push(category=STRIKE)
    stage.leaves("première alerte", to=lambda _: False)
    stage.waits(minutes=25)
    stage.push(sequence=2, category=STRIKE, status="closed", ago=36)
    stage.leaves("fin sans heure propre")


def end_next_day(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.push()
    stage.leaves("première alerte", to=lambda _: False)
    stage.waits(hours=2)
    stage.push(sequence=2, status="closed", ago=40)
    stage.leaves("fin le lendemain")


def cancellation(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.push()
    stage.leaves("première alerte", to=lambda _: False)
    stage.push(sequence=2, status="cancelled", ago=0)
    stage.leaves("annulation")


def moved(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    contact(mobile=number(2), commune="90052")
    stage.push()
    stage.leaves("première alerte", to=lambda _: False)
    stage.push(sequence=2, location=GIROMAGNY)
    stage.leaves("une autre commune : celle qu’elle quitte, celle où elle est")


def moved_away(stage: Stage) -> None:
    """Where it is now may not be told by this source."""
    contact(mobile=number(1), email=MAIL)
    stage.push()
    stage.leaves("première alerte", to=lambda _: False)
    stage.push(sequence=2, location={"postal_code": "25200", "name": "Montbéliard"})
    stage.leaves("hors des départements de la source")


def reopened(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.push()
    stage.leaves("première alerte", to=lambda _: False)
    stage.push(sequence=2, status="closed", ago=0)
    stage.leaves("fin", to=lambda _: False)
    stage.waits(minutes=40)
    stage.push(sequence=3, status="engaged", ago=0)
    stage.leaves("reprise")


def exercise(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    contact(mobile=number(2), email="maire@joncherey.example", commune="90056")
    stage.push(exercise=True, category=MISSING)
    stage.leaves("exercice", to=lambda address: address != DUTY)
    stage.push(sequence=2, exercise=True, category=MISSING, status="closed", ago=0)
    stage.leaves("sa fin", to=lambda address: address != DUTY)


def neighbours(stage: Stage) -> None:
    """What adjoins Delle, and who has no contact there: the duty is told."""
    contact(mobile=number(1), email=MAIL)
    contact(mobile=number(2), email="maire@joncherey.example", commune="90056")
    stage.push(category=MISSING)
    stage.leaves("la commune et ses voisines")
    stage.push(sequence=2, category=MISSING, severity="extreme")
    stage.leaves("aggravation")
    stage.push(sequence=3, category=MISSING, severity="extreme", status="closed", ago=0)
    stage.leaves("fin")
    stage.push("CORG90-2026-000002", category=MISSING)
    stage.leaves("une autre", to=lambda _: False)
    stage.push("CORG90-2026-000002", 2, category=MISSING, status="cancelled", ago=0)
    stage.leaves("son annulation")


def close_by(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    contact(mobile=number(2), email="maire@joncherey.example", commune="90056")
    stage.push(category=PLANE, location=BORDER)
    stage.leaves("en limite de commune")
    stage.push(sequence=2, category=PLANE, location=BORDER, severity="extreme")
    stage.leaves("aggravation")
    stage.push(
        sequence=3, category=PLANE, location=BORDER, severity="extreme", status="closed", ago=0
    )
    stage.leaves("fin")
    stage.push("CORG90-2026-000002", category=PLANE, location=BORDER)
    stage.leaves("une autre", to=lambda _: False)
    stage.push("CORG90-2026-000002", 2, category=PLANE, location=BORDER, status="cancelled", ago=0)
    stage.leaves("son annulation")


def digest(stage: Stage) -> None:
    """Routine texts beyond the fifth, of two communes for one reader, some of them over."""
    for commune in ("90033", "90056"):
        contact(mobile=number(1), email=MAIL, commune=commune)
    for n in range(5):
        stage.push(f"CORG90-2026-{n:06d}", category=WATER)
    stage.leaves("avant l’afflux", to=lambda _: False)
    stage.push("CORG90-2026-000005", category=WATER, severity="minor", ago=25)
    stage.push("CORG90-2026-000006", category=WATER, location={"insee": "90056"}, ago=20)
    stage.push("CORG90-2026-000007", category=NOISE, ago=15)
    stage.push("CORG90-2026-000008", category=NOISE)
    stage.leaves("rien encore")
    stage.push("CORG90-2026-000007", 2, category=NOISE, status="closed", ago=0)
    stage.push("CORG90-2026-000008", 2, category=NOISE, status="cancelled", ago=0)
    stage.leaves("toujours rien")
    stage.waits(minutes=16)
    stage.leaves("récapitulatif")


def digest_exercise(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    for n in range(5):
        stage.push(f"CORG90-2026-{n:06d}", category=WATER, exercise=True, ago=30 - n)
    stage.leaves("avant l’afflux", to=lambda _: False)
    for n in range(5, 15):
        stage.push(f"CORG90-2026-{n:06d}", category=WATER, exercise=True, ago=30 - n)
    stage.leaves("retenu")
    stage.waits(minutes=16)
    stage.leaves("récapitulatif d’exercice", to=lambda address: address == number(1))


def stand_in(stage: Stage) -> None:
    """The next person reads for whom; then the municipal police; then nobody is left."""
    contact(mobile=number(1))
    contact("adjoint", mobile=number(2), email=DEPUTY_MAIL)
    contact("adjoint", rank=2, mobile=number(3))
    stage.push()
    stage.leaves("le maire, puis le premier adjoint", refusing(number(1)))
    stage.push("CORG90-2026-000002")
    stage.leaves("le maire, les deux adjoints", refusing(number(1), number(2)))
    # Two failures are enough for a number to be passed over, until somebody confirms it.
    Address.objects.update(failures=0, failing_since=None)
    stage.push("CORG90-2026-000003")
    stage.leaves("plus personne par SMS", refusing(number(1), number(2), number(3)))


def stand_in_late(stage: Stage) -> None:
    """What does not leave within a minute."""
    contact(mobile=number(1))
    contact("adjoint", mobile=number(2))
    stage.push()
    stage.leaves("l’opérateur ne prend pas celui du maire", not_now(number(1)), to=lambda _: False)
    stage.waits(seconds=70)
    stage.leaves("l’adjoint le lit", not_now(number(1)), to=lambda address: address != number(1))


def duty_late(stage: Stage) -> None:
    contact(mobile=number(1))
    stage.push()
    stage.leaves("l’opérateur ne prend rien", not_now(number(1)), to=lambda _: False)
    stage.waits(seconds=70)
    stage.leaves("la permanence le lit", not_now(number(1)), to=lambda address: address == DUTY)


def duty_unreached(stage: Stage) -> None:
    stage.push()
    stage.leaves("aucun contact")
    contact(email=MAIL)
    stage.push("CORG90-2026-000002")
    stage.leaves("aucun téléphone", to=lambda address: address == DUTY)
    stage.push("CORG90-2026-000003", category=NOISE)
    stage.leaves("aucun message n’aboutit", refusing(MAIL), to=lambda address: address == DUTY)
    stage.push("CORG90-2026-000004", category=NOISE)
    stage.leaves("une alerte", to=lambda _: False)
    stage.push("CORG90-2026-000004", 2, category=NOISE, status="closed", ago=0)
    stage.leaves("dont la fin n’aboutit pas", refusing(MAIL), to=lambda address: address == DUTY)
    stage.push("CORG90-2026-000005", exercise=True, location=GIROMAGNY)
    stage.leaves("un exercice")


def duty_digest(stage: Stage) -> None:
    """A digest that nobody could be brought."""
    contact(mobile=number(1))
    for n in range(5):
        stage.push(f"CORG90-2026-{n:06d}", category=WATER)
    stage.leaves("avant l’afflux", to=lambda _: False)
    for n in range(5, 8):
        stage.push(f"CORG90-2026-{n:06d}", category=WATER, ago=30 - n)
    stage.leaves("retenu")
    stage.waits(minutes=16)
    stage.leaves("le récapitulatif n’aboutit pas", refusing(number(1)))


def duty_review(stage: Stage) -> None:
    stage.push(location=CONFLICT)
    stage.leaves("les indices se contredisent")
    stage.push("CORG90-2026-000002", location={"name": "Rien-de-tel"})
    stage.leaves("les indices ne suffisent pas")
    stage.push("CORG90-2026-000003", location=CONFLICT, category="C02.05.00", exercise=True)
    stage.leaves("ce qui n’est pas communiqué, en exercice")
    contact(mobile=number(1))
    stage.push("CORG90-2026-000004", location={"communes": ["90033", "97411"]})
    stage.leaves("plusieurs communes, dont une en doute")


def duty_contested(stage: Stage) -> None:
    """The police wants to be called, the mayor says that it is not his commune."""
    contact(mobile=number(1))
    contact("police_municipale", mobile=number(2))
    stage.push(category=FIRE)
    stage.leaves("une alerte", to=lambda _: False)
    alert, (mayor, police) = Alert.objects.get(), Notification.objects.order_by("id")
    answer(alert.pk, police.recipient, AnswerKind.CALL_ME, AnswerMeans.LINK)
    stage.leaves("« rappelez-moi »", to=lambda address: address == DUTY)
    answer(alert.pk, mayor.recipient, AnswerKind.NOT_MINE, AnswerMeans.LINK)
    stage.leaves("« pas ma commune »", to=lambda address: address == DUTY)
    stage.waits(hours=4)
    stage.leaves("que personne n’a vérifié", to=lambda address: address == DUTY)
    answer(alert.pk, police.recipient, AnswerKind.NOT_MINE, AnswerMeans.LINK)
    stage.leaves("« pas ma commune », trop tard", to=lambda address: address == DUTY)
    stage.push("CORG90-2026-000002", category=FIRE)
    stage.leaves("une autre", to=lambda _: False)
    alert = Alert.objects.latest("id")
    answer(alert.pk, mayor.recipient, AnswerKind.NOT_MINE, AnswerMeans.LINK)
    stage.leaves("« pas ma commune » encore", to=lambda _: False)
    stage.waits(minutes=6)
    stage.leaves("que personne n’a vérifié six minutes après", to=lambda address: address == DUTY)


def duty_contested_by_landlord(stage: Stage) -> None:
    """Whoever is of no commune says that it is not theirs."""
    contact(mobile=number(1))
    member(landlord(), "directeur", mobile=8)
    stage.push(category=FIRE, location={**STREET, "latitude": 47.509, "longitude": 6.998})
    stage.leaves("une alerte", to=lambda _: False)
    told = Notification.objects.get(address=number(8))
    answer(told.alert_id or 0, told.recipient, AnswerKind.NOT_MINE, AnswerMeans.LINK)
    stage.leaves("« pas chez nous »", to=lambda address: address == DUTY)
    stage.waits(minutes=6)
    stage.leaves("que personne n’a vérifié six minutes après", to=lambda address: address == DUTY)


def duty_review_expired(stage: Stage) -> None:
    stage.push(location=CONFLICT)
    stage.leaves("à vérifier", to=lambda _: False)
    stage.waits(hours=4)
    stage.leaves("personne n’a décidé à temps")


def duty_resources_alone(stage: Stage) -> None:
    """Resources whose intervention nobody reports."""
    alone = foreign.resources("fr.gendarmerie.corg900.case.texts", A="ARRIVEE")
    stage.push_foreign(foreign.envelope(alone, sent=-5))
    stage.waits(minutes=10)
    stage.leaves("moyens sans intervention")
    stage.waits(hours=25)
    stage.leaves("qui n’est jamais venue")


def duty_superseded(stage: Stage) -> None:
    contact(mobile=number(1))
    stage.push(severity="minor")
    stage.push(sequence=3, severity="severe")
    stage.leaves("un n° 3", to=lambda _: False)
    stage.push(sequence=2, severity="extreme")
    stage.leaves("avant lui une aggravation")
    stage.push("CORG90-2026-000002")
    stage.push("CORG90-2026-000002", sequence=3)
    stage.leaves("un n° 3", to=lambda _: False)
    stage.push("CORG90-2026-000002", sequence=2, status="closed")
    stage.leaves("avant lui une fin")
    stage.push("CORG90-2026-000003")
    stage.push("CORG90-2026-000003", sequence=3)
    stage.leaves("un n° 3", to=lambda _: False)
    stage.push("CORG90-2026-000003", sequence=2, status="cancelled")
    stage.leaves("avant lui une annulation")


def duty_cap(stage: Stage) -> None:
    contact(mobile=number(1))
    call_command("source", "set", NAME, "--plafond-sms", "3")
    for n in range(4):
        stage.push(f"CORG90-2026-{n:06d}", category=WATER)
        stage.leaves("des SMS courants", to=lambda address: address == DUTY)


def duty_hard_cap(stage: Stage) -> None:
    contact(mobile=number(1))
    call_command("source", "set", NAME, "--plafond-absolu", "3")
    for n in range(4):
        stage.push(f"CORG90-2026-{n:06d}")
        stage.leaves("des SMS urgents", to=lambda address: address == DUTY)


def duty_fan_out(stage: Stage) -> None:
    communes = [f"90{n:03d}" for n in (*range(1, 5), *range(6, 9), *range(10, 13), *range(32, 47))]
    for last, commune in enumerate(communes, start=1):
        if commune_by_code(commune):
            contact(mobile=number(last), commune=commune)
    stage.push(location={"communes": communes})
    stage.leaves("autant de communes", to=lambda address: address == DUTY)


def duty_pause(stage: Stage) -> None:
    contact(mobile=number(1), email=MAIL)
    stage.push()
    call_command("pause")
    stage.waits(seconds=3)
    stage.waits(hours=4)
    stage.leaves("périmée pendant la suspension")
    call_command("resume")
    stage.leaves("à la reprise")


def deadline(stage: Stage) -> None:
    """To the owner of a convention that ends in thirty days, and of one that renews itself."""
    owner = organisation(OrganisationRef("commune", "90033"))
    contact(email=MAIL)
    for reference, terms in (("fin", {}), ("reconduite", {"tacit_renewal_months": 12})):
        signed = Convention.objects.create(
            reference=f"protocole-{reference}",
            kind="coordination",
            title="Convention de coordination de Delle",
            starts_on=date(2025, 1, 1),
            ends_on=date(2026, 2, 12),
            owners=[{"organisation": "commune:90033", "functions": ["maire"]}],
            **terms,
        )
        ConventionRule.objects.create(
            convention=signed,
            organisation=owner,
            territory_of=owner,
            categories=["C04"],
            starts_at=stage.now,
        )
    tell_owners()
    stage.leaves("à trente jours")


def own_of(mayor: Mandate, stage: Stage) -> OwnData:
    """What a mayor of Delle finds behind the link, as it stands now."""
    found = own_data(mayor.person_id, OrganisationRef("commune", "90033"), stage.now)
    assert found
    return found


def own_change(stage: Stage) -> None:
    """What was changed by the link of a text is told at the addresses of before."""
    mayor = contact(mobile=number(1), email=MAIL)
    source, own = Source.objects.get(), partial(own_of, mayor, stage)
    new = add_unconfirmed(own(), AddressKind.MOBILE, number(9), stage.now)
    send_test(new, mayor, own().author, is_own=True)
    stage.leaves("un code part au nouveau numéro", to=lambda _: False)
    (code,) = re.findall(r"code : (\d{3} \d{3})", Message.objects.latest("id").body)
    assert confirm_own(own(), new, code, source)
    stage.leaves("le code est lu, le numéro sert")
    mobile = Address.objects.get(value=number(1))
    refuse_own(own(), mobile, source)
    stage.leaves("STOP au premier", to=_only(number(1), MAIL))
    accept_own(own(), mobile, source)
    stage.leaves("qui revient", to=_only(number(9), MAIL))
    remove_own(own(), mobile, source)
    stage.leaves("et qui est retiré", to=_only(number(1), MAIL))
    call_command("source", "set", NAME, "--duty-phone", "")
    source.refresh_from_db()
    remove_own(own(), Address.objects.get(value=MAIL), source)
    stage.leaves("le courriel de même, et la permanence n’a pas de téléphone")


def own_preferences(stage: Stage) -> None:
    """Channels and quiet hours chosen by a link are told, on a channel that is left out too."""
    mayor = contact(mobile=number(1), email=MAIL)
    source, own = Source.objects.get(), partial(own_of, mayor, stage)
    choose_own_channels(own(), ["email"], source)
    stage.leaves("par courriel seulement")
    choose_own_channels(own(), ["email"], source)
    stage.leaves("le même choix : rien")
    choose_own_channels(own(), [], source)
    stage.leaves("par les deux de nouveau")
    choose_own_quiet_hours(own(), time(22), time(7, 30), source)
    stage.leaves("heures calmes")
    call_command("source", "set", NAME, "--duty-phone", "")
    source.refresh_from_db()
    choose_own_quiet_hours(own(), None, None, source)
    stage.leaves("retirées, et la permanence n’a pas de téléphone")


def own_absence(stage: Stage) -> None:
    """An absence noted by a link is told to its owner; without a telephone left, to more."""
    mayor = contact(mobile=number(1), email=MAIL)
    contact("adjoint", email=DEPUTY_MAIL)
    source, ref = Source.objects.get(), OrganisationRef("commune", "90033")
    own = own_data(mayor.person_id, ref, stage.now)
    assert own
    away = own.absence(stage.now, stage.now + timedelta(days=9), None)
    assert note_absence(own, away, source, is_meant=False)
    stage.leaves("rien, tant que ce n’est pas voulu")
    assert not note_absence(own, away, source, is_meant=True)
    stage.leaves("plus personne à appeler")


# --- organisations that a convention tells; no mayor is shown


def _only(*addresses: str) -> Callable[[str], bool]:
    return lambda address: address in addresses


def metropole(stage: Stage) -> None:
    """A métropole reads in which commune, under which agreement."""
    contact(mobile=number(1))
    contact(mobile=number(2), commune="90056")
    told = told_by_convention(title="Convention métropolitaine de sécurité")
    member(told, mobile=8, email=PRESIDENT)
    shown = _only(number(8), PRESIDENT)
    stage.push()
    stage.leaves("première alerte", to=shown)
    stage.push(sequence=2, severity="extreme", status="on_scene", ago=0)
    stage.leaves("aggravation", to=shown)
    stage.push(sequence=3, severity="extreme", location=JONCHEREY, ago=0)
    stage.leaves("une autre de ses communes", to=shown)
    stage.push(sequence=4, severity="extreme", location=GIROMAGNY, ago=0)
    stage.leaves("hors de son territoire", to=shown)
    stage.push("CORG90-2026-000002", category=PLANE, location=BORDER)
    stage.leaves("deux de ses communes", to=shown)
    stage.push("CORG90-2026-000002", 2, category=PLANE, location=BORDER, status="closed", ago=0)
    stage.leaves("la fin", to=shown)
    stage.push("CORG90-2026-000003", exercise=True)
    stage.leaves("un exercice", to=lambda _: False)
    stage.push("CORG90-2026-000003", 2, exercise=True, status="cancelled", ago=0)
    stage.leaves("son annulation", to=shown)


def without_place(stage: Stage) -> None:
    """A préfecture under a rule that keeps the place; the commune is at the border."""
    contact(mobile=number(1))
    told = told_by_convention(
        "prefecture", "90", "Préfecture du Territoire de Belfort", (), detail="sans_lieu",
        functions=["responsable_astreinte"], title="Protocole avec la préfecture",
    )  # fmt: skip
    member(told, "responsable_astreinte", mobile=8, email=PRESIDENT)
    stage.push()
    stage.leaves("sans le lieu", to=_only(number(8), PRESIDENT))


def site(stage: Stage) -> None:
    """A landlord reads his site; of a burglary no address."""
    contact(mobile=number(1))
    member(landlord(), "directeur", mobile=8, email=PRESIDENT)
    shown = _only(number(8), PRESIDENT)
    where = {**STREET, "latitude": 47.509, "longitude": 6.998}
    stage.push(category=BURGLARY, location=where)
    stage.leaves("un cambriolage", to=shown)
    stage.push(sequence=2, category=BURGLARY, location=where, status="closed", ago=0)
    stage.leaves("sa fin", to=shown)
    stage.push("CORG90-2026-000002", location=where)
    stage.leaves("un accident", to=shown)
    stage.push("CORG90-2026-000002", 2, location={**where, "latitude": 47.512})
    stage.leaves("finalement ailleurs", to=shown)
    long = {**where, "label": LONG_STREET["label"]}
    stage.push("CORG90-" + "2" * 53, category=LORRY, location=long)
    stage.leaves("ce qui se dit plus court", to=_only(number(8)))


def figures(stage: Stage) -> None:
    """To a métropole that gets a figure only, on the first of the month."""
    told = told_by_convention(title="Convention métropolitaine de sécurité", detail="chiffre")
    member(told, email=PRESIDENT)
    for n, category in enumerate((*[CAR] * 2, *[BURGLARY] * 2, *[NOISE] * 4)):
        stage.push(f"CORG90-2026-{n:06d}", category=category)
    stage.push("CORG90-2026-000009", category=CAR, location=JONCHEREY)
    stage.leaves("rien pendant le mois", to=_only(PRESIDENT))
    stage.waits(days=19)
    mail_figures()
    stage.leaves("le mois suivant", to=_only(PRESIDENT))
    stage.push("CORG90-2026-000010", category=CAR)
    stage.waits(days=28)
    mail_figures()
    stage.leaves("un mois sans petit nombre", to=_only(PRESIDENT))


def organisation_stand_in(stage: Stage) -> None:
    """Each in turn; then nobody is left, and the duty reads so."""
    contact(mobile=number(1))
    told = told_by_convention(title="Convention métropolitaine de sécurité")
    for n, function in enumerate(("president", "vice_president", "responsable_astreinte", "autre")):
        member(told, function, mobile=5 + n, email="" if function == "president" else PRESIDENT)
    stage.push()
    failing = [number(5), number(6), number(7), number(8)]
    stage.leaves("chacun à son tour", refusing(*failing), to=lambda to: to != number(1))


def digest_of_conventions(stage: Stage) -> None:
    """One reader, the mayor of Delle and president of the métropole."""
    mandate = contact(mobile=number(1), email=MAIL)
    told = told_by_convention(title="Convention métropolitaine de sécurité")
    member(told, person=mandate.person)
    contact(commune="90056", mobile=number(2))
    for n in range(5):
        stage.push(f"CORG90-2026-{n:06d}", category=NOISE)
    stage.leaves("avant l’afflux", to=lambda _: False)
    stage.push("CORG90-2026-000005", category=NOISE)
    stage.push("CORG90-2026-000006", category=NOISE, location=JONCHEREY)
    stage.leaves("rien encore", to=_only(MAIL))
    stage.waits(minutes=16)
    stage.leaves("récapitulatif", to=_only(MAIL))


CASES: list[Callable[[Stage], None]] = [
    first, answer_wanted, first_on_scene_yesterday, first_categories, first_mail_only, lengths,
    other_service, no_duty_telephone, overseas, update, end_dated, end_with_its_closure,
    end_not_dated, end_next_day,
    cancellation, moved, moved_away, reopened, exercise, neighbours, close_by, digest,
    digest_exercise,
    stand_in, stand_in_late, duty_late, duty_unreached, duty_digest, duty_review,
    duty_contested, duty_contested_by_landlord, duty_review_expired, duty_resources_alone,
    duty_superseded, duty_cap, duty_hard_cap,
    duty_fan_out, duty_pause, deadline, metropole, without_place, site, figures,
    organisation_stand_in, digest_of_conventions, own_change,
    own_absence, own_preferences,
]  # fmt: skip


@pytest.mark.one_database(reason="the words of a text are the subject")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_it_is_the_committed_text_to_the_letter(
    stage: Stage, case: Callable[[Stage], None], pytestconfig: pytest.Config
) -> None:
    case(stage)
    path = FOLDER / f"{case.__name__}.txt"
    if pytestconfig.getoption("update_texts"):
        path.write_text(stage.text, encoding="utf-8")
    assert stage.text == path.read_text(encoding="utf-8")


def test_no_file_is_left_that_no_case_writes() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {case.__name__ for case in CASES}
