"""Load instances of a model from the rows of a statement that is written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model
from django.db.models.expressions import Col

M = TypeVar("M", bound=Model)


def all_names(model: type[Model]) -> tuple[str, ...]:
    """Return the names of all columns of the model."""
    return tuple(field.attname for field in model._meta.concrete_fields)


@dataclass(frozen=True)
class Columns(Generic[M]):
    """Columns of a model that a statement reads, to load instances from its rows.

    Gains 0.1 ms per statement over raw(), which works out the columns and their converters anew
    each time: processor time of Python, measured with contacts.
    """

    model: type[M]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse another order than the model's: each value would be taken for its neighbour's."""
        in_order = tuple(name for name in all_names(self.model) if name in self.names)
        if self.names != in_order:
            raise ValueError(f"columns of {self.model.__name__} are read in its order: {in_order}")

    def of(self, table: str) -> str:
        """Return them as a statement lists them, `table` being what it calls the model's."""
        return ", ".join(f"{table}.{name}" for name in self.names)

    def load(self, row: Sequence[Any]) -> M:
        """Return an instance; any other column of it is deferred."""
        values = list(row)
        for index, column, converters in self._converted:
            for convert in converters:
                values[index] = convert(values[index], column, connection)
        return self.model.from_db(connection.alias, self.names, values)

    @cached_property
    def _converted(self) -> list[tuple[int, Col, list[Callable[[Any, Col, Any], Any]]]]:
        """Those whose values are not their fields' own yet, with Django's converters."""
        fields = {field.attname: field for field in self.model._meta.concrete_fields}
        columns = [fields[name].get_col(self.model._meta.db_table) for name in self.names]
        return [
            (index, column, converters)
            for index, column in enumerate(columns)
            if (
                converters := connection.ops.get_db_converters(column)
                + column.get_db_converters(connection)
            )
        ]
