"""The judgement after a fault: what each contact holds, against what was due, and the log of it.

What is due follows from the pushes alone; what is held is read at the provider.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from notifier.simulator.client import Mail, Simulator, Sms
from tests.chaos.ledger import EntryRow, Ledger, MessageRow
from tests.chaos.stream import Kind, Push, Story

# The states in which a message may rest; of a text, the provider must say the same.
ENDS = {"accepted", "delivered", "cancelled", "failed"}
# The journal's words for a message that may have left or not.
UNKNOWN_FATE = "sort inconnu"

Key = tuple[str, str, Kind]
"""Channel, address, and which text of the story."""


@dataclass(frozen=True)
class Held:
    """One text or mail that somebody holds. `mark` is the provider's number for it, `status` what
    the provider knows of it in our words: a text that it has not delivered rests as accepted."""

    reference: str
    channel: str
    address: str
    kind: Kind
    at: datetime
    mark: str
    status: str

    @property
    def key(self) -> Key:
        """What may be held once."""
        return self.channel, self.address, self.kind


@dataclass
class Verdict:
    """What is to be said of a fault; the lists name each thing that is wrong."""

    events: int
    told: int = 0
    """Texts and mails that people hold."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    mails_again: int = 0
    """Mails repeated under their first Message-ID, of unknown fate in the journal: SMTP's limit."""
    given_way: int = 0
    """Texts not sent because a newer one was there first, as the journal says."""
    crossed: int = 0
    """Texts that came after a newer one of the same story."""
    longest_s: float = 0.0

    @property
    def is_good(self) -> bool:
        """Nothing lost, nothing doubled, nothing unexplained."""
        return not (self.lost or self.doubled or self.unexplained)


def judge(tag: str, stories: list[Story], simulator: Simulator, ledger: Ledger) -> Verdict:
    """Compare what the tag's stories made due with what was told and what was recorded."""
    held = list(_held(tag, simulator))
    rows, entries = ledger.messages(tag), ledger.entries(tag)
    verdict = Verdict(events=sum(len(story.pushes) for story in stories), told=len(held))
    _judge_answers(verdict, stories, ledger.reports(tag))
    for story in stories:
        _judge_story(
            verdict,
            story,
            [one for one in held if one.reference == story.reference],
            [row for row in rows if row.reference == story.reference],
        )
    references = {story.reference for story in stories}
    verdict.unexplained += [f"told of nothing: {h}" for h in held if h.reference not in references]
    _judge_log(verdict, held, rows, entries)
    return verdict


def told(tag: str, simulator: Simulator) -> int:
    """How many texts and mails of the tag are held by now."""
    return sum(1 for _ in _held(tag, simulator))


def _held(tag: str, simulator: Simulator) -> Iterator[Held]:
    for sms in simulator.messages():
        reference = _mentioned(tag, sms["body"])
        if reference:
            yield _held_sms(reference, sms)
    for mail in simulator.mails():
        reference = _mentioned(tag, mail["plain"])
        if reference:
            yield from _held_mail(reference, mail)


def _mentioned(tag: str, text: str) -> str:
    _, found, rest = text.partition(f"{tag}-")
    return f"{tag}-{rest[:3]}" if found else ""


def _held_sms(reference: str, sms: Sms) -> Held:
    at = datetime.fromisoformat(sms["created"])
    kind = _kind(sms["body"])
    status = "delivered" if sms["status"] == "delivered" else "accepted"
    return Held(reference, "sms", sms["to"], kind, at, sms["sid"], status)


def _held_mail(reference: str, mail: Mail) -> Iterator[Held]:
    at, kind = datetime.fromisoformat(mail["received"]), _kind(mail["subject"])
    mark, _, _ = mail["message_id"].removeprefix("<").partition("@")
    for address in mail["to"]:
        yield Held(reference, "email", address, kind, at, mark, "accepted")


def _kind(text: str) -> Kind:
    return next((kind for kind in (Kind.UPDATE, Kind.END) if kind in text), Kind.FIRST)


def _judge_answers(verdict: Verdict, stories: list[Story], states: dict[str, str]) -> None:
    for push in (push for story in stories for push in story.pushes):
        name = f"{push.body['reference']} n° {push.body['sequence']}"
        if push.is_recorded and push.id not in states:
            verdict.lost.append(f"{name} was answered {push.code} and is not recorded")
        elif push.is_recorded and states[str(push.id)] not in ("decided", "superseded"):
            verdict.unexplained.append(f"{name} is still {states[str(push.id)]}")
        elif push.first_sent_at and not push.is_recorded:
            verdict.unexplained.append(f"{name} was never taken: {push.code}, {push.tries} tries")


