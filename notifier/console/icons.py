"""The console's icons, drawn for it: strokes on a square of 24."""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_STROKES = {
    "antenna": "M12 13v8M8 21h8M12 11a1 1 0 1 0 0 .1M8.5 14.5a5 5 0 0 1 0-7M15.5 7.5a5 5 0 0 1 0 7"
    "M5.7 17.3a9 9 0 0 1 0-12.6M18.3 4.7a9 9 0 0 1 0 12.6",
    "bell": "M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4",
    "calendar": "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
    "chart": "M4 20h16M7 20v-6M12 20V5M17 20v-9",
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2",
    "close": "M6 6l12 12M18 6L6 18",
    "cross": "M8 3h8l5 5v8l-5 5H8l-5-5V8zM9 9l6 6M15 9l-6 6",
    "down": "M12 5v14M6 13l6 6 6-6",
    "dot": "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
    "download": "M12 4v11M7 11l5 5 5-5M4 20h16",
    "edit": "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
    "eye": "M2.5 12C5 7.5 8.3 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.8 6.5-9.5 6.5s-7-2-9.5-6.5z"
    "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    "grip": "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
    "handshake": "M3 8l4-2 5 3 5-3 4 2v7l-3 1-6 4-6-4-3-1zM12 9l-3 4 3 1.5L14.5 12l4 4",
    "help": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.7 2.2"
    "c-.8.5-1.2 1-1.2 1.8M12 16.8v.2",
    "info": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v6M12 7.3v.2",
    "list": "M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01",
    "mail": "M3 6h18v12H3zM3 7l9 7 9-7",
    "map": "M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2zM9 4v14M15 6v14",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "moon": "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
    "pause": "M8 5v14M16 5v14",
    "people": "M9 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 20c.4-3.6 3-5.5 6.5-5.5"
    "s6.1 1.9 6.5 5.500M16 5a3.3 3.3 0 0 1 0 6.200M18 14.800c2 .8 3.2 2.6 3.5 5.2",
    "person": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.500c.5-3.9 3.5-6 7.5-6s7 2.1 7.5 6",
    "phone": "M6 3h4l1.5 5-2.5 1.500a12 12 0 0 0 5.5 5.500l1.5-2.5 5 1.500v4a2 2 0 0 1-2.2 2"
    "A17 17 0 0 1 4 5.2 2 2 0 0 1 6 3z",
    "plus": "M12 5v14M5 12h14",
    "print": "M7 9V4h10v5M7 17H4v-7h16v7h-3M7 14h10v6H7z",
    "pulse": "M3 12h4l2.5-6 5 12 2.5-6h4",
    "scale": "M12 4v16M7 20h10M5 7h14M5 7l-3 7h6zM19 7l-3 7h6z",
    "search": "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.500L21 21",
    "send": "M4 12l16-8-5 16-3.5-6.500z",
    "undo": "M8 5L4 9l4 4M4 9h10a5.5 5.5 0 0 1 0 11H8",
    "up": "M12 19V5M6 11l6-6 6 6",
    "upload": "M12 16V5M7 9l5-5 5 5M4 20h16",
    "warning": "M12 4L2.5 20h19zM12 10v5M12 17.300v.2",
}


def icon(name: str) -> SafeString:
    """Return an icon as inline SVG, hidden from screen readers: a word always stands beside it."""
    path = mark_safe(_STROKES[name])  # noqa: S308 (drawn above)
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        path,
    )
