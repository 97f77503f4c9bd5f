"""People answer while something gives way: the database stops, a call's callbacks go astray.

Besides the stream, fires are pushed that ask for an answer. Whoever presses a button presses it
again until the service says that it has it; what is kept then is read behind its back.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.error import HTTPError, URLError

from notifier.ops.demo.phones import Page, Phones
from tests.chaos.fault import UNTIL_ASKED_S, Fault
from tests.chaos.judgement import Verdict
from tests.chaos.stage import Scene
from tests.chaos.stream import PATIENCE_S, Person

FIRE = "C04.01.01"
FIRES = 4
# The database is away: nothing is kept, and the page says so.
REFUSED = 503
SECONDS = 60.0


def answers_while_postgres_restarts(scene: Scene) -> None:
    """Everyone told of some fires says that they go, again and again, while PostgreSQL stops."""
    told = _tell(scene, _communes(scene, several=True)[:FIRES])
    phones = Phones(scene.simulator)
    postgres = scene.stage.postgres
    assert postgres is not None
    with ThreadPoolExecutor(len(told)) as people:
        pages = list(people.map(lambda one: phones.open_link(one[1].mobile), told))
        pressed = [people.submit(_insist, scene, phones, page) for page in pages]
        postgres.restart()
        pressed += [people.submit(_insist, scene, phones, page) for page in pages]
        postgres.restart(crash=True)
        refused = [one.result() for one in pressed]
    scene.notes.append(f"{len(refused)} answers, refused or cut {sum(refused)} times meanwhile")
    _wait_for(scene, told, "s'en occupe", len(told) - FIRES)


def judge_answers(scene: Scene, verdict: Verdict) -> None:
    """Each answer that was taken is there once, whole; each other reader learns once who goes."""
    prefix = _prefix(scene)
    answers = scene.stage.ledger.answers(prefix)
    told = scene.told
    counted = Counter((row.reference, row.kind) for row in answers)
    noted = Counter(e.reference for e in scene.stage.ledger.entries(prefix) if e.step == "answered")
    for reference, number in Counter(reference for reference, _ in told).items():
        if counted[reference, "taken"] < number:
            kept = counted[reference, "taken"]
            verdict.lost.append(f"{reference}: {number} answers were taken, {kept} are kept")
        if counted[reference, "taken"] > number:
            verdict.doubled.append(
                f"{reference}: {counted[reference, 'taken']} answers of {number}"
            )
        if noted[reference] != counted[reference, "taken"]:
            verdict.unexplained.append(f"{reference}: the journal has {noted[reference]} answers")
        takers = {row.taken_by for row in answers if row.reference == reference}
        if len(takers) != 1 or not takers <= {r.recipient for r in answers}:
            verdict.unexplained.append(f"{reference}: taken by {takers}")
        learned = [
            len(list(_texts(scene, [one], "s'en occupe"))) for one in told if one[0] == reference
        ]
        if sum(learned) < number - 1:
            verdict.lost.append(f"{reference}: {sum(learned)} of {number - 1} learned who goes")
        if sum(learned) > number - 1 or any(times > 1 for times in learned):
            verdict.doubled.append(f"{reference}: who goes was told {learned} times")


# What the callbacks of a call do, and whether somebody presses a key.
CALLS = (
    ("callback_early", "call_key"),
    ("callback_twice", "call_key"),
    ("callback_out_of_order", "call_key"),
    ("no_callback", "call_key"),
    ("callback_early", "call_no_key"),
    ("callback_twice", "call_no_key"),
    ("no_callback", "call_no_key"),
)


def calls_astray(scene: Scene) -> None:
    """Mayors who are silent are called; the callbacks come early, twice, in disorder, never."""
    told = _tell(scene, _communes(scene, several=False)[: len(CALLS)])
    scene.simulator.wait(settled=True, timeout=SECONDS)
    for (_, person), faults in zip(told, CALLS, strict=True):
        for kind in faults:
            scene.simulator.fault(kind, to=person.mobile)
    scene.service.shell(
        "from django.utils import timezone; from notifier.alerting.models import Alert;"
        f"due = Alert.objects.filter(incident__reference__startswith='{_prefix(scene)}-');"
        "print(due.filter(answer_due_at__isnull=False).update(answer_due_at=timezone.now()))"
    )
    deadline = time.monotonic() + UNTIL_ASKED_S
    while len(_settled_calls(scene)) < len(CALLS) and time.monotonic() < deadline:
        time.sleep(0.5)


def judge_calls(scene: Scene, verdict: Verdict) -> None:
    """One call each; a key and nothing else confirms it, and answers once."""
    prefix = _prefix(scene)
    answers = Counter((a.reference, a.kind) for a in scene.stage.ledger.answers(prefix))
    states = _settled_calls(scene)
    for (reference, person), faults in zip(scene.told, CALLS, strict=True):
        name = f"{reference} ({', '.join(faults)})"
        is_confirmed = "call_key" in faults
        calls = len(scene.simulator.calls(person.mobile))
        if calls != 1:
            (verdict.doubled if calls else verdict.lost).append(f"{name}: {calls} calls")
        # Without a callback the provider is asked, in two minutes.
        if states.get(reference) != ("delivered" if is_confirmed else "undelivered"):
            verdict.unexplained.append(f"{name}: the call rests as {states.get(reference)}")
        found = answers[reference, "noted"]
        if found != is_confirmed:
            wrong = verdict.lost if found < is_confirmed else verdict.doubled
            wrong.append(f"{name}: {found} answers")


def _settled_calls(scene: Scene) -> dict[str, str]:
    return {
        row.reference: row.state
        for row in scene.stage.ledger.messages(_prefix(scene))
        if row.channel == "voice" and row.state in ("delivered", "undelivered", "failed")
    }


def _prefix(scene: Scene) -> str:
    """References beside the stream's, which its judge leaves out."""
    return "Q" + scene.stream.stories[0].reference.partition("-")[0][1:]


