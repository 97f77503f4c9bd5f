"""What is wrong with an operator's template, in French."""

from collections.abc import Iterator, Mapping
from pathlib import Path


def without_telephone(path: Path, text: str, context: Mapping[str, object]) -> Iterator[str]:
    """Yield a fault where a text to a mayor lacks the source's telephone."""
    if str(context["duty_phone"]) not in text:
        yield f"{path}:1 : sans téléphone ; le finir par {{{{ duty_phone }}}}"


def without_link(path: Path, text: str, url: str) -> Iterator[str]:
    """Yield a fault where a text that wants an answer does not say where to give it."""
    if url not in text:
        yield (
            f"{path}:1 : une réponse y est attendue, et le lien manque ; y mettre "
            "{% if answer_url %}{{ answer_url }}{% endif %}"
        )


def trial_fault(error: BaseException, path: Path) -> str:
    """Describe what a template raised while it was tried, by file and line."""
    file, line = _where(error, path)
    return f"{file}:{line} : {error} ; n’employer que les mots prévus, sans leurs méthodes"


def _where(error: BaseException, path: Path) -> tuple[Path, int]:
    """Return the innermost line of a template that the error passed through."""
    file, line, trace = path, 1, error.__traceback__
    while trace:
        name = Path(trace.tb_frame.f_code.co_filename)
        if name.parent == path.parent:
            file, line = name, trace.tb_lineno
        trace = trace.tb_next
    return file, line
