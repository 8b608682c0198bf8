"""DuckDB's types, as far as the translation depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True, slots=True)
class SqlType:
    """A type of DuckDB.

    Attributes:
        name: in lower case, such as ``bigint`` or ``list``.
        parts: the types of a list's elements, of a map's keys and values, of a struct's fields.
        names: the names of a struct's fields.
        size: precision and scale of a DECIMAL.
    """

    name: str
    parts: tuple[SqlType, ...] = ()
    names: tuple[str, ...] = ()
    size: tuple[int, ...] = ()

    def __deepcopy__(self, _: object) -> SqlType:
        return self

    @property
    def is_int(self) -> bool:
        """Whether it is a whole number of any width."""
        return self.name in INTS

    @property
    def is_number(self) -> bool:
        """Whether it is a number of any kind."""
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
TINYINT, SMALLINT, INTEGER, BIGINT, HUGEINT = (SqlType(name) for name in INTS)
FLOAT, DOUBLE, TEXT, BOOL, DATE, TIMESTAMP, TIMESTAMPTZ, TIME, INTERVAL, BLOB, JSON, NULL = (
    SqlType(name)
    for name in (
        "float", "double", "text", "bool", "date", "timestamp", "timestamptz", "time", "interval", "blob", "json", "null",
    )
)  # fmt: skip
_BY_SQLGLOT_NAME = {
    "TINYINT": TINYINT, "SMALLINT": SMALLINT, "INT": INTEGER, "BIGINT": BIGINT, "INT128": HUGEINT, "FLOAT": FLOAT,
    "DOUBLE": DOUBLE, "TEXT": TEXT, "VARCHAR": TEXT, "CHAR": TEXT, "BPCHAR": TEXT, "NVARCHAR": TEXT, "BOOLEAN": BOOL,
    "DATE": DATE, "TIMESTAMP": TIMESTAMP, "TIMESTAMPNTZ": TIMESTAMP, "DATETIME": TIMESTAMP, "TIMESTAMPTZ": TIMESTAMPTZ,
    "TIME": TIME, "INTERVAL": INTERVAL, "BLOB": BLOB, "VARBINARY": BLOB, "BINARY": BLOB, "JSON": JSON, "NULL": NULL,
}  # fmt: skip


def list_of(dtype: SqlType | None) -> SqlType:
    """The type of lists of something."""
    return SqlType("list", (dtype or UNKNOWN,))


def element_type(dtype: SqlType | None) -> SqlType | None:
    """The type of a list's elements, where it is known."""
    return known(dtype.parts[0]) if dtype and dtype.name == "list" else None


def first_type(types: Sequence[SqlType | None]) -> SqlType | None:
    """The type of the first argument."""
    return types[0]


def first_element_type(types: Sequence[SqlType | None]) -> SqlType | None:
    """The type of the elements of the first argument, a list."""
    return element_type(types[0])


def decimal(precision: int, scale: int) -> SqlType:
    """A DECIMAL; DuckDB has at most 38 digits."""
    return SqlType("decimal", size=(min(precision, 38), scale))


def known(dtype: SqlType | None) -> SqlType | None:
    """The type, or None where it is ``UNKNOWN``."""
    return None if dtype is None or dtype.name == "unknown" else dtype


UNKNOWN = SqlType("unknown")


def type_from_node(node: exp.DataType) -> SqlType | None:
    """The type of a sqlglot node; None for one that the other engines do not have."""
    name = node.this.value if hasattr(node.this, "value") else str(node.this)
    if name in {"LIST", "ARRAY"}:
        return list_of(_inner_type(node.expressions[0])) if node.expressions else None
    if name == "MAP":
        parts = tuple(_inner_type(part) or UNKNOWN for part in node.expressions)
        return SqlType("map", parts) if len(parts) == 2 else None
    if name == "STRUCT":
        return _struct_type(node)
    if name == "DECIMAL":
        given = [int(part.this.name) for part in node.expressions]
        return decimal(given[0] if given else 18, given[1] if len(given) > 1 else (0 if given else 3))
    return _BY_SQLGLOT_NAME.get(name)


def _inner_type(node: exp.Expr | None) -> SqlType | None:
    from sqlglot import exp

    return type_from_node(node) if isinstance(node, exp.DataType) else None


def _struct_type(node: exp.DataType) -> SqlType | None:
    from sqlglot import exp

    fields = [part for part in node.expressions if isinstance(part, exp.ColumnDef)]
    dtypes = [_inner_type(part.args.get("kind")) for part in fields]
    if len(fields) != len(node.expressions) or not fields:
        return None
    return SqlType("struct", tuple(dtype or UNKNOWN for dtype in dtypes), tuple(part.name for part in fields))


def type_from_text(text: str) -> SqlType | None:
    """The type of a text such as ``DECIMAL(18, 2)``; None for one that the other engines do not have."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        return type_from_node(exp.DataType.build(text, dialect="duckdb"))
    except SqlglotError:
        return None


def common_type(dtypes: Iterable[SqlType | None]) -> SqlType | None:
    """The type that DuckDB casts values of these types to; None where that is not known."""
    found: SqlType | None = NULL
    for dtype in dtypes:
        if dtype is None or found is None:
            return None
        found = _common_of_two(found, dtype)
    return found


def _common_of_two(one: SqlType, other: SqlType) -> SqlType | None:
    if other in {one, NULL}:
        return one
    if one == NULL:
        return other
    if one.is_number and other.is_number:
        return _common_number(one, other)
    if one.is_time and other.is_time:
        return max(one, other, key=lambda dtype: ("date", "timestamp", "timestamptz").index(dtype.name))
    if one.name == other.name == "list":
        return list_of(_common_of_two(one.parts[0], other.parts[0]))
    return None


def _common_number(one: SqlType, other: SqlType) -> SqlType:
    if one.is_float or other.is_float:
        return DOUBLE if "double" in {one.name, other.name} or not (one.is_float and other.is_float) else FLOAT
    if one.is_int and other.is_int:
        return max(one, other, key=lambda dtype: INTS.index(dtype.name))
    (width, scale), (width2, scale2) = digits(one), digits(other)
    scale_of_both = max(scale, scale2)
    return decimal(max(width - scale, width2 - scale2) + scale_of_both, scale_of_both)


def digits(dtype: SqlType) -> tuple[int, int]:
    """How many digits an exact number has, and how many of them behind the point."""
    return (dtype.size[0], dtype.size[1]) if dtype.name == "decimal" else (_DIGITS[dtype.name], 0)
