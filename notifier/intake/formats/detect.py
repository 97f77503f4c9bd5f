"""Detect which endpoint a document belongs to, by its beginning; the endpoint validates it."""

import json
from enum import StrEnum

from notifier.intake.formats.xml import XmlRefusedError, is_xml, read_xml


class Endpoint(StrEnum):
    """The endpoints for machines."""

    NATIVE = "native"
    EDXL = "edxl"
    CAP = "cap"


def detect_endpoint(body: bytes) -> Endpoint:
    """Return the endpoint by the root of XML, or by whether JSON has a `reference`."""
    if is_xml(body):
        try:
            root, _, _ = read_xml(body)
        except XmlRefusedError:
            return Endpoint.EDXL
        return Endpoint.CAP if root == "alert" else Endpoint.EDXL
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Endpoint.NATIVE
    is_native = not isinstance(document, dict) or "reference" in document
    return Endpoint.NATIVE if is_native else Endpoint.EDXL
