"""French typography of mails, and the shortening of texts for an SMS."""

import re
from collections.abc import Sequence

_NBSP, _NARROW = "\u00a0", "\u202f"
# Jinja2 escapes an apostrophe of the facts in HTML.
_APOSTROPHE = re.compile(r"(?<=\w)(?:'|&#39;)(?=\w)")
_BEFORE_THIN_MARK = re.compile(r" (?=[;!?])")
_BEFORE_MARK = re.compile(r" (?=[:»–])")
_HOUR = re.compile(r"(?<=\d) h (?=\d)")


def truncate(text: str, most: int) -> str:
    """Cut to at most `most` characters, "..." included, between words if possible."""
    if len(text) <= most:
        return text
    kept = text[: most - 2]
    ends = max(kept.rfind(" "), kept.rfind("-"))
    return (kept[:ends] if ends > 0 else kept[:-1]) + "..."


def one_line(text: str) -> str:
    """Join the lines that a template is written in: each run of white space becomes one space."""
    return " ".join(text.split())


def list_names(names: Sequence[str], others: str) -> str:
    """List names in a sentence, bounded: "Delle et Joncherey", "Delle, Lure et 4 autres communes".

    `others` is what they are, after a number: "autres communes".
    """
    if len(names) < 2:
        return "".join(names)
    if len(names) <= 3:
        return f"{', '.join(names[:-1])} et {names[-1]}"
    return f"{', '.join(names[:2])} et {len(names) - 2} {others}"


def with_remark(text: str, remark: str) -> str:
    """Add a remark in brackets, within those that are there: "accident (bus, 10 h 03)"."""
    return f"{text[:-1]}, {remark})" if text.endswith(")") else f"{text} ({remark})"


def for_mail(text: str) -> str:
    """Set a mail's subject or plain text: typographic apostrophes, hours that do not break."""
    return _unbroken(text, _NBSP)


def for_mail_html(html: str) -> str:
    """Set a mail's HTML likewise, with the thin spaces of French."""
    return _unbroken(html, _NARROW)


def unbreakable(text: str) -> str:
    """Keep a text, such as a telephone number, on one line."""
    return text.replace(" ", _NBSP)


def _unbroken(text: str, thin: str) -> str:
    """Keep a line from beginning with a colon and from breaking within "3 h 16"."""
    text = _APOSTROPHE.sub("’", text)
    text = _BEFORE_THIN_MARK.sub(thin, text)
    text = _BEFORE_MARK.sub(_NBSP, text).replace("« ", f"«{_NBSP}")
    return _HOUR.sub(f"{_NBSP}h{_NBSP}", text)
