"""The SELECT that is stored: the user's text with its columns as they are kept, and the day of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from drawloom.engines.catalog.types import engine_type
from drawloom.engines.columns import Output
from drawloom.model import KEY, Column

WRONG = date(1, 1, 1)  # stands for the day of a row that is not of its own day


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT in the engine's dialect, under which name it projects ``ds`` if it does, and what is stored of it."""

    text: str
    key: str | None
    outputs: Sequence[Output]
    dialect: str
    time: bool = False  # whether ``ds`` is a date or a time
    shift: int = 1  # lines before the user's text

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are stored."""
        return tuple(output.column for output in self.outputs)

    def of(self, ds: date) -> str:
        """The rows of one day."""
        return self.by_day if self.key else self._select(self.text, self._literal(ds))

    @property
    def by_day(self) -> str:
        """The rows with the day that each of them says it is of; NULL where it is none."""
        return self._select(self.text, self._said)

    def together(self, texts: Mapping[date, str]) -> str:
        """The rows of many days, each as its own text gives it."""
        parts = [self._select(text, self._checked(ds)) for ds, text in sorted(texts.items())]
        return "\nUNION ALL\n".join(parts)

    def _select(self, text: str, day: exp.Expression) -> str:
        items = [_cast(output, self.dialect) for output in self.outputs]
        said = exp.alias_(day, KEY).sql(self.dialect)
        return f"SELECT {', '.join(items)}, {said} FROM (\n{text}\n) AS q"

    def _checked(self, ds: date) -> exp.Expression:
        if not self.key:
            return self._literal(ds)
        same = exp.NullSafeEQ(this=self._said, expression=self._literal(ds))
        return exp.case().when(same, self._literal(ds)).else_(self._literal(WRONG))

    @property
    def _said(self) -> exp.Expression:
        """A date, a time or a text as a date; NULL for anything else, such as a number."""
        key = _column(self.key or KEY)
        said = key if self.time else exp.cast(key, exp.DType.VARCHAR)  # Trino makes no date of the text of a time
        return exp.TryCast(this=said, to=exp.DataType.build("DATE"), safe=True)

    def _literal(self, ds: date) -> exp.Expression:
        return exp.cast(exp.Literal.string(ds.isoformat()), exp.DType.DATE)


def _column(name: str) -> exp.Column:
    return exp.column(name, table="q", quoted=True)


def _cast(output: Output, dialect: str) -> str:
    source = _column(output.source).sql(dialect)
    name = exp.to_identifier(output.column.name, quoted=True).sql(dialect)
    return f"CAST({source} AS {engine_type(output.column.type, dialect)}) AS {name}"
