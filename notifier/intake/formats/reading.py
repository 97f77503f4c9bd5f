"""Models of what is read from a document; what they do not name is dropped, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from notifier.intake.schema.report import Instant

# An element's name says nothing of a person; a key of another form might.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
MAX_NAMES = 100

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)

T = TypeVar("T")


class Part(BaseModel):
    """A part of a foreign document. Fields have the document's own names."""

    # Where JSON has a number and XML a text, either is meant.
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {
            name: said
            for name, given in value.items()
            if (said := blank_to_none(given)) is not None
        }


def blank_to_none(value: Any) -> Any:
    """Return the stripped value; None for null, an empty text or an empty element.

    For a list, return the items that are not empty; lists in lists occur in no format.
    """
    if isinstance(value, list):
        return [said for item in value if (said := _one_blank_to_none(item)) is not None]
    return _one_blank_to_none(value)


def _one_blank_to_none(value: Any) -> Any:
    return value.strip() or None if isinstance(value, str) else value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


# XML cannot tell a list of one from a single element.
Many = Annotated[list[T], BeforeValidator(_as_list)]


class FormatRefusedError(Exception):
    """A document that breaks its format: `faults` are pydantic's, in the order of the fields."""

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        super().__init__(faults)
        self.faults = faults


def refuse(path: str, message: str) -> FormatRefusedError:
    """Return a refusal of one place in the document, with a French message."""
    return FormatRefusedError([{"loc": tuple(path.split(".")), "type": "format", "msg": message}])


P = TypeVar("P", bound=Part)


def read_part(model: type[P], document: Any, root: str) -> P:
    """Read the document as the model. Raises FormatRefusedError, with paths from `root`."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = [dict(f) | {"loc": (root, *f["loc"])} for f in error.errors(include_url=False)]
        raise FormatRefusedError(faults) from None


def instant_in(text: str) -> datetime | None:
    """Return the instant written with its zone; None if it is none."""
    try:
        return _INSTANT.validate_python(text)
    except ValidationError:
        return None


def dropped_names(model: type[Part], document: Any, root: str) -> list[str]:
    """Return the paths of all that the model does not read, outermost first, without duplicates."""
    found: dict[str, None] = {}
    _compare(model, document, root, found)
    return [*list(found)[:MAX_NAMES], *(["…"] if len(found) > MAX_NAMES else [])]


def shown(name: str) -> str:
    """Return the name of an element or key, if it can be no more than that."""
    return name if _NAME.fullmatch(name) else "?"


def _compare(model: type[Part], document: Any, path: str, found: dict[str, None]) -> None:
    for item in document if isinstance(document, list) else [document]:
        if not isinstance(item, Mapping):
            continue
        for name, value in item.items():
            field = model.model_fields.get(name)
            if blank_to_none(value) is None:
                continue
            if field is None:
                found[f"{path}.{shown(name)}"] = None
            elif (inner := _part_in(field.annotation)) is not None:
                _compare(inner, value, f"{path}.{name}", found)


def _part_in(annotation: Any) -> type[Part] | None:
    """Return the model within `Model`, `Model | None`, `list[Model]`."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    return next((part for arg in get_args(annotation) if (part := _part_in(arg))), None)
