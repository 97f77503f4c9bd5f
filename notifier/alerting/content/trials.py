"""Try an operator's templates at start, so that none fails at 3 a.m."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.meta import find_undeclared_variables

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
    return list(dict.fromkeys(faults or _trial_faults(renderer, asks_answers=asks_answers)))


def _syntax_faults(renderer: Renderer) -> Iterator[str]:
    wanted = {f"{kind}.{part}.j2" for kind, part in product(Kind, PARTS)}
    wanted |= {*UNREACHED, *TRIALS, VOICE}
    present = {path.name for path in renderer.folder.glob("*.j2")}
    for name in sorted(wanted - present):
        yield f"{renderer.folder / name} manque ; l’y mettre, celui du paquet sert de modèle"
    for name in sorted(present):
        path = renderer.folder / name
        try:
            tree = renderer.environment.parse(path.read_text(encoding="utf-8"), name, str(path))
            yield from _unknown_names(path, tree)
        except TemplateSyntaxError as error:
            yield f"{path}:{error.lineno} : Jinja2 y bute ({error.message}) ; le corriger"
        except OSError as error:
            yield f"{path} {describe_os_error(error)}"
        except UnicodeDecodeError:
            yield f"{path} : l’enregistrer en UTF-8"


def _trial_faults(renderer: Renderer, *, asks_answers: bool) -> Iterator[str]:
    """Try every template: an escape, a missing piece, a long text only show when rendered."""
    for kind, part, (for_sms, for_mail_body) in product(Kind, PARTS, _sample_contexts()):
        path = renderer.folder / f"{kind}.{part}.j2"
        is_sms = part == "sms"
        context = for_sms if is_sms else for_mail_body
        try:
            text = renderer.sms(kind, context) if is_sms else renderer.render(path.name, context)
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
    for kind, facts in product(Kind, SAMPLES):
        path = renderer.folder / VOICE
        context = voice_context(facts, kind)
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
    several = (["Delle"], ["Delle", "Joncherey, voisine de Delle"])
    for name, facts, communes in product(UNREACHED, SAMPLES, several):
        path = renderer.folder / name
        try:
            renderer.render(name, unreached_context(facts, communes, "personne n’a répondu"))
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


@cache
def _sample_contexts() -> list[tuple[Context, Context]]:
    """Return each sample's contexts for SMS and mail: made once, tried with every template."""
    return [(sms_context(facts), mail_context(facts)) for facts in SAMPLES]


def _unknown_names(path: Path, tree: nodes.Template) -> Iterator[str]:
    known = {*sms_context(SAMPLE)}
    if path.name == VOICE:
        known = {*voice_context(SAMPLE, Kind.FIRST)}
    if path.name in UNREACHED:
        known = {*unreached_context(SAMPLE, ["Delle"], "")}
    if path.name in TRIALS:
        known = {*TRIALS[path.name][0]}
    unknown = find_undeclared_variables(tree) - known
    for name in tree.find_all(nodes.Name):
        if name.name in unknown and name.ctx == "load":
            use = ", ".join(sorted(known))
            yield f"{path}:{name.lineno} : '{name.name}' n’est pas connu ici ; employer {use}"
