"""Column types of DuckDB, in which all columns are declared, translated to those of Spark and Trino, and back."""

from __future__ import annotations

from functools import lru_cache

from duckdb.sqltypes import DuckDBPyType
from sqlglot import exp

from drawloom.engines.columns import storable_type

_T = exp.DType
_STORED: dict[exp.DType, str] = {  # types that engines do not have -> types that hold the same values
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
    """The type in which an engine stores a DuckDB type.

    >>> engine_type("DECIMAL(38,10)[]", "trino"), engine_type("TIMESTAMP", "trino"), engine_type("UBIGINT", "spark")
    ('ARRAY(DECIMAL(38, 10))', 'TIMESTAMP(6)', 'DECIMAL(20, 0)')
    """
    tree = exp.DataType.build(type_, dialect="duckdb")
    return tree.transform(lambda node: _stored(node, dialect)).sql(dialect)


@lru_cache(maxsize=10_000)
def canonical_type(text: str, dialect: str) -> str:
    """The DuckDB type of an engine's type, as DuckDB writes it; equal types have equal texts.

    >>> canonical_type("array(varchar(3))", "trino"), canonical_type("struct<a:int,b:timestamp_ntz>", "spark")
    ('VARCHAR[]', 'STRUCT("a" INTEGER, "b" TIMESTAMP)')
    """
    if text.lower() in ("void", "unknown", "null"):
        return '"NULL"'
    tree = exp.DataType.build(text, dialect=dialect)
    kind = DuckDBPyType(tree.transform(_plain).sql("duckdb"))
    try:
        return storable_type(kind)
    except ValueError:  # refused later, if it is to be stored
        return str(kind)


def duckdb_type(type_: str) -> DuckDBPyType:
    """The DuckDB type object of a type name."""
    return DuckDBPyType(type_)


def _stored(node: exp.Expression, dialect: str) -> exp.Expression:
    if isinstance(node, exp.Identifier):  # always quoted, so that equal types are equal texts
        return exp.to_identifier(node.name, quoted=True)
    if not isinstance(node, exp.DataType):
        return node
    if dialect == "spark" and node.this == _T.TIMESTAMPTZ:  # in our sessions TIMESTAMP has no time zone
        return exp.DataType(this=_T.TIMESTAMPLTZ)
    if node.this in _STORED:
        return exp.DataType.build(_STORED[node.this], dialect="duckdb")
    if dialect == "trino" and node.this in _MICROSECONDS:  # its default precision is milliseconds
        return exp.DataType(this=node.this, expressions=[exp.DataTypeParam(this=exp.Literal.number(6))])
    return node


def _plain(node: exp.Expression) -> exp.Expression:
    """Without lengths and precisions, which DuckDB does not distinguish."""
    plain = isinstance(node, exp.DataType) and node.this in (*exp.DataType.TEXT_TYPES, *_MICROSECONDS, _T.TIME)
    if not plain:
        return node
    assert isinstance(node, exp.DataType)
    return exp.DataType(this=_T.VARCHAR if node.this in exp.DataType.TEXT_TYPES else node.this)
