"""The page: each phone and mailbox as its owner reads it. In French, without external resources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import phonenumbers
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .codes import current_code, seconds_left
from .dispatch_software import read_event
from .faults import Faults
from .record import Call, Mail, Record, Sms

_HERE = Path(__file__).resolve().parent
_PARIS = ZoneInfo("Europe/Paris")
# So many phones, mailboxes, and items in each, the latest first; a bench may fill thousands.
_OWNERS, _ITEMS, _WEBHOOKS = 24, 12, 12
# Styles are inline and the script is ours; a mail's HTML may load nothing at all.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STATUSES = {
    "accepted": "accepté",
    "queued": "en file d’attente",
    "sent": "envoyé",
    "delivered": "remis",
    "undelivered": "non remis",
    "failed": "en échec",
    "partially_delivered": "remis en partie",
    "read": "lu",
    "held": "retenu pour la nuit, à cause de sa mention STOP",
    "received": "écrit par ce téléphone",
    "initiated": "appel lancé",
    "ringing": "sonne",
    "in-progress": "décroché",
    "completed": "terminé",
    "busy": "occupé",
    "no-answer": "sans réponse",
    "canceled": "annulé",
}
_PROVIDERS = {"twilio": "Twilio", "ovh": "OVHcloud"}
_FAULTS = {
    "answer_429": "répond 429 (trop de requêtes)",
    "answer_500": "répond 500, rien n’est accepté",
    "answer_500_after_accept": "accepte, puis répond 500",
    "accept_then_cut": "accepte, puis coupe la ligne",
    "accept_then_empty": "accepte, puis répond sans rien dire",
    "accept_then_null": "accepte, puis répond sans numéro",
    "accept_then_timeout": "accepte, puis tarde à répondre",
    "slow": "lent",
    "reject": "refuse le SMS",
    "ovh_no_credit": "n’a plus de crédit",
    "ovh_bad_sender": "refuse l’expéditeur",
    "ovh_bad_key": "refuse les identifiants",
    "ovh_stopped": "destinataire sur liste noire (STOP)",
    "ovh_night": "il y est trois heures du matin",
    "refuse": "coupe la ligne sans rien lire",
    "lookup_500": "répond 500 à qui demande où en est un SMS",
    "lookup_404": "ne connaît pas le SMS dont on lui demande le numéro",
    "redacted_words": "cache le texte des SMS dans sa liste",
    "redacted_numbers": "cache la fin des numéros dans sa liste",
    "undelivered": "SMS non remis",
    "delivered_after_all": "SMS non remis, puis remis",
    "partially_delivered": "SMS remis en partie",
    "read": "SMS remis, puis lu",
    "failed": "SMS en échec",
    "no_callback": "aucun accusé",
    "callback_early": "accusé avant la réponse",
    "callback_twice": "accusés en double",
    "callback_out_of_order": "accusés dans le désordre",
    "callback_forged": "faux accusé",
    "callback_delay": "accusés en retard",
    "call_busy": "appel\N{NO-BREAK SPACE}: occupé",
    "call_no_answer": "appel\N{NO-BREAK SPACE}: personne ne décroche",
    "call_failed": "appel\N{NO-BREAK SPACE}: impossible à établir",
    "call_canceled": "appel\N{NO-BREAK SPACE}: annulé",
    "call_machine": "appel\N{NO-BREAK SPACE}: un répondeur décroche",
    "call_no_key": "appel\N{NO-BREAK SPACE}: décroché, aucune touche",
    "call_key": "appel\N{NO-BREAK SPACE}: décroché, une touche est pressée",
    "webhook_500": "logiciel du centre\N{NO-BREAK SPACE}: répond 500",
    "webhook_slow": "logiciel du centre\N{NO-BREAK SPACE}: tarde à répondre",
    "webhook_cut": "logiciel du centre\N{NO-BREAK SPACE}: coupe la ligne",
    "webhook_redirect": "logiciel du centre\N{NO-BREAK SPACE}: redirige",
    "smtp_451": "courriel\N{NO-BREAK SPACE}: refus provisoire du destinataire (451)",
    "smtp_550": "courriel\N{NO-BREAK SPACE}: destinataire inconnu (550)",
    "smtp_451_data": "courriel\N{NO-BREAK SPACE}: refus provisoire du message (451)",
    "smtp_cut_after_data": "courriel\N{NO-BREAK SPACE}: accepte, puis coupe la ligne",
    "smtp_slow": "courriel\N{NO-BREAK SPACE}: accepte, puis tarde à répondre",
}
_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet"),
    *("août", "septembre", "octobre", "novembre", "décembre"),
)

_Item = TypeVar("_Item")


def render(record: Record, faults: Faults, closed: Sequence[str]) -> web.Response:
    """Return the page as of now; `closed` names the servers that are down."""
    rung: list[Sms | Call] = [*record.sms, *record.calls]
    phones = _grouped((item.to, item) for item in sorted(rung, key=_arrival))
    boxes = _grouped((to, mail) for mail in record.mails for to in mail.to)
    text = _template.render(
        version=record.version,
        sms_count=record.sms_count,
        call_count=len(record.calls),
        mail_count=len(record.mails),
        phones=_latest(phones),
        hidden_phones=max(len(phones) - _OWNERS, 0),
        boxes=_latest(boxes),
        hidden_boxes=max(len(boxes) - _OWNERS, 0),
        webhooks=[(w, *read_event(w.body)) for w in reversed(record.webhooks[-_WEBHOOKS:])],
        hidden_webhooks=max(len(record.webhooks) - _WEBHOOKS, 0),
        faults=faults.active,
        closed=closed,
        items=_ITEMS,
        codes={name: current_code(secret) for name, secret in record.authenticators.items()},
        seconds_left=seconds_left(),
    )
    answer = web.Response(text=text, content_type="text/html")
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer


def script() -> web.Response:
    """Return the script that reloads the page when something new has arrived."""
    return web.Response(text=_script, content_type="text/javascript")


def _grouped(owned: Iterable[tuple[str, _Item]]) -> dict[str, list[_Item]]:
    groups: dict[str, list[_Item]] = {}
    for owner, item in owned:
        groups.setdefault(owner, []).append(item)
    return groups


def _latest(groups: dict[str, list[_Item]]) -> list[tuple[str, list[_Item]]]:
    by_arrival = sorted(groups.items(), key=lambda group: _arrival(group[1][-1]), reverse=True)
    return by_arrival[:_OWNERS]


def _arrival(item: object) -> datetime:
    if isinstance(item, Sms | Call):
        return item.created
    if isinstance(item, Mail):
        return item.received
    raise TypeError(f"neither a text, a call nor a mail: {item!r}")


def _clock(moment: datetime) -> str:
    """Format a time in Paris: 03:16:07."""
    return f"{moment.astimezone(_PARIS):%H:%M:%S}"


def _day(moment: datetime) -> str:
    """Format a day in Paris: dimanche 22 novembre."""
    local = moment.astimezone(_PARIS)
    number = "1er" if local.day == 1 else str(local.day)
    return f"{_DAYS[local.weekday()]} {number} {_MONTHS[local.month - 1]}"


def _phone(number: str) -> str:
    """Format a French number as 06 39 98 12 34, others in the international form."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    french = parsed.country_code == 33
    form = phonenumbers.PhoneNumberFormat
    shown = phonenumbers.format_number(parsed, form.NATIONAL if french else form.INTERNATIONAL)
    return shown.replace(" ", "\N{NO-BREAK SPACE}")


_environment = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_environment.filters.update(
    clock=_clock,
    day=_day,
    phone=_phone,
    status=_STATUSES.__getitem__,
    fault=_FAULTS.__getitem__,
    provider=_PROVIDERS.__getitem__,
)
_environment.tests["call"] = lambda item: isinstance(item, Call)
_template = _environment.get_template("page.html")
_script = (_HERE / "page.js").read_text(encoding="utf-8")