def _judge_story(verdict: Verdict, story: Story, held: list[Held], rows: list[MessageRow]) -> None:
    counts = Counter(one.key for one in held)
    state_of = {(row.channel, row.address, _kind_of(row)): row.state for row in rows}
    refused = {(row.channel, row.address) for row in rows if row.state == "failed"}
    due = list(_due(story, refused))
    for key in due:
        if counts[key]:
            verdict.longest_s = max(verdict.longest_s, _delay(story, held, key))
        elif state_of.get(key) == "cancelled" and key != _last(due, key):
            verdict.given_way += 1
        elif key[:2] not in refused:
            verdict.lost.append(f"{story.reference}: {key}, recorded as {state_of.get(key)}")
    surplus = set(counts) - set(due)
    if not refused:
        verdict.unexplained += [f"{story.reference}: nobody was due {key}" for key in surplus]
    _judge_order(verdict, held)


def _due(story: Story, refused: set[tuple[str, str]]) -> Iterator[Key]:
    """Who is due what; of whom a mail is refused for good is due the same by SMS."""
    kinds = [p.kind for p in story.pushes if p.is_recorded and p.kind is not None]
    for person in story.people:
        addresses = {"sms": person.mobile, "email": person.email}
        channels = set(story.channels)
        if ("email", person.email) in refused:
            channels.add("sms")
        for channel in sorted(channels):
            yield from ((channel, addresses[channel], kind) for kind in kinds)


def _last(due: list[Key], key: Key) -> Key:
    return [other for other in due if other[:2] == key[:2]][-1]


def _kind_of(row: MessageRow) -> Kind:
    return _kind(row.subject or row.body)


def _delay(story: Story, held: list[Held], key: Key) -> float:
    pushed: Push = next(push for push in story.pushes if push.kind == key[2])
    assert pushed.first_sent_at is not None
    return max((one.at - pushed.first_sent_at).total_seconds() for one in held if one.key == key)


def _judge_order(verdict: Verdict, held: list[Held]) -> None:
    order = list(Kind)
    for address in {one.key[:2] for one in held}:
        kinds = [one.kind for one in sorted(held, key=_when) if one.key[:2] == address]
        verdict.crossed += sum(order.index(a) > order.index(b) for a, b in pairwise(kinds))


def _when(one: Held) -> datetime:
    return one.at


def _judge_log(
    verdict: Verdict, held: list[Held], rows: list[MessageRow], entries: list[EntryRow]
) -> None:
    """Number by number: what the provider has, the messages say too, and the journal."""
    row_of = {row.provider_id: row for row in rows if row.provider_id}
    row_of |= {_mail_mark(row): row for row in rows if row.channel == "email"}
    said = {entry.data.get("provider_id") for entry in entries}
    doubts = _doubts(entries)
    by_mark = _by_mark(held)
    for mark, copies in by_mark.items():
        row, one = row_of.get(mark), copies[0]
        if row is None:
            verdict.unexplained.append(f"{one.reference}: {mark} is in no message")
            continue
        # SMTP may have kept a mail without saying so, and a newer one have taken its place since.
        is_mail_in_doubt = row.channel == "email" and doubts[row.pk] > 0
        if (row.channel, row.address) != (one.channel, one.address):
            verdict.unexplained.append(f"{row.reference}: {mark} went elsewhere than recorded")
        if row.state != one.status and not is_mail_in_doubt:
            verdict.unexplained.append(f"{row.reference}: {mark} is {one.status}, not {row.state}")
        if mark not in said and not is_mail_in_doubt:
            verdict.unexplained.append(f"{row.reference}: the journal is silent on {mark}")
    _judge_copies(verdict, by_mark, row_of, doubts)
    verdict.unexplained += [
        f"{row.reference}: {mark} is recorded, the provider has no such message"
        for row in rows
        if (mark := row.provider_id) and mark not in by_mark
    ]
    verdict.unexplained += [
        f"{row.reference}: {row.channel} n° {row.pk} rests as {row.state} ({row.error_code})"
        for row in rows
        if row.state not in ENDS
    ]


def _doubts(entries: list[EntryRow]) -> Counter[int]:
    """How often the journal says of a message that nobody knows whether it left."""
    return Counter(e.message_id for e in entries if e.message_id and UNKNOWN_FATE in e.text)


def _mail_mark(row: MessageRow) -> str:
    return f"alerte-{row.pk}-{row.token}"


def _judge_copies(
    verdict: Verdict,
    by_mark: dict[str, list[Held]],
    row_of: dict[str, MessageRow],
    doubts: Counter[int],
) -> None:
    """A second mail is SMTP's limit only under the first one's number, and said in the journal."""
    marks_of: dict[tuple[str, str, str, Kind], set[str]] = {}
    for mark, copies in by_mark.items():
        marks_of.setdefault((copies[0].reference, *copies[0].key), set()).add(mark)
        row = row_of.get(mark)
        if row and row.channel == "email" and len(copies) - 1 <= doubts[row.pk]:
            verdict.mails_again += len(copies) - 1
        elif len(copies) > 1:
            verdict.doubled.append(f"{copies[0].reference}: {mark} {len(copies)} times")
    verdict.doubled += [f"{key} under {marks}" for key, marks in marks_of.items() if len(marks) > 1]


def _by_mark(held: Iterable[Held]) -> dict[str, list[Held]]:
    by_mark: dict[str, list[Held]] = {}
    for one in held:
        by_mark.setdefault(one.mark, []).append(one)
    return by_mark
