"""Types: columns are known by DuckDB's names everywhere; here they become those of Spark and Trino, and back."""

from __future__ import annotations

from functools import lru_cache

from duckdb.sqltypes import DuckDBPyType
from sqlglot import exp

from drawloom.engines.columns import storable

_T = exp.DType
_STORED: dict[exp.DType, str] = {  # what an engine does not have is kept in what has the same values
    _T.UTINYINT: "SMALLINT",
    _T.USMALLINT: "INT",
    _T.UINT: "BIGINT",
    _T.UBIGINT: "DECIMAL(20, 0)",
    _T.INT128: "DECIMAL(38, 0)",
    _T.UINT128: "DECIMAL(38, 0)",
    _T.UUID: "VARCHAR",
    _T.JSON: "VARCHAR",
    _T.TIME: "VARCHAR",
    _T.ENUM: "VARCHAR",
}
_MICROSECONDS = (_T.TIMESTAMP, _T.TIMESTAMPTZ, _T.TIMESTAMPNTZ)


@lru_cache(maxsize=10_000)
def engine_type(type_: str, dialect: str) -> str:
    """A type of DuckDB as the engine stores it.

    >>> engine_type("DECIMAL(38,10)[]", "trino"), engine_type("TIMESTAMP", "trino"), engine_type("UBIGINT", "spark")
    ('ARRAY(DECIMAL(38, 10))', 'TIMESTAMP(6)', 'DECIMAL(20, 0)')
    """
    tree = exp.DataType.build(type_, dialect="duckdb")
    return tree.transform(lambda node: _stored(node, dialect)).sql(dialect)


@lru_cache(maxsize=10_000)
def house_type(text: str, dialect: str) -> str:
    """A type of the engine as DuckDB spells it where it stores it: one type has one text, whoever wrote it.

    >>> house_type("array(varchar(3))", "trino"), house_type("struct<a:int,b:timestamp_ntz>", "spark")
    ('VARCHAR[]', 'STRUCT("a" INTEGER, "b" TIMESTAMP)')
    """
    if text.lower() in ("void", "unknown", "null"):
        return '"NULL"'
    tree = exp.DataType.build(text, dialect=dialect)
    kind = DuckDBPyType(tree.transform(_plain).sql("duckdb"))
    try:
        return storable(kind)
    except ValueError:  # whoever wants to store it is told so
        return str(kind)


def house_kind(type_: str) -> DuckDBPyType:
    """DuckDB's own object for one of its types."""
    return DuckDBPyType(type_)


def _stored(node: exp.Expression, dialect: str) -> exp.Expression:
    if isinstance(node, exp.Identifier):  # always quoted, so that equal types are equal texts
        return exp.to_identifier(node.name, quoted=True)
    if not isinstance(node, exp.DataType):
        return node
    if dialect == "spark" and node.this == _T.TIMESTAMPTZ:  # TIMESTAMP has no zone in our sessions
        return exp.DataType(this=_T.TIMESTAMPLTZ)
    if node.this in _STORED:
        return exp.DataType.build(_STORED[node.this], dialect="duckdb")
    if dialect == "trino" and node.this in _MICROSECONDS:  # without a number it would keep milliseconds only
        return exp.DataType(this=node.this, expressions=[exp.DataTypeParam(this=exp.Literal.number(6))])
    return node


def _plain(node: exp.Expression) -> exp.Expression:
    """Without lengths and precisions that DuckDB does not tell apart."""
    plain = isinstance(node, exp.DataType) and node.this in (*exp.DataType.TEXT_TYPES, *_MICROSECONDS, _T.TIME)
    if not plain:
        return node
    assert isinstance(node, exp.DataType)
    return exp.DataType(this=_T.VARCHAR if node.this in exp.DataType.TEXT_TYPES else node.this)
