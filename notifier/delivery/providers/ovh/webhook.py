"""The receipts that OVHcloud brings to us: whether one is genuine, and what it says.

OVHcloud signs nothing, and knows one address for all receipts of an account: the address itself is
the secret. It holds a keyed hash, and changes with SECRET_KEY.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.conf import settings
from django.utils.crypto import constant_time_compare

from notifier.delivery.providers.base import Receipt
from notifier.delivery.providers.ovh.callback_path import callback_path, callback_secret
from notifier.delivery.providers.ovh.errors import explain
from notifier.delivery.providers.ovh.statuses import code_of, state_of

NAME = "ovh"
_ID = re.compile(r"[0-9]{1,20}")
_CODE = re.compile(r"[0-9]{1,5}")


def callback_url() -> str:
    """Return where OVHcloud is to bring receipts: what the account's `callBack` must say."""
    env = settings.ENVIRONMENT
    return env.PUBLIC_URL + callback_path(settings.SECRET_KEY, env.OVH_SERVICE_NAME)


def is_genuine(secret: str) -> bool:
    """Whether this is the secret of our account's address, or of one before a change of key."""
    service_name = settings.ENVIRONMENT.OVH_SERVICE_NAME
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    known = [callback_secret(key, service_name) for key in keys]
    return bool(service_name) and any(constant_time_compare(secret, one) for one in known)


def parse_receipt(query: Mapping[str, str]) -> Receipt | None:
    """Read the receipt in a query string; None if it names no text or says nothing of it."""
    number, ptt = query.get("id", ""), _number(query.get("ptt", ""))
    # `description` holds the number of the receipt, `descriptionDlr` its words.
    receipt = _number(query.get("description", "") or query.get("dlr", ""))
    state = state_of(receipt, ptt)
    if state is None or not _ID.fullmatch(number):
        return None
    code = code_of(state, ptt)
    return Receipt(number, state, code, explanation=explain(code) if code else "", provider=NAME)


def _number(text: str) -> int | None:
    return int(text) if _CODE.fullmatch(text) else None
