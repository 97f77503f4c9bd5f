"""Render the templates of one folder, as short as a telephone asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import TemplateError

from notifier.alerting.content.digest import shortened_digest
from notifier.alerting.content.facts import (
    Context,
    Facts,
    mail_context,
    shortened,
    without_courtesies,
)
from notifier.alerting.content.gsm import sms_size, to_gsm
from notifier.alerting.content.template_environment import TemplateEnvironment
from notifier.alerting.content.template_names import (
    DIGEST,
    MAX_SEGMENTS,
    OWN_CHANGE_SMS,
    REPLY_WORD,
    VOICE,
)
from notifier.alerting.content.typography import for_mail, one_line
from notifier.alerting.kinds import Kind
from notifier.territory.grammar import with_de

# What a template may raise while a text is made; anything else is a fault of ours.
RENDER_ERRORS = (TemplateError, TypeError, ValueError, ArithmeticError)


class Renderer:
    """The templates of one folder; a template sees what its context holds, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = TemplateEnvironment(folder)

    def to_duty(self, names: tuple[str, str], context: Mapping[str, object]) -> tuple[str, str]:
        """Render subject and body of an e-mail that goes to no mayor."""
        subject, text = (self.render(name, context) for name in names)
        return for_mail(one_line(subject)), for_mail(text.strip()) + "\n"

    def spoken(self, context: Mapping[str, object]) -> str:
        """Render what is said in a call."""
        return one_line(self.render(VOICE, context))

    def digest_sms(self, context: Mapping[str, object]) -> str:
        """Render a digest's SMS with as many references as its segments hold."""
        return self.first_within(MAX_SEGMENTS, DIGEST[0], shortened_digest(context))

    def own_change_sms(self, facts: Mapping[str, object]) -> str:
        """Render what was changed of one's own, shorter until one segment holds it."""
        shorter = [facts]
        for less in (
            {"contact": ""},
            {"organisation": ""},
            {"address": facts["short_address"]},
            {"moment": ""} if facts["what"] in ("away", "channels", "quiet") else {},
        ):
            shorter.append({**shorter[-1], **less})
        return self.first_within(1, OWN_CHANGE_SMS, shorter)

    def sms(self, kind: Kind, context: Context) -> str:
        """Compose one segment if fewer courtesies suffice for that; else the first that fits two.

        The shortest of ever shorter texts still says what, where, when. A reply is invited where
        that makes no segment more.
        """
        name = f"{kind}.sms.j2"
        sms, chosen = self._choose(1, name, without_courtesies(context))
        if sms_size(sms).segments > 1:
            sms, chosen = self._choose(MAX_SEGMENTS, name, shortened(context))
        if not chosen["takes_reply"]:
            return sms
        inviting, _ = self._choose(1, name, [{**chosen, "reply_word": REPLY_WORD}])
        is_as_short = sms_size(inviting).segments <= sms_size(sms).segments
        return inviting if is_as_short else sms

    def first_within(
        self, segments: int, name: str, candidates: Iterable[Mapping[str, object]]
    ) -> str:
        """Return the first of the texts that takes no more segments, else the last."""
        return self._choose(segments, name, candidates)[0]

    def _choose(
        self, segments: int, name: str, candidates: Iterable[Mapping[str, object]]
    ) -> tuple[str, Mapping[str, object]]:
        """Return it with its context."""
        for context in candidates:
            sms = to_gsm(one_line(self.render(name, context)))
            if sms_size(sms).segments <= segments:
                break
        return sms, context

    def render(self, name: str, context: Mapping[str, object]) -> str:
        """Render one template of the folder. Raises RENDER_ERRORS."""
        return self.environment.get_template(name).render(context)


def unreached_context(facts: Facts, communes: list[str], why: str) -> dict[str, object]:
    """Return the context of the e-mail that says who was not reached, and why."""
    own = {"communes": communes, "of_commune": with_de(communes[0]), "why": why}
    return {**mail_context(facts), **own}
