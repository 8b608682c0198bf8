"""Types of DuckDB, as far as another engine's text depends on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Kind:
    """A type: its name as DuckDB has it in lower case, what it is made of, and the names of a struct's fields."""

    name: str
    parts: tuple[Kind, ...] = ()
    names: tuple[str, ...] = ()
    size: tuple[int, ...] = ()

    def __deepcopy__(self, _: object) -> Kind:
        return self

    @property
    def is_int(self) -> bool:
        """Whether it is a whole number of any width."""
        return self.name in INTS

    @property
    def is_number(self) -> bool:
        """Whether one can count with it."""
        return self.name in INTS or self.name in {"decimal", "float", "double"}

    @property
    def is_float(self) -> bool:
        """Whether it is a binary floating-point number."""
        return self.name in {"float", "double"}

    @property
    def is_time(self) -> bool:
        """Whether it is a day or a point in time."""
        return self.name in {"date", "timestamp", "timestamptz"}


INTS = ("tinyint", "smallint", "integer", "bigint", "hugeint")
_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "hugeint": 38}
TINYINT, SMALLINT, INTEGER, BIGINT, HUGEINT = (Kind(name) for name in INTS)
FLOAT, DOUBLE, TEXT, BOOL, DATE, TIMESTAMP, TIMESTAMPTZ, TIME, INTERVAL, BLOB, JSON, NULL = (
    Kind(name)
    for name in (
        "float", "double", "text", "bool", "date", "timestamp", "timestamptz", "time", "interval", "blob", "json", "null",
    )
)  # fmt: skip
_BY_TYPE = {
    "TINYINT": TINYINT, "SMALLINT": SMALLINT, "INT": INTEGER, "BIGINT": BIGINT, "INT128": HUGEINT, "FLOAT": FLOAT,
    "DOUBLE": DOUBLE, "TEXT": TEXT, "VARCHAR": TEXT, "CHAR": TEXT, "BPCHAR": TEXT, "NVARCHAR": TEXT, "BOOLEAN": BOOL,
    "DATE": DATE, "TIMESTAMP": TIMESTAMP, "TIMESTAMPNTZ": TIMESTAMP, "DATETIME": TIMESTAMP, "TIMESTAMPTZ": TIMESTAMPTZ,
    "TIME": TIME, "INTERVAL": INTERVAL, "BLOB": BLOB, "VARBINARY": BLOB, "BINARY": BLOB, "JSON": JSON, "NULL": NULL,
}  # fmt: skip


def list_of(kind: Kind | None) -> Kind:
    """The type of lists of something."""
    return Kind("list", (kind or UNKNOWN,))


def decimal(precision: int, scale: int) -> Kind:
    """A DECIMAL; DuckDB has at most 38 digits."""
    return Kind("decimal", size=(min(precision, 38), scale))


def known(kind: Kind | None) -> Kind | None:
    """None for a part of a type that is not known."""
    return None if kind is None or kind.name == "unknown" else kind


UNKNOWN = Kind("unknown")


def from_type(node: exp.DataType) -> Kind | None:
    """The Kind of a type as sqlglot read it; None for one that other engines do not have."""
    name = node.this.value if hasattr(node.this, "value") else str(node.this)
    if name in {"LIST", "ARRAY"}:
        return list_of(_inner(node.expressions[0])) if node.expressions else None
    if name == "MAP":
        parts = tuple(_inner(part) or UNKNOWN for part in node.expressions)
        return Kind("map", parts) if len(parts) == 2 else None
    if name == "STRUCT":
        return _struct(node)
    if name == "DECIMAL":
        given = [int(part.this.name) for part in node.expressions]
        return decimal(given[0] if given else 18, given[1] if len(given) > 1 else (0 if given else 3))
    return _BY_TYPE.get(name)


def _inner(node: exp.Expr | None) -> Kind | None:
    from sqlglot import exp

    return from_type(node) if isinstance(node, exp.DataType) else None


def _struct(node: exp.DataType) -> Kind | None:
    from sqlglot import exp

    fields = [part for part in node.expressions if isinstance(part, exp.ColumnDef)]
    kinds = [_inner(part.args.get("kind")) for part in fields]
    if len(fields) != len(node.expressions) or not fields:
        return None
    return Kind("struct", tuple(kind or UNKNOWN for kind in kinds), tuple(part.name for part in fields))


def from_text(text: str) -> Kind | None:
    """The Kind of a type that is given as text, as ``DECIMAL(18, 2)``; None where it is not one of ours."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        return from_type(exp.DataType.build(text, dialect="duckdb"))
    except SqlglotError:
        return None


def common(kinds: Iterable[Kind | None]) -> Kind | None:
    """The type that values of these types have together, as DuckDB sees it; None where that is not known."""
    found: Kind | None = NULL
    for kind in kinds:
        if kind is None or found is None:
            return None
        found = _two(found, kind)
    return found


def _two(one: Kind, other: Kind) -> Kind | None:
    if other in {one, NULL}:
        return one
    if one == NULL:
        return other
    if one.is_number and other.is_number:
        return _number(one, other)
    if one.is_time and other.is_time:
        return max(one, other, key=lambda kind: ("date", "timestamp", "timestamptz").index(kind.name))
    if one.name == other.name == "list":
        return list_of(_two(one.parts[0], other.parts[0]))
    return None


def _number(one: Kind, other: Kind) -> Kind:
    if one.is_float or other.is_float:
        return DOUBLE if "double" in {one.name, other.name} or not (one.is_float and other.is_float) else FLOAT
    if one.is_int and other.is_int:
        return max(one, other, key=lambda kind: INTS.index(kind.name))
    (width, scale), (width2, scale2) = digits(one), digits(other)
    scale_of_both = max(scale, scale2)
    return decimal(max(width - scale, width2 - scale2) + scale_of_both, scale_of_both)


def digits(kind: Kind) -> tuple[int, int]:
    """How many digits an exact number has, and how many of them behind the point."""
    return (kind.size[0], kind.size[1]) if kind.name == "decimal" else (_DIGITS[kind.name], 0)