def _communes(scene: Scene, *, several: bool) -> list[list[Person]]:
    """Communes where several people are told, or the mayor alone."""
    by_commune: dict[str, list[Person]] = {}
    for person in scene.stage.people:
        by_commune.setdefault(person.commune, []).append(person)
    fitting = [people for people in by_commune.values() if (len(people) > 1) == several]
    return scene.random.sample(fitting, len(fitting))


def _tell(scene: Scene, communes: list[list[Person]]) -> list[tuple[str, Person]]:
    """Push a fire in each, and return once everyone there has the text."""
    for number, people in enumerate(communes, start=1):
        reference = f"{_prefix(scene)}-{number:03d}"
        answer = scene.stage.dispatch.push(
            {
                "reference": reference,
                "sequence": 1,
                "status": "engaged",
                "category": FIRE,
                "severity": "severe",
                "occurred_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "location": {"insee": people[0].commune},
            }
        )
        assert answer.code in (200, 202), answer
        scene.told += [(reference, person) for person in people]
    _wait_for(scene, scene.told, "/r/", len(scene.told))
    return scene.told


def _texts(scene: Scene, told: list[tuple[str, Person]], words: str) -> Iterator[str]:
    for reference, person in told:
        for sms in scene.simulator.messages(person.mobile):
            if reference in sms["body"] and words in sms["body"]:
                yield sms["sid"]


def _wait_for(scene: Scene, told: list[tuple[str, Person]], words: str, number: int) -> None:
    """Wait for so many texts, or long enough: the judge says what is missing."""
    deadline = time.monotonic() + SECONDS
    while sum(1 for _ in _texts(scene, told, words)) < number and time.monotonic() < deadline:
        time.sleep(0.2)


def _insist(scene: Scene, phones: Phones, page: Page) -> int:
    """Press until it is taken; return how often it was not. No refusal but a clear one is right."""
    deadline = time.monotonic() + PATIENCE_S
    tries = 0
    while time.monotonic() < deadline:
        try:
            phones.press(page, "taken")
        except HTTPError as refused:
            if refused.code != REFUSED:
                scene.wrong.append(f"an answer got {refused.code}")
        except (URLError, OSError):
            pass
        else:
            return tries
        tries += 1
        time.sleep(0.2)
    scene.wrong.append("an answer was never taken")
    return tries


FAULTS = [
    Fault(
        "answers-postgres-stops",
        answers_while_postgres_restarts,
        databases=("postgresql",),
        also_judge=judge_answers,
    ),
    Fault("calls-astray", calls_astray, also_judge=judge_calls),
]
