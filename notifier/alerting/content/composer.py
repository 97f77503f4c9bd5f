"""Compose what a mayor reads from a whitelist of facts and the operator's templates.

A template sees plain words, no object and no free text: what is not in `Facts` cannot reach a text,
whatever an operator writes. Each template is tried at start with sample facts, so that none
fails at 3 a.m.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from itertools import product
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.alerting.answer_link import answer_url
from notifier.alerting.content.digest import (
    DIGESTS,
    Digest,
    digest_mail_context,
    digest_sms_context,
    shortened_digest,
)
from notifier.alerting.content.facts import (
    Context,
    Facts,
    ReviewFacts,
    mail_context,
    review_context,
    shortened,
    sms_context,
    taken_context,
    voice_context,
    without_courtesies,
)
from notifier.alerting.content.gsm import SmsSize, sms_size, to_gsm
from notifier.alerting.content.samples import ANSWER_SAMPLES, REVIEW_SAMPLES, SAMPLE, SAMPLES
from notifier.alerting.content.template_validation import (
    trial_fault,
    without_link,
    without_telephone,
)
from notifier.alerting.content.typography import for_mail, for_mail_html, one_line, truncate
from notifier.alerting.kinds import Kind
from notifier.moments import short_hour, written_hour
from notifier.territory.grammar import with_de
from notifier.unreadable import describe_os_error

MAX_SEGMENTS = 2
# By which a text is answered that comes from a number (notifier.alerting.answers.by_telephone).
REPLY_WORD = "OK"
# What delivery stores; two of the longest communes and a label may be more.
MAX_SUBJECT_LENGTH = 200
PARTS = ("sms", "subject", "txt", "html")
# What is said in a call, of every kind; twice in what Twilio takes, which is 4,000 characters.
VOICE = "voice.j2"
MAX_SPOKEN_LENGTH = 1_500
# The kinds that ask for an answer where their category wants one.
ANSWERED = (Kind.FIRST, Kind.UPDATE)
# The e-mail to the duty officer when nobody could be reached; it alone may say `why`.
UNREACHED = ("unreached.subject.j2", "unreached.txt.j2")
# The e-mail and the call to it when nobody answers, or somebody asks to be called; both say `why`.
UNANSWERED = ("unanswered.subject.j2", "unanswered.txt.j2", "unanswered.voice.j2")
# What everyone reads who was told, once one of them has taken it in hand.
TAKEN = ("taken.sms.j2", "taken.subject.j2", "taken.txt.j2")
# The e-mail to it when the commune is uncertain; it has words of its own.
REVIEW = ("review.subject.j2", "review.txt.j2")
# The e-mail to it when an end or an aggravation was superseded; `what` says which.
SUPERSEDED = ("overtaken.subject.j2", "overtaken.txt.j2")
# The e-mail to it when its source has reached its quota of SMS for the day.
QUOTA = ("cap.subject.j2", "cap.txt.j2")
SAMPLE_QUOTA: Mapping[str, str | int] = {"source": "CORG 90", "cap": 500, "hard": False}
# The e-mail to it of what expired while sending was paused.
PAUSE = ("pause.subject.j2", "pause.txt.j2")
SAMPLE_PAUSE: Mapping[str, object] = {
    "source": "CORG 90", "alerts": ["Delle : réf. CORG90-2026-004217"], "count": 1,
}  # fmt: skip
# The e-mail to it when its source alerts unusually many communes.
FAN_OUT = ("fan_out.subject.j2", "fan_out.txt.j2")
SAMPLE_FAN_OUT: Mapping[str, str | int] = {
    "source": "CORG 90", "alerts": 101, "usual": 20, "minutes": 10,
}  # fmt: skip
# The e-mail to the owners of a convention before it ends, or before notice must be given.
DEADLINE = ("deadline.subject.j2", "deadline.txt.j2")
SAMPLE_DEADLINE: Mapping[str, object] = {
    "title": "Protocole de l’exemple", "reference": "exemple-2026", "renewed": False,
    "day": "31 décembre 2026", "ends_on": "31 décembre 2026", "when": "dans 90 jours",
    "told": ["Clermont Auvergne Métropole"], "owner": "Clermont Auvergne Métropole",
    "link": "https://alertes.example/conventions/exemple-2026",
}  # fmt: skip
# The e-mail to the administrators of the directory: what is wrong with it.
COVERAGE = ("coverage.subject.j2", "coverage.txt.j2")
SAMPLE_COVERAGE: Mapping[str, object] = {
    "departement": "90", "is_weekly": True, "moment": "samedi 28 novembre à 3 h", "by_phone": 99,
    "by_mail_only": 1, "by_nobody": 1, "problems": ["Delle (90033) : personne"], "count": 2,
    "link": "https://alertes.example/territoire?departement=90",
}  # fmt: skip
# Whether somebody still holds a mandate, and is reached there: by SMS, or by e-mail.
CONFIRMATION_SMS = "confirmation.sms.j2"
CONFIRMATION = ("confirmation.subject.j2", "confirmation.txt.j2")
SAMPLE_CONFIRMATION: Mapping[str, object] = {
    "service": "Gendarmerie", "function": "maire", "organisation": "Delle", "reminder": False,
    "functions": ["maire, Delle", "vice-président, Grand Belfort"], "until": "31 décembre 2026",
    "url": "https://alertes.example.fr/c/AbCdEfGhIjKlMnOpQrStUv",
}  # fmt: skip
# The e-mail to an organisation that gets a figure only: those of a month.
FIGURES = ("figures.subject.j2", "figures.txt.j2")
SAMPLE_FIGURES: Mapping[str, object] = {
    "organisation": "Grand Belfort", "month": "novembre 2026", "of_month": "de novembre 2026",
    "agreement": "la convention « Convention métropolitaine »", "has_hidden": True,
    "communes": [
        {"name": "Delle", "figures": [{"category": "cambriolage", "count": "moins de 3"}]},
    ],
}  # fmt: skip
# The end-to-end test's own text, and the e-mail to those in charge when none arrives, or one does.
CANARY_SMS = "canary.sms.j2"
SAMPLE_CANARY_SMS: Mapping[str, object] = {"number": 1_000_000, "hour": "2h25, heure d’hiver"}
CANARY = ("canary.subject.j2", "canary.txt.j2")
SAMPLE_CANARY: Mapping[str, object] = {
    "is_over": False, "reason": "L’essai envoyé le 29 novembre 2026 à 3 h 00 n’est pas revenu",
    "moment": "le 29 novembre 2026 à 3 h 00",
}  # fmt: skip
# The e-mail to the duty officer when its source is silent for longer than its habit, or speaks.
SILENCE = ("silence.subject.j2", "silence.txt.j2")
SAMPLE_SILENCE: Mapping[str, object] = {
    "source": "CORG 90", "is_over": False, "moment": "le 29 novembre 2026 à 3 h 00",
    "length": "5 heures", "missed": 12,
}  # fmt: skip
# The e-mail to whoever administers an organisation whose rota has a time without anybody.
ROTA_GAP = ("rota_gap.subject.j2", "rota_gap.txt.j2")
SAMPLE_ROTA_GAP: Mapping[str, object] = {
    "organisation": "Delle", "moment": "samedi 28 novembre 2026 à 18 h 00",
    "until": "dimanche 29 novembre 2026 à 18 h 00", "is_near": False,
    "link": "https://alertes.example/organismes/commune/90033/calendrier",
}  # fmt: skip
# The test of an address: a code to be read back, and nothing of any incident.
ADDRESS_TEST = ("address_test.sms.j2", "address_test.subject.j2", "address_test.txt.j2")
SAMPLE_ADDRESS_TEST: Mapping[str, object] = {
    "organisation": "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson", "code": "482 913",
    "own": False,
}  # fmt: skip
# Many alerts in one text to one address.
DIGEST = tuple(f"digest.{part}.j2" for part in PARTS)
# What each of those that have words of their own is tried with.
TRIALS: Mapping[str, Sequence[Mapping[str, object]]] = {
    **{name: [review_context(facts) for facts in REVIEW_SAMPLES] for name in REVIEW},
    **{
        name: [{**review_context(facts), "what": "fin"} for facts in REVIEW_SAMPLES]
        for name in SUPERSEDED
    },
    **{
        name: [{**mail_context(facts), "why": "personne n’a répondu"} for facts in SAMPLES]
        for name in UNANSWERED
    },
    **{
        name: [
            taken_context(facts, "le 10e adjoint", "10h03", is_sms=name == TAKEN[0])
            for facts in SAMPLES
        ]
        for name in TAKEN
    },
    **{name: [SAMPLE_QUOTA, {**SAMPLE_QUOTA, "hard": True}] for name in QUOTA},
    **{name: [SAMPLE_PAUSE] for name in PAUSE},
    **{name: [SAMPLE_FAN_OUT] for name in FAN_OUT},
    **{name: [SAMPLE_DEADLINE, {**SAMPLE_DEADLINE, "renewed": True}] for name in DEADLINE},
    **{name: [SAMPLE_COVERAGE, {**SAMPLE_COVERAGE, "is_weekly": False}] for name in COVERAGE},
    **{name: [SAMPLE_FIGURES, {**SAMPLE_FIGURES, "has_hidden": False}] for name in FIGURES},
    **{name: [{**SAMPLE_ADDRESS_TEST, "own": True}, SAMPLE_ADDRESS_TEST] for name in ADDRESS_TEST},
    CANARY_SMS: [SAMPLE_CANARY_SMS],
    **{name: [SAMPLE_CANARY, {**SAMPLE_CANARY, "is_over": True}] for name in CANARY},
    **{name: [SAMPLE_SILENCE, {**SAMPLE_SILENCE, "is_over": True}] for name in SILENCE},
    **{
        name: [SAMPLE_ROTA_GAP, {**SAMPLE_ROTA_GAP, "is_near": True, "until": "", "link": ""}]
        for name in ROTA_GAP
    },
    **{
        name: [SAMPLE_CONFIRMATION, {**SAMPLE_CONFIRMATION, "reminder": True}]
        for name in (CONFIRMATION_SMS, *CONFIRMATION)
    },
    **dict.fromkeys(DIGEST, DIGESTS),
}
# What a template may raise while a text is made; anything else is a fault of ours.
RENDER_ERRORS = (TemplateError, TypeError, ValueError, ArithmeticError)


@dataclass(frozen=True)
class Texts:
    """One text for each channel: the SMS with its size, the e-mail with subject and both bodies.

    `speak` composes what is said in a call: few alerts need it.
    """

    sms: str
    size: SmsSize
    subject: str
    plain: str
    html: str
    speak: Callable[[], str] = field(default=str, compare=False, repr=False)


class TemplatesError(Exception):
    """An operator's template cannot be used; the message names each fault by file and line."""


