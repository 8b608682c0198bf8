"""Sketches on Spark and Trino, whose own do not leave them: registers of distinct values and frequent values, by SQL.

Each is a query that groups the values of a column; one statement has those of some columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.stats.kinds import ScannedColumn
from drawloom.frameworks.stats.measures import TOP
from drawloom.frameworks.stats.registers import PRECISION, letters

if TYPE_CHECKING:
    import pyarrow as pa

Query = Callable[[str], "pa.Table"]
VERSION = "2"  # raise it when they make other states of the same values
_KEPT = 3 * TOP  # values of a partition, as DuckDB keeps: some may be frequent in a week
_COLUMNS = 16  # of one statement
_BITS = 60  # of the hash
_BUCKETS = 2**PRECISION
# The bits after those that choose the register; the rank is how many of them are 0 before the first 1, and one more.
_RANKED = f"""(SELECT hashed % {_BUCKETS} AS place, hashed >> {PRECISION} AS rest FROM (
  SELECT CAST('0x' || substr(md5(value), 1, {_BITS // 4}) AS BIGINT) AS hashed FROM {{rows}} AS v WHERE value IS NOT NULL
) AS h) AS r"""
_RANK = f"least(bit_count(xor(rest, rest - 1)), {_BITS - PRECISION + 1})"

# A float is its 53 digits and its power of two, exactly.
_POWER = "floor(log2(abs({x})))"
_DIGITS = f"CAST({{x}} / pow(2, {_POWER}) * {2**52} AS BIGINT)"
_FLOAT_TEXT = (
    "CASE WHEN isnan({x}) THEN 'nan' WHEN isinf({x}) THEN CASE WHEN {x} > 0 THEN 'inf' ELSE '-inf' END WHEN {x} = 0 THEN '0' "
    f"ELSE CAST({_DIGITS} AS VARCHAR) || ':' || CAST(CAST({_POWER} AS BIGINT) AS VARCHAR) END"
)


def count_registers(query: Query, columns: Sequence[ScannedColumn], source: str) -> Iterator[str | None]:
    """The registers of each column's values, as those of DuckDB but of another hash; None where it has none.

    Args:
        query: runs a SELECT in DuckDB's dialect.
        columns: of a table.
        source: what stands after FROM.
    """
    part = "SELECT {n} AS part, place, max(" + _RANK + ") AS found FROM " + _RANKED + " GROUP BY place"
    for rows in _of_columns(query, columns, source, part):
        yield letters({row["place"]: row["found"] for row in rows}) if rows else None


def count_values(query: Query, columns: Sequence[ScannedColumn], source: str) -> Iterator[str | None]:
    """The most frequent values of each column with their exact counts; arguments as of ``count_registers``."""
    counted = "SELECT value, count(*) AS found FROM {rows} AS v WHERE value IS NOT NULL GROUP BY value"
    part = f"SELECT {{n}} AS part, value, found FROM ({counted} ORDER BY found DESC, value LIMIT {_KEPT}) AS t"
    for rows in _of_columns(query, columns, source, part):
        values = [{"value": row["value"], "count": row["found"]} for row in rows]
        yield json.dumps({"values": values}, ensure_ascii=False) if values else None


def _of_columns(
    query: Query, columns: Sequence[ScannedColumn], source: str, part: str
) -> Iterator[list[dict[str, Any]]]:
    """The rows of a query about each column."""
    for some in (columns[start : start + _COLUMNS] for start in range(0, len(columns), _COLUMNS)):
        texts = [part.format(n=n, rows=f"(SELECT {_text(one)} AS value FROM {source})") for n, one in enumerate(some)]
        found = query(" UNION ALL ".join(texts)).to_pylist()
        for n in range(len(some)):
            yield [row for row in found if row["part"] == n]


def is_hashed(column: ScannedColumn) -> bool:
    """Whether its values have a text that tells them apart on every engine."""
    return column.kind != "other"


def _text(column: ScannedColumn) -> str:
    """A value as a text, by which equal values are equal; each engine would write floats in its own way."""
    if column.kind == "binary":
        return f"hex({column.sql})"
    if column.kind == "timestamp":
        return _FLOAT_TEXT.format(x=f"epoch({column.sql})")
    if column.kind == "float":
        return _FLOAT_TEXT.format(x=f"CAST({column.sql} AS DOUBLE)")
    return f"CAST({column.sql} AS VARCHAR)"
