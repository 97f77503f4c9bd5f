"""OVHcloud's texts: what a job must contain, and how one that was accepted is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from .ovh_account import SENDER
from .record import Sms

STOP_CLAUSE = "\nSTOP 36111"
HELD = "held"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_OPTIONS: dict[str, type | tuple[object, ...]] = {
    "charset": ("UTF-8",),
    "class": ("flash", "phoneDisplay", "sim", "toolkit"),
    "coding": ("7bit", "8bit"),
    "message": str,
    "noStopClause": bool,
    "priority": ("high", "low", "medium", "veryLow"),
    "receivers": list,
    "sender": str,
    "senderForResponse": bool,
    "tag": str,
    "validityPeriod": int,
    "differedPeriod": int,
}
# What it says of a text by its status here: `deliveryReceipt`, and `ptt` where no error gives it.
_RECEIPTS = {
    "queued": (0, 0),
    HELD: (0, 0),
    "sent": (4, 3),
    "delivered": (1, 4),
    "read": (1, 4),
    "undelivered": (2, 24),
    "failed": (2, 23),
    "partially_delivered": (2, 5),
}
# The faults' usual codes are Twilio's.
_PTT_OF = {30003: 24, 30005: 23, 30008: 5}


class OvhError(Exception):
    """A request that OVHcloud would refuse, in its form."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.message, self.code = status, message, code
        self.retry_after: int | None = None

    def response(self) -> web.Response:
        """Return the response as OVHcloud words it."""
        said = {"message": self.message, "httpCode": str(self.status)}
        if self.code:
            said["errorCode"] = self.code
        answer = web.json_response(said, status=self.status)
        if self.retry_after is not None:
            answer.headers["Retry-After"] = str(self.retry_after)
        return answer


def read_job(body: Any, call_back: str | None) -> tuple[list[Sms], list[str]]:
    """Read a job: a text for each valid receiver, and the invalid ones. Raises OvhError."""
    if not isinstance(body, Mapping):
        raise OvhError(400, "Invalid JSON body")
    for name, value in body.items():
        _check(name, value)
    message, receivers = body.get("message"), body.get("receivers")
    if not message or not receivers:
        raise OvhError(400, "Missing parameters: message, receivers")
    sender = body.get("sender")
    if sender != SENDER and not body.get("senderForResponse"):
        raise OvhError(403 if sender else 400, f"This sender does not exist: {sender}")
    text = message if body.get("noStopClause") else message + STOP_CLAUSE
    valid = [number for number in receivers if _E164.fullmatch(str(number))]
    made = [
        Sms(
            to=number,
            body=text,
            sender=sender,
            messaging_service_sid=None,
            status_callback=call_back,
            status="queued",
            provider="ovh",
            tag=body.get("tag", ""),
        )
        for number in valid
    ]
    return made, [str(number) for number in receivers if number not in valid]


def _check(name: str, value: object) -> None:
    allowed = _OPTIONS.get(name)
    if allowed is None:
        raise OvhError(400, f"Unknown parameter: {name}")
    if value is None:
        return
    is_right = value in allowed if isinstance(allowed, tuple) else isinstance(value, allowed)
    if not is_right:
        raise OvhError(400, f"Invalid value for parameter {name}")


def show(sms: Sms) -> dict[str, object]:
    """Return a text as OVHcloud shows one that is sent, or waits to be."""
    receipt, ptt = receipt_of(sms.status, sms.error_code)
    return {
        "id": int(sms.sid),
        "creationDatetime": sms.created.isoformat(),
        "receiver": sms.to,
        "sender": sms.sender,
        "message": sms.body,
        "messageLength": len(sms.body),
        "numberOfSms": sms.segments,
        "credits": float(sms.segments),
        "deliveryReceipt": receipt,
        "ptt": ptt,
        "differedDelivery": 0,
        "tag": sms.tag,
        "tariffCode": "simulateur",
    }


def receipt_of(status: str, error_code: int | None) -> tuple[int, int]:
    """Return `deliveryReceipt` and `ptt` for a status."""
    receipt, ptt = _RECEIPTS[status]
    return receipt, _PTT_OF.get(error_code, error_code) if error_code else ptt


def filters(query: Mapping[str, str]) -> list[Callable[[Sms], bool]]:
    """Return the tests of a list request. Raises OvhError for a filter that it does not know."""
    return [_filter(name, value) for name, value in query.items()]


def _filter(name: str, value: str) -> Callable[[Sms], bool]:
    match name:
        case "creationDatetime.from":
            since = _moment(value)
            return lambda sms: sms.created >= since
        case "creationDatetime.to":
            until = _moment(value)
            return lambda sms: sms.created <= until
        case "receiver":
            return lambda sms: sms.to == value
        case "sender":
            return lambda sms: sms.sender == value
        case "tag":
            return lambda sms: sms.tag == value
    raise OvhError(400, f"Unknown parameter: {name}")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise OvhError(400, "Invalid date") from None
