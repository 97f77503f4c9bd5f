"""The console's main entries, in the order in which they are shown, and the browser's theme."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope

THEME_COOKIE = "apparence"
THEMES = {"light": "Clair", "dark": "Sombre"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its words, its page, who sees it and its icon."""

    label: str
    url_name: str
    permission: Permission
    icon: str


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as this reader gets it."""

    label: str
    url: str
    url_name: str
    icon: str
    key: str
    is_current: bool


ENTRIES = (
    Entry("Maintenant", "console:now", Permission.SEE_BOARD, "pulse"),
    Entry("Cette nuit", "console:night", Permission.SEE_BOARD, "moon"),
    Entry("Annuaire", "console:communes", Permission.SEE_PEOPLE, "search"),
    Entry("Territoire", "console:territory", Permission.SEE_PEOPLE, "map"),
    Entry("Journal", "console:log", Permission.SEE_LOG, "list"),
    Entry("Chiffres", "console:figures", Permission.SEE_FIGURES, "chart"),
    Entry("Règles", "console:rules", Permission.EDIT_RULES, "scale"),
    Entry("Conventions", "console:conventions", Permission.SEE_PEOPLE, "handshake"),
    Entry("Importer", "console:import", Permission.IMPORT, "upload"),
    Entry("Historique", "console:history", Permission.SEE_PEOPLE, "clock"),
    Entry("Sources", "console:sources", Permission.MANAGE_SOURCES, "antenna"),
    Entry("Comptes", "console:accounts", Permission.MANAGE_ACCOUNTS, "people"),
)

# By which key a page opens, with those that the browser asks for beside it (accesskey).
KEYS = {
    "console:now": "m",
    "console:night": "n",
    "console:communes": "a",
    "console:territory": "t",
    "console:log": "j",
    "console:figures": "c",
    "console:rules": "r",
    "console:conventions": "v",
    "console:import": "i",
    "console:history": "h",
    "console:sources": "s",
    "console:accounts": "p",
}


def entries_of(scope: Scope) -> list[Entry]:
    """Return the entries that lead somewhere and that the scope has the permission for."""
    return [
        entry for entry in ENTRIES if scope.has(entry.permission) and url_or_none(entry.url_name)
    ]


def links(request: HttpRequest) -> list[Link]:
    """Return the entries as the reader of this page gets them; none on pages without a scope."""
    scope = getattr(request, "scope", None)
    if scope is None:
        return []
    return [
        Link(
            entry.label,
            url,
            entry.url_name,
            entry.icon,
            KEYS.get(entry.url_name, ""),
            _leads_to(url, request.path),
        )
        for entry in entries_of(scope)
        if (url := url_or_none(entry.url_name))
    ]


def _leads_to(url: str, path: str) -> bool:
    return path == url or path.startswith(f"{url}/")


def url_or_none(name: str, *args: object) -> str | None:
    """Return the address of a page by its name; None where there is no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None
