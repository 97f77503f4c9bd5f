"""Write an event as EDXL-DE, as French control rooms exchange it (CISU, SAMU-Hub-Modeles 26.07).

The envelope holds two messages. The first is an EMSI that adds to the incident: its sentence is for
whoever reads any EMSI. The second is a `customContent`, which those models leave open: the same
fields as in JSON. None of the acknowledgements of CISU fits: `reference` and `error` are about a
message that was received, and an answer is a person's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from notifier.alerting.models import WebhookEvent
from notifier.alerting.webhooks.events import EventType

# Until when it may be delivered by whoever passes it on.
EXPIRES_AFTER = timedelta(days=1)
_LANGUAGE = "fr-FR"
_SCHEME = "alerte-maires"


def edxl_json(event: WebhookEvent) -> dict[str, Any]:
    """Return the envelope of an event, in EDXL-DE's JSON."""
    sender, receiver = urlsplit(settings.ENVIRONMENT.PUBLIC_URL).hostname, event.source.name
    distribution_id = f"{sender}_{event.event_id}"
    sent_at = timezone.localtime(event.created_at).replace(microsecond=0)
    data = event.payload["data"]
    is_exercise = event.type == EventType.TEST or data["exercise"]
    status = "Exercise" if is_exercise else "Actual"
    header = {
        "messageId": distribution_id,
        "sender": {"name": sender, "URI": f"{_SCHEME}:{sender}"},
        "sentAt": sent_at.isoformat(),
        "kind": "Report",
        "status": status,
        "recipient": [{"name": receiver, "URI": f"{_SCHEME}:{receiver}"}],
    }
    bodies = [{"emsi": _emsi(event, distribution_id, sent_at)}, {"customContent": event.payload}]
    return {
        "senderID": sender,
        "distributionID": distribution_id,
        "dateTimeSent": sent_at.isoformat(),
        "dateTimeExpires": (sent_at + EXPIRES_AFTER).isoformat(),
        "distributionStatus": status,
        "distributionKind": "Report",
        "descriptor": {
            "language": _LANGUAGE,
            "explicitAddress": {
                "explicitAddressScheme": _SCHEME,
                "explicitAddressValue": receiver,
            },
        },
        "content": [
            {"jsonContent": {"embeddedJsonContent": {"message": header | body}}} for body in bodies
        ],
    }


def _emsi(event: WebhookEvent, message_id: str, sent_at: datetime) -> dict[str, Any]:
    data = event.payload["data"]
    reference = data.get("reference") or event.event_id
    context: dict[str, Any] = {
        "ID": message_id,
        "MODE": "TEST" if event.type == EventType.TEST else _mode(data),
        "MSGTYPE": "UPDATE",
        "CREATION": sent_at.isoformat(),
        "LINK": [{"ID": reference, "LINK_ROLE": "ADDSTO"}],
        "LEVEL": "OPR",
        "SECLASS": "RESTRC",
        "FREETEXT": _sentence(event),
        "ORIGIN": {"NAME": "Alerte Maires"},
    }
    if url := data.get("status_url"):
        context["EXTERNAL_INFO"] = [{"URI": url, "TYPE": "OTHER"}]
    return {"CONTEXT": context, "EVENT": {"ID": reference, "MAIN_EVENT_ID": reference}}


def _mode(data: dict[str, Any]) -> str:
    return "EXERCS" if data["exercise"] else "ACTUAL"


def _sentence(event: WebhookEvent) -> str:
    """Say in French what happened: "Delle : pris en charge, maire"."""
    data = event.payload["data"]
    said = str(EventType(event.type).label)
    if answer := data["answer"]:
        to_whom = f" ({answer['handed_to']})" if answer["handed_to"] else ""
        said = f"{answer['by']} : {answer['label']}{to_whom}"
        if event.type == EventType.TAKEN:
            said += ", pris en charge"
    elif data["reason"]:
        said += f" ({data['reason']})"
    alert = data["alert"]
    told = alert.get("organisation") or alert["commune"] if alert else None
    return f"{told['name']} : {said}" if told else said
