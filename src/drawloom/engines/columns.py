"""Checks the columns of a partition against the declared ones, and chooses the types in which they are stored.

Parquet cannot store every DuckDB type, and silently stores some of them as others. Values are cast where that is exact
(sums are HUGEINT and are stored as BIGINT, an error where one does not fit; ENUM becomes VARCHAR); other types are refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from drawloom.engines import quote
from drawloom.model import KEY, Column, Fix, InputError, Problem, Table, refuse

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

_STORED_AS = {
    "hugeint": "BIGINT",
    "uhugeint": "BIGINT",
    "enum": "VARCHAR",
    "timestamp_s": "TIMESTAMP",
    "timestamp_ms": "TIMESTAMP",
}
_UNSTORABLE = {
    "interval": "epoch_us(x) or CAST(x AS VARCHAR)",
    "bit": "CAST(x AS VARCHAR)",
    "union": "one column per member",
    "bignum": "CAST(x AS DECIMAL(38, 0)) or CAST(x AS VARCHAR)",
    "time with time zone": "CAST(x AS VARCHAR), or a TIMESTAMP WITH TIME ZONE",
    "geometry": "CAST(x AS VARCHAR)",
    "variant": "CAST(x AS JSON) or a declared STRUCT",
    "null": "CAST(x AS VARCHAR), or the type that it should have",
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
class OutputColumn:
    """A column to store, and its name in the SELECT's result."""

    column: Column
    source: str

    @property
    def sql(self) -> str:
        """The SELECT item that casts it to its stored type."""
        return f"CAST({quote.name(self.source)} AS {self.column.type}) AS {quote.name(self.column.name)}"


@dataclass(frozen=True, slots=True)
class QuerySchema:
    """The columns that a SELECT returns: names, and DuckDB types."""

    names: tuple[str, ...]
    types: tuple[DuckDBPyType, ...]

    @property
    def key(self) -> str | None:
        """The name of its column ``ds`` as written, in whatever case; None where it has none."""
        return next((name for name in self.names if name.lower() == KEY), None)

    @property
    def data(self) -> list[tuple[str, DuckDBPyType]]:
        """Names and types without ``ds``."""
        return [(name, kind) for name, kind in zip(self.names, self.types, strict=True) if name.lower() != KEY]


def output_columns(
    table: str, found: QuerySchema, declared: Sequence[Column], known: Sequence[Column]
) -> list[OutputColumn]:
    """The columns to store of a SELECT, all but ``ds``.

    ``declared`` are the columns that the table must have, if any; ``known`` are those of its existing partitions.

    Raises:
        InputError: a name is duplicate, a column is missing or not declared, or a type cannot be stored or has changed.
    """
    wanted = {column.name.lower(): column for column in declared}
    before = {column.name.lower(): column for column in known}
    problems = [*duplicate_columns(table, found.names), *_unmatched(table, found, declared)]
    done: list[OutputColumn] = []
    for name, kind in found.data:
        column = wanted.get(name.lower()) or before.get(name.lower())
        try:
            done.append(OutputColumn(_stored(table, name, kind, column, strict=not declared), name))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return done


def order_by(table: Table, outputs: Sequence[OutputColumn], *first: str) -> str:
    """The ORDER BY clause of these names and then the table's cluster key; empty without any.

    Raises:
        InputError: a column of the cluster key is not stored.
    """
    names = {output.column.name.lower(): output.column.name for output in outputs}
    for key in table.cluster:
        if key.lower() not in names:
            message = (
                f"cluster of {table.name} == {key}, must be a column of the table{did_you_mean(key, list(names))}."
            )
            raise refuse("bad-cluster", message)
    keys = ", ".join(quote.name(key) for key in (*first, *(names[key.lower()] for key in table.cluster)))
    return f" ORDER BY {keys}" if keys else ""


def storable_type(kind: DuckDBPyType) -> str:
    """The type in which a DuckDB type is stored exactly, nested types included.

    Raises:
        ValueError: there is none; the message is what to write instead.
    """
    if kind.id in _UNSTORABLE:
        raise ValueError(_UNSTORABLE[kind.id])
    match kind.id:
        case "list" | "array":
            return storable_type(_child(kind, 0)) + "[]"
        case "map":
            return f"MAP({storable_type(_child(kind, 0))}, {storable_type(_child(kind, 1))})"
        case "struct":
            members = enumerate(name for name, _ in kind.children)
            return f"STRUCT({', '.join(f'{quote.name(name)} {storable_type(_child(kind, n))}' for n, name in members)})"
        case other:
            return _STORED_AS.get(other, str(kind))


