"""Detect which endpoint a document belongs to, by its beginning; the endpoint validates it."""

import json
from enum import StrEnum

from notifier.intake.formats.xml import XmlRefusedError, is_xml, read_xml


class Door(StrEnum):
    """The endpoints for machines."""

    NATIVE = "native"
    EDXL = "edxl"
    CAP = "cap"


def door_of(body: bytes) -> Door:
    """Return the endpoint by the root of XML, or by whether JSON has a `reference`."""
    if is_xml(body):
        try:
            root, _, _ = read_xml(body)
        except XmlRefusedError:
            return Door.EDXL
        return Door.CAP if root == "alert" else Door.EDXL
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Door.NATIVE
    is_native = not isinstance(document, dict) or "reference" in document
    return Door.NATIVE if is_native else Door.EDXL
