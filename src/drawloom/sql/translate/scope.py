"""The names of one SELECT: its sources, their columns and the columns' types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from drawloom.sql.translate.types import DATE, SqlType

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name as written, and its type where it is known."""

    name: str
    dtype: SqlType | None
    quoted: bool = False


# The columns of a relation in their order; None where they are not known.
Fields = tuple[Field, ...] | None


@dataclass(slots=True)
class Scope:
    """The names that an expression may use."""

    ctes: Mapping[str, Fields] = field(default_factory=dict)
    sources: dict[str, Fields] = field(default_factory=dict)
    outer: Scope | None = None
    local: dict[str, SqlType | None] = field(default_factory=dict)
    # Columns of JOIN ... USING, with the source whose column it is; "" where that is not clear.
    using: dict[str, str] = field(default_factory=dict)
    # The expressions of aliases of the SELECT list, where those may be used.
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    # Lists that the SELECT list unnests; None where that is not possible.
    unnested: list[tuple[str, exp.Expr]] | None = None

    def in_lambda(self, **local: SqlType | None) -> Scope:
        """The scope in a lambda, with its parameters."""
        return replace(self, local={**self.local, **local}, unnested=None)

    def column_type(self, name: str, table: str = "") -> SqlType | None:
        """The type of a column, None where it is not known; ``ds`` is a day in every table that drawloom makes."""
        name, table = name.lower(), table.lower()
        if not table and name in self.local:
            return self.local[name]
        for source, fields in self.sources.items():
            if table and source != table:
                continue
            for part in fields or ():
                if part.name.lower() == name:
                    return part.dtype
            if fields is None and name == "ds" and (table or len(self.sources) == 1):
                return DATE
        if not table and self.outer is None and name == "ds" and self.has_column(name) is None:
            return DATE
        return self.outer.column_type(name, table) if self.outer else None

    def has_column(self, name: str) -> bool | None:
        """Whether a source of this SELECT has a column of that name; None where that is not known."""
        name = name.lower()
        if any(part.name.lower() == name for fields in self.sources.values() if fields for part in fields):
            return True
        return None if any(fields is None for fields in self.sources.values()) else False

    def is_source(self, name: str) -> bool:
        """Whether a table of this SELECT, or of one around it, has that name or alias."""
        return name.lower() in self.sources or bool(self.outer and self.outer.is_source(name))
