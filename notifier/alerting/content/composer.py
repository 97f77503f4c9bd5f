"""Compose what a mayor reads from a whitelist of facts and the operator's templates.

A template sees plain words, no object and no free text: what is not in `Facts` cannot reach a text,
whatever an operator writes. Each template is tried at start with sample facts, so that none
fails at 3 a.m. (notifier.alerting.content.trials). The samples of `template_names` say what the
facts of a text that is about no alert are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from notifier.alerting.content.digest import Digest, digest_mail_context, digest_sms_context
from notifier.alerting.content.facts import (
    Facts,
    ReviewFacts,
    mail_context,
    review_context,
    shortened,
    sms_context,
    taken_context,
    voice_context,
)
from notifier.alerting.content.gsm import SmsSize, sms_size, to_gsm
from notifier.alerting.content.rendering import Renderer, unreached_context
from notifier.alerting.content.template_names import (
    ABSENCE_GAP,
    ADDRESS_TEST,
    CANARY,
    CANARY_SMS,
    CONFIRMATION,
    CONFIRMATION_SMS,
    COVERAGE,
    DEADLINE,
    DIGEST,
    FAN_OUT,
    FIGURES,
    MAX_SUBJECT_LENGTH,
    OWN_CHANGE,
    PARTS,
    PAUSE,
    QUOTA,
    REVIEW,
    ROTA_GAP,
    SILENCE,
    SUPERSEDED,
    TAKEN,
    UNANSWERED,
    UNREACHED,
)
from notifier.alerting.content.trials import template_faults
from notifier.alerting.content.typography import (
    for_mail,
    for_mail_html,
    one_line,
    truncate,
    unbreakable,
)
from notifier.alerting.kinds import Kind
from notifier.moments import short_hour, written_hour


@dataclass(frozen=True)
class Texts:
    """One text for each channel: the SMS with its size, the e-mail with subject and both bodies.

    `write` composes both bodies, `speak` what is said in a call: many alerts need neither.
    """

    sms: str
    size: SmsSize
    subject: str
    write: Callable[[], tuple[str, str]] = field(compare=False, repr=False)
    speak: Callable[[], str] = field(default=str, compare=False, repr=False)

    @cached_property
    def _bodies(self) -> tuple[str, str]:
        plain, html = self.write()
        return for_mail(plain.strip()) + "\n", for_mail_html(html.strip()) + "\n"

    @property
    def plain(self) -> str:
        """The body of the e-mail as text."""
        return self._bodies[0]

    @property
    def html(self) -> str:
        """The body of the e-mail as HTML."""
        return self._bodies[1]


class TemplatesError(Exception):
    """An operator's template cannot be used; the message names each fault by file and line."""


