"""French typography: what a mail is written in, and what an SMS can hold."""

import re

_NBSP, _NARROW = "\u00a0", "\u202f"
# Jinja2 escapes an apostrophe of the facts in HTML.
_APOSTROPHE = re.compile(r"(?<=\w)(?:'|&#39;)(?=\w)")


def cut(text: str, most: int) -> str:
    """At most that many characters, "..." included, cut between words where there is one."""
    if len(text) <= most:
        return text
    kept = text[: most - 2]
    ends = max(kept.rfind(" "), kept.rfind("-"))
    return (kept[:ends] if ends > 0 else kept[:-1]) + "..."


def one_line(text: str) -> str:
    """Each run of spaces and line ends becomes one space: templates are written in lines."""
    return " ".join(text.split())


def with_aside(text: str, aside: str) -> str:
    """The text and a remark in brackets, never two pairs of them: "accident (bus, 10 h 03)"."""
    return f"{text[:-1]}, {aside})" if text.endswith(")") else f"{text} ({aside})"


def mailed(text: str) -> str:
    """A mail's subject or plain text: its apostrophes are typographic, its hours do not break."""
    return _unbroken(text, _NBSP)


def mailed_html(html: str) -> str:
    """The same of its HTML, where the thin spaces of French are shown as such."""
    return _unbroken(html, _NARROW)


def unbreakable(text: str) -> str:
    """The text, a telephone number say, that stays on one line."""
    return text.replace(" ", _NBSP)


def _unbroken(text: str, thin: str) -> str:
    """No line begins with a colon, nor breaks within "3 h 16"."""
    text = _APOSTROPHE.sub("’", text)
    text = re.sub(r" ([;!?])", rf"{thin}\1", text)
    text = re.sub(r" ([:»–])", rf"{_NBSP}\1", text).replace("« ", f"«{_NBSP}")
    return re.sub(r"(\d) h (\d)", rf"\1{_NBSP}h{_NBSP}\2", text)
