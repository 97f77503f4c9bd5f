"""Try an operator's templates at start, so that none fails at 3 a.m."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError

from notifier.alerting.answer_link import answer_url
from notifier.alerting.content.facts import Context, mail_context, sms_context, voice_context
from notifier.alerting.content.gsm import sms_size, to_gsm
from notifier.alerting.content.rendering import RENDER_ERRORS, Renderer, unreached_context
from notifier.alerting.content.samples import ANSWER_SAMPLES, SAMPLE, SAMPLES
from notifier.alerting.content.template_names import (
    ADDRESS_TEST,
    ANSWERED,
    CANARY_SMS,
    DIGEST,
    MAX_SEGMENTS,
    MAX_SPOKEN_LENGTH,
    OWN_CHANGE_SMS,
    PARTS,
    TRIALS,
    UNREACHED,
    VOICE,
)
from notifier.alerting.content.template_validation import (
    trial_fault,
    without_link,
    without_telephone,
)
from notifier.alerting.content.typography import one_line
from notifier.alerting.kinds import Kind
from notifier.unreadable import describe_os_error


def template_faults(renderer: Renderer, *, asks_answers: bool) -> list[str]:
    """Return what is wrong with the templates, in French, by file and line, each once.

    `asks_answers`: a text that wants an answer and does not say where is a fault as well.
    """
    faults = [*_syntax_faults(renderer)]
    trial = TrialRenderer(renderer)
    return list(dict.fromkeys(faults or _trial_faults(trial, asks_answers=asks_answers)))


class TrialRenderer(Renderer):
    """Renders nothing twice: what a template does not name cannot change what it says.

    That is half of all trials, of which each process that starts waits for the last.
    """

    def __init__(self, renderer: Renderer) -> None:
        self.folder, self.environment = renderer.folder, renderer.environment
        self._names: dict[str, list[str] | None] = {}
        self._said: dict[tuple[str, str], str | Exception] = {}

    def render(self, name: str, context: Mapping[str, object]) -> str:
        """Render one template of the folder. Raises RENDER_ERRORS."""
        key = name, self._facts(name, context)
        if key not in self._said:
            try:
                self._said[key] = super().render(name, context)
            except RENDER_ERRORS as error:
                self._said[key] = error
        said = self._said[key]
        if isinstance(said, Exception):
            raise said
        return said

    def _facts(self, name: str, context: Mapping[str, object]) -> str:
        """Return the facts that the template may say, as a key."""
        if name not in self._names:
            found = self.environment.names_within(name)
            self._names[name] = None if found is None else sorted(found)
        names = self._names[name]
        return repr([*context.items()] if names is None else [*map(context.get, names)])


def _syntax_faults(renderer: Renderer) -> Iterator[str]:
    wanted = {f"{kind}.{part}.j2" for kind, part in product(Kind, PARTS)}
    wanted |= {*UNREACHED, *TRIALS, VOICE}
    present = {path.name for path in renderer.folder.glob("*.j2")}
    for name in sorted(wanted - present):
        yield f"{renderer.folder / name} manque ; l’y mettre, celui du paquet sert de modèle"
    for name in sorted(present):
        path = renderer.folder / name
        try:
            source = path.read_text(encoding="utf-8")
            unknown = renderer.environment.names_in(name) - _known_names(name)
            if unknown:
                yield from _unknown_names(path, renderer.environment.parse(source), unknown)
        except TemplateSyntaxError as error:
            yield f"{path}:{error.lineno} : Jinja2 y bute ({error.message}) ; le corriger"
        except OSError as error:
            yield f"{path} {describe_os_error(error)}"
        except UnicodeDecodeError:
            yield f"{path} : l’enregistrer en UTF-8"


def _trial_faults(renderer: Renderer, *, asks_answers: bool) -> Iterator[str]:
    """Try every template: an escape, a missing piece, a long text only show when rendered."""
    for kind, part in product(Kind, PARTS):
        path, is_sms = renderer.folder / f"{kind}.{part}.j2", part == "sms"
        for context in _contexts().for_sms if is_sms else _contexts().for_mail:
            try:
                text = (
                    renderer.sms(kind, context) if is_sms else renderer.render(path.name, context)
                )
            except RENDER_ERRORS as error:
                yield trial_fault(error, path)
                continue
            if part != "subject":
                yield from without_telephone(path, text, context)
            if is_sms and str(context["reference"]) not in text:
                yield f"{path}:1 : SMS sans référence ; le finir par {{{{ reference }}}}"
            if is_sms and sms_size(text).segments > MAX_SEGMENTS:
                yield f"{path}:1 : SMS de plus de {MAX_SEGMENTS} segments ; le raccourcir"
    if asks_answers:
        yield from _answer_faults(renderer)
    yield from _spoken_faults(renderer)
    yield from _unreached_faults(renderer)
    yield from _own_words_faults(renderer)


def _spoken_faults(renderer: Renderer) -> Iterator[str]:
    """Try what is said in a call."""
    path = renderer.folder / VOICE
    for kind, sample in product(Kind, _contexts().for_voice):
        context = {**sample, "kind": kind}
        try:
            text = renderer.spoken(context)
        except RENDER_ERRORS as error:
            yield trial_fault(error, path)
            continue
        yield from without_telephone(path, text, context)
        if "Appuyez sur 1" not in text:
            yield f"{path}:1 : n’invite pas à confirmer ; le finir par « Appuyez sur 1… »"
        if len(text) > MAX_SPOKEN_LENGTH:
            yield f"{path}:1 : dit plus de {MAX_SPOKEN_LENGTH} caractères ; le raccourcir"


def _unreached_faults(renderer: Renderer) -> Iterator[str]:
    """Try the e-mail that says who was not reached."""
    for name in UNREACHED:
        path = renderer.folder / name
        for context in _contexts().unreached:
            try:
                renderer.render(name, context)
            except RENDER_ERRORS as error:
                yield trial_fault(error, path)


def _own_words_faults(renderer: Renderer) -> Iterator[str]:
    """Try the templates that have words of their own."""
    for name, trials in TRIALS.items():
        path = renderer.folder / name
        try:
            texts = [renderer.render(name, trial) for trial in trials]
            longest = renderer.digest_sms(trials[-1]) if name == DIGEST[0] else ""
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
        if name == OWN_CHANGE_SMS:
            sizes = (sms_size(renderer.own_change_sms(trial)) for trial in trials)
            if any(size.segments > 1 for size in sizes):
                yield f"{path}:1 : SMS de plus d’un segment ; le raccourcir"


def _answer_faults(renderer: Renderer) -> Iterator[str]:
    """Try the texts that want an answer: each has the link, and an SMS with it is short."""
    url = answer_url()
    for kind, part, sample in product(ANSWERED, ("sms", "txt", "html"), ANSWER_SAMPLES):
        path, facts = renderer.folder / f"{kind}.{part}.j2", replace(sample, answer_url=url)
        is_sms = part == "sms"
        try:
            text = (
                renderer.sms(kind, sms_context(facts))
                if is_sms
                else renderer.render(path.name, mail_context(facts))
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


class _Contexts(NamedTuple):
    """Each sample's contexts: made once, tried with every template."""

    for_sms: list[Context]
    for_mail: list[Context]
    for_voice: list[Context]
    """Of a first text: another kind takes the place of its kind."""
    unreached: list[dict[str, object]]