class Composer:
    """Composes from the templates of one folder.

    Raises TemplatesError, in French, when one is missing, is not Jinja2,
    uses a name that it may not see, or makes an SMS that cannot be kept within two segments.
    `asks_answers`: a text that wants an answer and does not say where is refused as well.
    """

    def __init__(self, folder: Path, *, asks_answers: bool = True) -> None:
        self._renderer = Renderer(folder)
        if faults := template_faults(self._renderer, asks_answers=asks_answers):
            raise TemplatesError("\n".join(faults))

    def compose(self, kind: Kind, facts: Facts) -> Texts:
        """Compose the texts of this kind; the SMS is GSM-7 and takes at most two segments."""
        sms = self._renderer.sms(kind, sms_context(facts))
        names = [f"{kind}.{part}.j2" for part in PARTS[1:]]
        texts = self._texts(sms, names, mail_context(facts))
        return replace(texts, speak=lambda: self._renderer.spoken(voice_context(facts, kind)))

    def unreached(self, facts: Facts, communes: list[str], why: str) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer: nobody could be reached.

        `facts` are those of the first of `communes`, which are worded as they are to be listed.
        """
        return self._renderer.to_duty(UNREACHED, unreached_context(facts, communes, why))

    def unanswered(self, facts: Facts, why: str, whom: str = "") -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer: somebody has to act."""
        context = {**mail_context(facts), "why": why, "whom": whom}
        return self._renderer.to_duty((UNANSWERED[0], UNANSWERED[1]), context)

    def unanswered_call(self, facts: Facts, why: str, whom: str = "") -> str:
        """Compose what the duty officer hears on the telephone for the same reason."""
        context = {**mail_context(facts), "why": why, "whom": whom}
        return one_line(self._renderer.render(UNANSWERED[2], context))

    def taken(self, facts: Facts, by: str, at: datetime) -> Texts:
        """Compose the text that says who has taken it in hand: "le 1er adjoint", at `at`.

        `at` is aware, in the organisation's own time zone.
        """
        sms = self._renderer.first_within(
            1, TAKEN[0], shortened(taken_context(facts, by, short_hour(at)))
        )
        for_mails = taken_context(facts, by, written_hour(at), is_sms=False)
        return self._texts(sms, TAKEN[1:], for_mails)

    def review(self, facts: ReviewFacts) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer: the commune is uncertain."""
        return self._renderer.to_duty(REVIEW, review_context(facts))

    def superseded(self, facts: ReviewFacts, what: str) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer about a superseded report."""
        return self._renderer.to_duty(SUPERSEDED, {**review_context(facts), "what": what})

    def digest(self, digest: Digest) -> Texts:
        """Compose a digest; the SMS names as many references as two segments hold."""
        sms = self._renderer.digest_sms(digest_sms_context(digest))
        return self._texts(sms, DIGEST[1:], digest_mail_context(digest))

    def quota(self, source: str, quota: int, *, is_hard: bool) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer: a source is at its quota.

        `is_hard`: the quota that defers urgent texts as well.
        """
        return self._renderer.to_duty(QUOTA, {"source": source, "cap": quota, "hard": is_hard})

    def pause(self, source: str, alerts: list[str], count: int) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer about what expired in a pause.

        Of `count` alerts, `alerts` are listed.
        """
        return self._renderer.to_duty(PAUSE, {"source": source, "alerts": alerts, "count": count})

    def fan_out(self, source: str, alerts: int, usual: int, minutes: int) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer about an unusual fan-out.

        `alerts` urgent ones within `minutes`; from `usual` on it is reported.
        """
        context = {"source": source, "alerts": alerts, "usual": usual, "minutes": minutes}
        return self._renderer.to_duty(FAN_OUT, context)

    def deadline(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the owners of a convention.

        `facts` are those of SAMPLE_DEADLINE.
        """
        return self._renderer.to_duty(DEADLINE, facts)

    def coverage(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail on what is wrong with the directory.

        `facts` are those of SAMPLE_COVERAGE.
        """
        return self._renderer.to_duty(COVERAGE, facts)

    def figures(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail with the figures of a month.

        `facts` are those of SAMPLE_FIGURES.
        """
        return self._renderer.to_duty(FIGURES, facts)

    def canary_sms(self, facts: Mapping[str, object]) -> str:
        """Compose the text of an end-to-end test; `facts` are those of SAMPLE_CANARY_SMS."""
        return to_gsm(one_line(self._renderer.render(CANARY_SMS, facts)))

    def canary(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail on end-to-end tests that do not arrive, or do.

        `facts` are those of SAMPLE_CANARY.
        """
        return self._renderer.to_duty(CANARY, facts)

    def silence(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail on a source that is silent, or speaks again.

        `facts` are those of SAMPLE_SILENCE.
        """
        return self._renderer.to_duty(SILENCE, facts)

    def rota_gap(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail on a rota that has a time without anybody.

        `facts` are those of SAMPLE_ROTA_GAP.
        """
        return self._renderer.to_duty(ROTA_GAP, facts)

    def absence_gap(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail on an absence that leaves nobody to ring.

        `facts` are those of SAMPLE_ABSENCE_GAP.
        """
        return self._renderer.to_duty(ABSENCE_GAP, facts)

    def address_test(self, facts: Mapping[str, object]) -> Texts:
        """Compose the test of an address; `facts` are those of SAMPLE_ADDRESS_TEST."""
        sms = to_gsm(one_line(self._renderer.render(ADDRESS_TEST[0], facts)))
        return self._texts(sms, ADDRESS_TEST[1:], facts)

    def own_change_sms(self, facts: Mapping[str, object]) -> str:
        """Compose the SMS that says what was changed of one's own, in one segment.

        `facts` are those of SAMPLE_OWN_CHANGE.
        """
        return self._renderer.own_change_sms(facts)

    def own_change(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail that says the same."""
        kept = {name: unbreakable(str(facts[name])) for name in ("masked", "phone")}
        return self._renderer.to_duty(OWN_CHANGE, {**facts, **kept})

    def confirmation_sms(self, facts: Mapping[str, object]) -> str:
        """Compose the SMS that asks for a confirmation, in one segment if that is possible.

        `facts` are those of SAMPLE_CONFIRMATION.
        """
        shorter: list[Mapping[str, object]] = [facts]
        for name in ("organisation", "function"):
            shorter.append({**shorter[-1], name: ""})
        return self._renderer.first_within(1, CONFIRMATION_SMS, shorter)

    def confirmation(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail that asks for a confirmation.

        `facts` are those of SAMPLE_CONFIRMATION.
        """
        return self._renderer.to_duty(CONFIRMATION, facts)

    def _texts(self, sms: str, names: Sequence[str], context: Mapping[str, object]) -> Texts:
        """Add the e-mail to an SMS; `names` are the templates of its subject, text and any HTML."""
        subject, plain, *html = names
        line = one_line(self._renderer.render(subject, context))

        def write() -> tuple[str, str]:
            plain_body, *html_body = (self._renderer.render(one, context) for one in (plain, *html))
            return plain_body, "".join(html_body)

        return Texts(sms, sms_size(sms), for_mail(truncate(line, MAX_SUBJECT_LENGTH)), write)