class Composer:
    """Composes from the templates of one folder.

    Raises TemplatesError, in French, when one is missing, is not Jinja2,
    uses a name that it may not see, or makes an SMS that cannot be kept within two segments.
    `asks_answers`: a text that wants an answer and does not say where is refused as well.
    """

    def __init__(self, folder: Path, *, asks_answers: bool = True) -> None:
        self._folder = folder
        self._asks_answers = asks_answers
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Jinja2's own range, lipsum, cycler: nothing but the facts is there to be named.
        self._environment.globals.clear()
        faults = [*self._syntax_faults()] or [*self._trial_faults()]
        if faults:
            raise TemplatesError("\n".join(dict.fromkeys(faults)))

    def compose(self, kind: Kind, facts: Facts) -> Texts:
        """Compose the texts of this kind; the SMS is GSM-7 and takes at most two segments."""
        sms = self._sms(kind, sms_context(facts))
        context = mail_context(facts)
        subject, plain, html = (self._render(f"{kind}.{part}.j2", context) for part in PARTS[1:])
        texts = _typeset(sms, subject, plain, html)
        return replace(texts, speak=lambda: self._spoken(voice_context(facts, kind)))

    def _spoken(self, context: Mapping[str, object]) -> str:
        return one_line(self._render(VOICE, context))

    def unreached(self, facts: Facts, communes: list[str], why: str) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer: nobody could be reached.

        `facts` are those of the first of `communes`, which are worded as they are to be listed.
        """
        return self._to_duty(UNREACHED, _unreached_context(facts, communes, why))

    def unanswered(self, facts: Facts, why: str) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer: somebody has to act."""
        context = {**mail_context(facts), "why": why}
        return self._to_duty((UNANSWERED[0], UNANSWERED[1]), context)

    def unanswered_call(self, facts: Facts, why: str) -> str:
        """Compose what the duty officer hears on the telephone for the same reason."""
        return one_line(self._render(UNANSWERED[2], {**mail_context(facts), "why": why}))

    def taken(self, facts: Facts, by: str, at: datetime) -> Texts:
        """Compose the text that says who has taken it in hand: "le 1er adjoint", at `at`.

        `at` is aware, in the organisation's own time zone.
        """
        sms = self._first_within(1, TAKEN[0], shortened(taken_context(facts, by, short_hour(at))))
        for_mails = taken_context(facts, by, written_hour(at), is_sms=False)
        subject, plain = (self._render(name, for_mails) for name in TAKEN[1:])
        return _typeset(sms, subject, plain, "")

    def review(self, facts: ReviewFacts) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer: the commune is uncertain."""
        return self._to_duty(REVIEW, review_context(facts))

    def superseded(self, facts: ReviewFacts, what: str) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer about a superseded report."""
        return self._to_duty(SUPERSEDED, {**review_context(facts), "what": what})

    def digest(self, digest: Digest) -> Texts:
        """Compose a digest; the SMS names as many references as two segments hold."""
        sms = self._digest_sms(digest_sms_context(digest))
        context = digest_mail_context(digest)
        subject, plain, html = (self._render(name, context) for name in DIGEST[1:])
        return _typeset(sms, subject, plain, html)

    def quota(self, source: str, quota: int, *, is_hard: bool) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer: a source is at its quota.

        `is_hard`: the quota that defers urgent texts as well.
        """
        return self._to_duty(QUOTA, {"source": source, "cap": quota, "hard": is_hard})

    def pause(self, source: str, alerts: list[str], count: int) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer about what expired in a pause.

        Of `count` alerts, `alerts` are listed.
        """
        return self._to_duty(PAUSE, {"source": source, "alerts": alerts, "count": count})

    def fan_out(self, source: str, alerts: int, usual: int, minutes: int) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the duty officer about an unusual fan-out.

        `alerts` urgent ones within `minutes`; from `usual` on it is reported.
        """
        context = {"source": source, "alerts": alerts, "usual": usual, "minutes": minutes}
        return self._to_duty(FAN_OUT, context)

    def deadline(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail to the owners of a convention.

        `facts` are those of SAMPLE_DEADLINE.
        """
        return self._to_duty(DEADLINE, facts)

    def coverage(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail on what is wrong with the directory.

        `facts` are those of SAMPLE_COVERAGE.
        """
        return self._to_duty(COVERAGE, facts)

    def figures(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail with the figures of a month.

        `facts` are those of SAMPLE_FIGURES.
        """
        return self._to_duty(FIGURES, facts)

    def canary_sms(self, facts: Mapping[str, object]) -> str:
        """Compose the text of an end-to-end test; `facts` are those of SAMPLE_CANARY_SMS."""
        return to_gsm(one_line(self._render(CANARY_SMS, facts)))

    def canary(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail on end-to-end tests that do not arrive, or do.

        `facts` are those of SAMPLE_CANARY.
        """
        return self._to_duty(CANARY, facts)

    def silence(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail on a source that is silent, or speaks again.

        `facts` are those of SAMPLE_SILENCE.
        """
        return self._to_duty(SILENCE, facts)

    def rota_gap(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail on a rota that has a time without anybody.

        `facts` are those of SAMPLE_ROTA_GAP.
        """
        return self._to_duty(ROTA_GAP, facts)

    def address_test(self, facts: Mapping[str, object]) -> Texts:
        """Compose the test of an address; `facts` are those of SAMPLE_ADDRESS_TEST."""
        sms, subject, plain = (self._render(name, facts) for name in ADDRESS_TEST)
        return _typeset(to_gsm(one_line(sms)), subject, plain, "")

    def confirmation_sms(self, facts: Mapping[str, object]) -> str:
        """Compose the SMS that asks for a confirmation, in one segment if that is possible.

        `facts` are those of SAMPLE_CONFIRMATION.
        """
        shorter: list[Mapping[str, object]] = [facts]
        for name in ("organisation", "function"):
            shorter.append({**shorter[-1], name: ""})
        return self._first_within(1, CONFIRMATION_SMS, shorter)

    def confirmation(self, facts: Mapping[str, object]) -> tuple[str, str]:
        """Compose subject and body of the e-mail that asks for a confirmation.

        `facts` are those of SAMPLE_CONFIRMATION.
        """
        return self._to_duty(CONFIRMATION, facts)

    def _to_duty(self, names: tuple[str, str], context: Mapping[str, object]) -> tuple[str, str]:
        subject, text = (self._render(name, context) for name in names)
        return for_mail(one_line(subject)), for_mail(text.strip()) + "\n"

    def _digest_sms(self, context: Mapping[str, object]) -> str:
        return self._first_within(MAX_SEGMENTS, DIGEST[0], shortened_digest(context))

    def _sms(self, kind: Kind, context: Context) -> str:
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

    def _first_within(
        self, segments: int, name: str, candidates: Iterable[Mapping[str, object]]
    ) -> str:
        """Return the first of the texts that takes no more segments, else the last."""
        return self._choose(segments, name, candidates)[0]

    def _choose(
        self, segments: int, name: str, candidates: Iterable[Mapping[str, object]]
    ) -> tuple[str, Mapping[str, object]]:
        """Return it with its context."""
        for context in candidates:
            sms = to_gsm(one_line(self._render(name, context)))
            if sms_size(sms).segments <= segments:
                break
        return sms, context

    def _render(self, name: str, context: Mapping[str, object]) -> str:
        return self._environment.get_template(name).render(context)

    # --- trying the operator's templates at start

    def _syntax_faults(self) -> Iterator[str]:
        wanted = {f"{kind}.{part}.j2" for kind, part in product(Kind, PARTS)}
        wanted |= {*UNREACHED, *TRIALS, VOICE}
        present = {path.name for path in self._folder.glob("*.j2")}
        for name in sorted(wanted - present):
            yield f"{self._folder / name} manque ; l’y mettre, celui du paquet sert de modèle"
        for name in sorted(present):
            path = self._folder / name
            try:
                tree = self._environment.parse(path.read_text(encoding="utf-8"), name, str(path))
                yield from _unknown_names(path, tree)
            except TemplateSyntaxError as error:
                yield f"{path}:{error.lineno} : Jinja2 y bute ({error.message}) ; le corriger"
            except OSError as error:
                yield f"{path} {describe_os_error(error)}"
            except UnicodeDecodeError:
                yield f"{path} : l’enregistrer en UTF-8"

    def _trial_faults(self) -> Iterator[str]:
        """Try every template: an escape, a missing piece, a long text only show when rendered."""
        for kind, part, (for_sms, for_mail_body) in product(Kind, PARTS, _sample_contexts()):
            path = self._folder / f"{kind}.{part}.j2"
            is_sms = part == "sms"
            context = for_sms if is_sms else for_mail_body
            try:
                text = self._sms(kind, context) if is_sms else self._render(path.name, context)
            except RENDER_ERRORS as error:
                yield trial_fault(error, path)
                continue
            if part != "subject":
                yield from without_telephone(path, text, context)
            if is_sms and str(context["reference"]) not in text:
                yield f"{path}:1 : SMS sans référence ; le finir par {{{{ reference }}}}"
            if is_sms and sms_size(text).segments > MAX_SEGMENTS:
                yield f"{path}:1 : SMS de plus de {MAX_SEGMENTS} segments ; le raccourcir"
        if self._asks_answers:
            yield from self._answer_faults()
        for kind, facts in product(Kind, SAMPLES):
            path = self._folder / VOICE
            context = voice_context(facts, kind)
            try:
                text = self._spoken(context)
            except RENDER_ERRORS as error:
                yield trial_fault(error, path)
                continue
            yield from without_telephone(path, text, context)
            if "Appuyez sur 1" not in text:
                yield f"{path}:1 : n’invite pas à confirmer ; le finir par « Appuyez sur 1… »"
            if len(text) > MAX_SPOKEN_LENGTH:
                yield f"{path}:1 : dit plus de {MAX_SPOKEN_LENGTH} caractères ; le raccourcir"
        several = (["Delle"], ["Delle", "Joncherey, voisine de Delle"])
        for name, facts, communes in product(UNREACHED, SAMPLES, several):
            path = self._folder / name
            try:
                self._render(name, _unreached_context(facts, communes, "personne n’a répondu"))
            except RENDER_ERRORS as error:
                yield trial_fault(error, path)
        for name, trials in TRIALS.items():
            path = self._folder / name
            try:
                texts = [self._render(name, trial) for trial in trials]
                longest = self._digest_sms(trials[-1]) if name == DIGEST[0] else ""
                if name in (ADDRESS_TEST[0], CANARY_SMS):
                    longest = to_gsm(one_line(texts[-1]))
            except RENDER_ERRORS as error:
                yield trial_fault(error, path)
                continue
            if name in DIGEST and name != "digest.subject.j2":
                for text, trial in zip(texts, trials, strict=True):
                    yield from without_telephone(path, text, trial)
            if sms_size(longest).segments > MAX_SEGMENTS:
                yield f"{path}:1 : SMS de plus de {MAX_SEGMENTS} segments ; le raccourcir"

    def _answer_faults(self) -> Iterator[str]:
        """Try the texts that want an answer: each has the link, and an SMS with it is short."""
        url = answer_url()
        for kind, part, sample in product(ANSWERED, ("sms", "txt", "html"), ANSWER_SAMPLES):
            path, facts = self._folder / f"{kind}.{part}.j2", replace(sample, answer_url=url)
            is_sms = part == "sms"
            try:
                text = (
                    self._sms(kind, sms_context(facts))
                    if is_sms
                    else self._render(path.name, mail_context(facts))
                )
            except RENDER_ERRORS as error:
                yield trial_fault(error, path)
                continue
            yield from without_link(path, text, url)
            if is_sms and sms_size(text).segments > MAX_SEGMENTS:
                yield (
                    f"{path}:1 : SMS de plus de {MAX_SEGMENTS} segments avec le lien de réponse "
                    f"({url}) ; raccourcir le texte, ou l’adresse (ANSWER_URL)"
                )


@cache
def _sample_contexts() -> list[tuple[Context, Context]]:
    """Return each sample's contexts for SMS and mail: made once, tried with every template."""
    return [(sms_context(facts), mail_context(facts)) for facts in SAMPLES]


def _typeset(sms: str, subject: str, plain: str, html: str) -> Texts:
    return Texts(
        sms=sms,
        size=sms_size(sms),
        subject=for_mail(truncate(one_line(subject), MAX_SUBJECT_LENGTH)),
        plain=for_mail(plain.strip()) + "\n",
        html=for_mail_html(html.strip()) + "\n",
    )


def _unreached_context(facts: Facts, communes: list[str], why: str) -> dict[str, object]:
    own = {"communes": communes, "of_commune": with_de(communes[0]), "why": why}
    return {**mail_context(facts), **own}


def _unknown_names(path: Path, tree: nodes.Template) -> Iterator[str]:
    known = {*sms_context(SAMPLE)}
    if path.name == VOICE:
        known = {*voice_context(SAMPLE, Kind.FIRST)}
    if path.name in UNREACHED:
        known = {*_unreached_context(SAMPLE, ["Delle"], "")}
    if path.name in TRIALS:
        known = {*TRIALS[path.name][0]}
    unknown = find_undeclared_variables(tree) - known
    for name in tree.find_all(nodes.Name):
        if name.name in unknown and name.ctx == "load":
            use = ", ".join(sorted(known))
            yield f"{path}:{name.lineno} : '{name.name}' n’est pas connu ici ; employer {use}"
