"""Which columns a partition may have, and as which types they are stored.

Parquet cannot hold every DuckDB type, and holds some of them silently as others. What has one exact way is cast
(sums are HUGEINT and are stored as BIGINT, refusing what does not fit; ENUM becomes VARCHAR); the rest is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from drawloom.engines import quote
from drawloom.model import KEY, Column, Fix, InputError, Problem, refuse

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

_EXACT = {
    "hugeint": "BIGINT",
    "uhugeint": "BIGINT",
    "enum": "VARCHAR",
    "timestamp_s": "TIMESTAMP",
    "timestamp_ms": "TIMESTAMP",
}
_LOSSY = {
    "interval": "epoch_us(x) or CAST(x AS VARCHAR)",
    "bit": "CAST(x AS VARCHAR)",
    "union": "one column per member",
    "bignum": "CAST(x AS DECIMAL(38, 0)) or CAST(x AS VARCHAR)",
    "time with time zone": "CAST(x AS VARCHAR), or a TIMESTAMP WITH TIME ZONE",
    "geometry": "CAST(x AS VARCHAR)",
    "variant": "CAST(x AS JSON) or a declared STRUCT",
    "null": "CAST(x AS VARCHAR), or what type it shall have",
    "tuple": "a STRUCT with names, like {'a': 1}",
}
_DIGITS = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19}
_WIDER = {
    "TINYINT": {"SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE"},
    "SMALLINT": {"INTEGER", "BIGINT", "FLOAT", "DOUBLE"},
    "INTEGER": {"BIGINT", "DOUBLE"},
    "UTINYINT": {"USMALLINT", "UINTEGER", "UBIGINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE"},
    "USMALLINT": {"UINTEGER", "UBIGINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE"},
    "UINTEGER": {"UBIGINT", "BIGINT", "DOUBLE"},
    "FLOAT": {"DOUBLE"},
    "DATE": {"TIMESTAMP"},
}
_WHOLE = {*_DIGITS, *(f"U{name}" for name in _DIGITS), "HUGEINT", "UHUGEINT"}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


@dataclass(frozen=True, slots=True)
class Output:
    """A column to store, and the name under which the SELECT gives it."""

    column: Column
    source: str

    @property
    def sql(self) -> str:
        """The expression under its name."""
        return f"CAST({quote.name(self.source)} AS {self.column.type}) AS {quote.name(self.column.name)}"


@dataclass(frozen=True, slots=True)
class Found:
    """What a SELECT gives: its names, and its types as DuckDB binds them."""

    names: tuple[str, ...]
    types: tuple[DuckDBPyType, ...]

    @property
    def key(self) -> str | None:
        """The name under which it projects ``ds``, None when it does not."""
        return next((name for name in self.names if name.lower() == KEY), None)

    @property
    def data(self) -> list[tuple[str, DuckDBPyType]]:
        """Names and types without ``ds``."""
        return [(name, kind) for name, kind in zip(self.names, self.types, strict=True) if name.lower() != KEY]


def outputs(table: str, found: Found, declared: Sequence[Column], known: Sequence[Column]) -> list[Output]:
    """The columns to store for what a SELECT gives, all but ``ds``.

    ``declared`` are those the table must have, if any; ``known`` are those its partitions have so far.

    Raises:
        InputError: a name comes twice, a column is missing or too many, or a type cannot be stored or has changed.
    """
    wanted = {column.name.lower(): column for column in declared}
    before = {column.name.lower(): column for column in known}
    problems = [*twice(table, found.names), *_unmatched(table, found, declared)]
    done: list[Output] = []
    for name, kind in found.data:
        column = wanted.get(name.lower()) or before.get(name.lower())
        try:
            done.append(Output(_stored(table, name, kind, column, strict=not declared), name))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return done


def storable(kind: DuckDBPyType) -> str:
    """The type in which DuckDB's type is stored exactly, nested types included.

    Raises:
        ValueError: there is none; the text says what to write instead.
    """
    if kind.id in _LOSSY:
        raise ValueError(_LOSSY[kind.id])
    match kind.id:
        case "list" | "array":
            return storable(_child(kind, 0)) + "[]"
        case "map":
            return f"MAP({storable(_child(kind, 0))}, {storable(_child(kind, 1))})"
        case "struct":
            members = enumerate(name for name, _ in kind.children)
            return f"STRUCT({', '.join(f'{quote.name(name)} {storable(_child(kind, n))}' for n, name in members)})"
        case other:
            return _EXACT.get(other, str(kind))


def widens(type_: str, to: str) -> bool:
    """Whether every value of one type has the same value in the other.

    >>> widens("INTEGER", "BIGINT"), widens("BIGINT", "DOUBLE"), widens("BIGINT", "DECIMAL(38,0)")
    (True, False, True)
    """
    if type_ == to or to in _WIDER.get(type_, ()):
        return True
    if type_.endswith("[]") and to.endswith("[]"):
        return widens(type_[:-2], to[:-2])
    precision, scale = _digits(type_)
    wide = _DECIMAL.fullmatch(to)
    if precision is None or not wide:
        return False
    return int(wide[2]) >= scale and int(wide[1]) - int(wide[2]) >= precision - scale


def _stored(table: str, name: str, kind: DuckDBPyType, column: Column | None, *, strict: bool) -> Column:
    """The column as it is stored: in its declared or known type where that is exact."""
    if column is None:
        return Column(name, _storable(table, name, kind))
    if kind.id == "null" or _fits(kind, column.type, strict=strict):
        return Column(column.name, column.type)
    type_ = _storable(table, name, kind)
    if type_.replace('"', "") == column.type.replace('"', "") or widens(type_, column.type):
        return Column(column.name, column.type)
    what = "as it is in the partitions there are" if strict else "as declared"
    raise refuse(
        "type-change",
        f"{table}.{name} has type {kind}, must be {column.type}, {what}.",
        None,
        f"Write CAST({name} AS {column.type}), give the column a new name, "
        "or drop the table's partitions and fill them anew.",
    )


def _fits(kind: DuckDBPyType, to: str, *, strict: bool) -> bool:
    """Whether a cast is exact or an error: whole numbers, where the type is declared or that of a sum."""
    sure = not strict or kind.id in ("hugeint", "uhugeint")
    whole = to in _WHOLE or bool(_DECIMAL.fullmatch(to) and to.endswith(",0)"))
    return sure and str(kind) in _WHOLE and whole


def _storable(table: str, name: str, kind: DuckDBPyType) -> str:
    try:
        return storable(kind)
    except ValueError as error:
        raise refuse(
            "bad-type",
            f"{table}.{name} has type {kind}, must be a type that Parquet keeps.",
            None,
            f"Write {str(error).replace('(x', f'({name}')}.",
        ) from error


def check_arrow(table: str, data: Any) -> None:
    """Refuse what is no Arrow table, or has a name twice.

    Raises:
        InputError: it is so.
    """
    import pyarrow as pa

    if not isinstance(data, pa.Table):
        message = f"result for {table} == {type(data).__name__}, must be a pyarrow.Table."
        raise refuse("bad-result", message, None, "Return pyarrow.Table.from_pylist(rows), or task.query(...).")
    if problems := twice(table, data.column_names):
        raise InputError(*problems)


def twice(table: str, names: Sequence[str]) -> list[Problem]:
    """A problem where two columns have one name; Parquet and SQL would silently rename one of them."""
    counts = Counter(name.lower() for name in names)
    names = [name for name, count in counts.items() if count > 1]
    if not names:
        return []
    message = f"columns of {table} == {', '.join(names)} more than once, must have names of their own."
    return [Problem("duplicate-column", "error", message, fix=Fix("Give each an alias: ... AS name."))]


def _unmatched(table: str, found: Found, declared: Sequence[Column]) -> list[Problem]:
    if not declared:
        return [] if found.data else [_problem(f"columns of {table} == none, must be at least one besides ds.")]
    have = {name.lower() for name, _ in found.data}
    want = {column.name.lower() for column in declared}
    missing = [column.name for column in declared if column.name.lower() not in have]
    extra = [name for name, _ in found.data if name.lower() not in want]
    texts = [
        f"{name} is declared for {table}, must be among the SELECT's columns{near(name, extra)}" for name in missing
    ]
    texts += [f"{name} comes out of the SELECT, must be declared for {table}{near(name, missing)}" for name in extra]
    return [_problem(text + ".") for text in texts]


def near(name: str, names: Sequence[str]) -> str:
    """`` (the nearest is ...)`` where one of the names is like this one."""
    found = get_close_matches(name.lower(), [other.lower() for other in names], 1)
    return f" (the nearest is {next(n for n in names if n.lower() == found[0])})" if found else ""


def _problem(message: str) -> Problem:
    return Problem("bad-columns", "error", message)


def _child(kind: DuckDBPyType, number: int) -> DuckDBPyType:
    child: Any = kind.children[number][1]
    return child  # type: ignore[no-any-return]


def _digits(type_: str) -> tuple[int | None, int]:
    if found := _DECIMAL.fullmatch(type_):
        return int(found[1]), int(found[2])
    return (20 if type_ == "UBIGINT" else _DIGITS.get(type_.removeprefix("U"))), 0