@cache
def _contexts() -> _Contexts:
    several = (["Delle"], ["Delle", "Joncherey, voisine de Delle"])
    return _Contexts(
        for_sms=[sms_context(facts) for facts in SAMPLES],
        for_mail=[mail_context(facts) for facts in SAMPLES],
        for_voice=[voice_context(facts, Kind.FIRST) for facts in SAMPLES],
        unreached=[
            unreached_context(facts, communes, "personne n’a répondu")
            for facts, communes in product(SAMPLES, several)
        ],
    )


@cache
def _known_names(name: str) -> frozenset[str]:
    """Return what a template may name: which facts it is given."""
    if name == VOICE:
        return frozenset(voice_context(SAMPLE, Kind.FIRST))
    if name in UNREACHED:
        return frozenset(unreached_context(SAMPLE, ["Delle"], ""))
    return frozenset(TRIALS[name][0] if name in TRIALS else sms_context(SAMPLE))


def _unknown_names(path: Path, tree: nodes.Template, unknown: Container[str]) -> Iterator[str]:
    use = ", ".join(sorted(_known_names(path.name)))
    for name in tree.find_all(nodes.Name):
        if name.name in unknown and name.ctx == "load":
            yield f"{path}:{name.lineno} : '{name.name}' n’est pas connu ici ; employer {use}"
