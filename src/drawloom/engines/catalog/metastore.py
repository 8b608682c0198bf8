"""Statistics of partitions in a Hive metastore, from which Hive, Trino's Hive connector and Impala plan queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

from drawloom.engines.catalog.thrift import (
    BOOL,
    DOUBLE,
    I16,
    I64,
    LIST,
    MAP,
    STRING,
    STRUCT,
    Connection,
    Field,
    Struct,
    ThriftError,
    text,
    texts,
)
from drawloom.model import Problem, RunError, refuse

Number = int | float | Decimal
_PORT = 9083
_PARTITION_SD, _PARTITION_PARAMETERS, _TABLE_PARAMETERS, _SD_COLUMNS = 6, 7, 9, 1
_KINDS = {"boolean": 1, "double": 3, "float": 3, "string": 4, "binary": 5, "date": 7}
_LONGS = ("tinyint", "smallint", "int", "bigint", "timestamp")


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """What a metastore keeps of a column of a partition; a range is kept of numbers and dates (seconds since 1970).

    ``length`` is that of texts: of the longest, and of a mean one.
    """

    name: str
    nulls: int
    distinct: int | None = None
    low: Number | None = None
    high: Number | None = None
    trues: int | None = None
    length: tuple[int, float] | None = None


@contextmanager
def open_metastore(url: str) -> Iterator[Metastore]:
    """A metastore at ``thrift://host:9083``, one that asks for no log-in.

    Raises:
        InputError: it is no such URL.
        RunError: it cannot be reached.
    """
    parts = urlsplit(url)
    if parts.scheme != "thrift" or not parts.hostname:
        raise refuse("bad-url", f"metastore == {url!r}, must be a URL like thrift://host:9083.")
    try:
        with Connection(parts.hostname, parts.port or _PORT) as connection:
            yield Metastore(connection)
    except (OSError, ThriftError) as error:
        raise RunError(Problem("engine-io", "error", f"The metastore {url} fails: {error}")) from error


class Metastore:
    """The calls that write statistics; each raises OSError or ThriftError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def is_iceberg(self, table: str) -> bool:
        """Whether a table is one of Iceberg, which keeps its statistics itself."""
        found = self._connection.call("get_table", *map(text, table.split(".")))
        return _parameters(found, _TABLE_PARAMETERS).get(b"table_type", b"").upper() == b"ICEBERG"

    def write(self, table: str, key: str, value: str, rows: int, columns: Sequence[ColumnStatistics]) -> int:
        """Write those of the partition whose ``key`` has this value; returns of how many columns.

        Columns whose types have no statistics are left out.
        """
        names = [text(part) for part in table.split(".")]
        partition: Struct = self._connection.call("get_partition", *names, texts([value]))
        self._write_rows(names, partition, rows)
        kinds = _column_types(partition)
        made = [one for column in columns if (one := _column(column, kinds.get(column.name.lower(), ""), rows))]
        if made:
            what = {1: (BOOL, False), 2: names[0], 3: names[1], 4: text(f"{key}={value}")}
            told = {1: (STRUCT, what), 2: (LIST, (STRUCT, made))}
            self._connection.call("update_partition_column_statistics", (STRUCT, told))
        return len(made)

    def _write_rows(self, names: Sequence[Field], partition: Struct, rows: int) -> None:
        found = _parameters(partition, _PARTITION_PARAMETERS) | {b"numRows": str(rows).encode()}
        changed = {**partition, _PARTITION_PARAMETERS: (MAP, (STRING, STRING, list(found.items())))}
        as_is = {1: (MAP, (STRING, STRING, [(b"DO_NOT_UPDATE_STATS", b"true")]))}
        self._connection.call("alter_partition_with_environment_context", *names, (STRUCT, changed), (STRUCT, as_is))


def _parameters(found: Struct, field: int) -> dict[bytes, bytes]:
    return dict(found[field][1][2]) if field in found else {}


def _column_types(partition: Struct) -> Mapping[str, str]:
    """The types of the columns of a partition by name, in Hive's words."""
    _, columns = partition[_PARTITION_SD][1][_SD_COLUMNS][1]
    return {one[1][1].decode().lower(): one[2][1].decode().lower() for one in columns}


def _column(column: ColumnStatistics, kind: str, rows: int) -> Struct | None:
    """A ``ColumnStatisticsObj``; None of a type that has none."""
    field = 6 if kind.startswith("decimal") else 4 if kind.startswith(("varchar", "char")) else _KINDS.get(kind)
    field = 2 if kind in _LONGS else field
    if field is None:
        return None
    data = _data(column, field, kind, rows)
    return {1: text(column.name), 2: text(kind), 3: (STRUCT, {field: (STRUCT, data)})}


def _data(column: ColumnStatistics, field: int, kind: str, rows: int) -> Struct:
    nulls = (I64, column.nulls)
    if field == 1:
        trues = column.trues or 0
        return {1: (I64, trues), 2: (I64, rows - column.nulls - trues), 3: nulls}
    if field in (4, 5):
        longest, mean = column.length or (0, 0.0)
        of_bytes = {1: (I64, longest), 2: (DOUBLE, mean), 3: nulls}
        return of_bytes if field == 5 else {**of_bytes, 4: _distinct(column)}
    ends = {} if kind == "timestamp" else {1: column.low, 2: column.high}
    known = {number: _end(value, field) for number, value in ends.items() if value is not None}
    return {**known, 3: nulls, 4: _distinct(column)}


def _distinct(column: ColumnStatistics) -> Field:
    """A metastore counts NULL as a value."""
    return I64, (column.distinct or 0) + (1 if column.nulls else 0)


def _end(value: Number, field: int) -> Field:
    if field == 3:
        return DOUBLE, float(value)
    if field == 2:
        return I64, int(value)
    if field == 7:
        return STRUCT, {1: (I64, int(value) // 86_400)}
    sign, digits, exponent = Decimal(value).as_tuple()
    assert isinstance(exponent, int)
    unscaled = int("".join(map(str, digits))) * (-1 if sign else 1) * 10 ** max(exponent, 0)
    size = unscaled.bit_length() // 8 + 1
    return STRUCT, {1: (STRING, unscaled.to_bytes(size, "big", signed=True)), 3: (I16, max(-exponent, 0))}