def is_widening(type_: str, to: str) -> bool:
    """Whether a cast from one type to the other keeps every value.

    >>> is_widening("INTEGER", "BIGINT"), is_widening("BIGINT", "DOUBLE"), is_widening("BIGINT", "DECIMAL(38,0)")
    (True, False, True)
    """
    if type_ == to or to in _WIDER.get(type_, ()):
        return True
    if type_.endswith("[]") and to.endswith("[]"):
        return is_widening(type_[:-2], to[:-2])
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
    if type_.replace('"', "") == column.type.replace('"', "") or is_widening(type_, column.type):
        return Column(column.name, column.type)
    what = "as in the existing partitions" if strict else "as declared"
    raise refuse(
        "type-change",
        f"{table}.{name} has type {kind}, must be {column.type}, {what}.",
        None,
        f"Write CAST({name} AS {column.type}), give the column a new name, "
        "or drop the table's partitions and fill them again.",
    )


def _fits(kind: DuckDBPyType, to: str, *, strict: bool) -> bool:
    """Whether a cast is exact or fails: integers, where the type is declared or that of a sum."""
    sure = not strict or kind.id in ("hugeint", "uhugeint")
    whole = to in _WHOLE or bool(_DECIMAL.fullmatch(to) and to.endswith(",0)"))
    return sure and str(kind) in _WHOLE and whole


def _storable(table: str, name: str, kind: DuckDBPyType) -> str:
    try:
        return storable_type(kind)
    except ValueError as error:
        raise refuse(
            "bad-type",
            f"{table}.{name} has type {kind}, must be a type that Parquet can store.",
            None,
            f"Write {str(error).replace('(x', f'({name}')}.",
        ) from error


def check_arrow(table: str, data: Any) -> None:
    """Check that data is an Arrow table with distinct column names.

    Raises:
        InputError: it is not.
    """
    import pyarrow as pa

    if not isinstance(data, pa.Table):
        message = f"result for {table} == {type(data).__name__}, must be a pyarrow.Table."
        raise refuse("bad-result", message, None, "Return pyarrow.Table.from_pylist(rows), or task.query(...).")
    if problems := duplicate_columns(table, data.column_names):
        raise InputError(*problems)


def duplicate_columns(table: str, names: Sequence[str]) -> list[Problem]:
    """A problem where two columns have the same name, one of which Parquet or SQL would silently rename."""
    counts = Counter(name.lower() for name in names)
    names = [name for name, count in counts.items() if count > 1]
    if not names:
        return []
    message = f"{', '.join(names)}: {table} must not have two columns of one name."
    return [Problem("duplicate-column", "error", message, fix=Fix("Give each an alias: ... AS name."))]


def _unmatched(table: str, found: QuerySchema, declared: Sequence[Column]) -> list[Problem]:
    if not declared:
        return [] if found.data else [_problem(f"the SELECT for {table} has no columns besides ds.")]
    have = {name.lower() for name, _ in found.data}
    want = {column.name.lower() for column in declared}
    missing = [column.name for column in declared if column.name.lower() not in have]
    extra = [name for name, _ in found.data if name.lower() not in want]
    texts = [
        f"{name} is declared for {table}, but missing in the SELECT{did_you_mean(name, extra)}" for name in missing
    ]
    texts += [f"{name} is in the SELECT, but not declared for {table}{did_you_mean(name, missing)}" for name in extra]
    return [_problem(text + ".") for text in texts]


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """A hint like ``" (the nearest is x)"``; empty where no name is similar."""
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


def merge_schemas(schemas: Iterable[Sequence[Column]]) -> tuple[Column, ...]:
    """All columns of some files, newest first: the newest decides order and type."""
    united: dict[str, Column] = {}
    for schema in schemas:
        for column in schema:
            united.setdefault(column.name.lower(), column)
    return tuple(united.values())


_NUMBER = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.*\)|FLOAT|REAL|DOUBLE)", re.IGNORECASE)


def is_number(kind: str) -> bool:
    """Whether a DuckDB type is one of numbers."""
    return bool(_NUMBER.fullmatch(kind.strip()))
