"""Functions of numbers and bits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from drawloom.sql.translate.expressions import int_value
from drawloom.sql.translate.translator import Call, function_rule, template_rule, unsupported_functions
from drawloom.sql.translate.types import BIGINT, BOOL, DOUBLE, INTEGER, SqlType, common_type, decimal, first_type


def _rounded_type(dtypes: Sequence[SqlType | None]) -> SqlType | None:
    """The type of ceil, floor and trunc."""
    dtype = dtypes[0]
    if dtype is None or not dtype.is_number:
        return None
    return decimal(dtype.size[0], 0) if dtype.name == "decimal" else DOUBLE


template_rule("abs", 1, first_type, "abs(_1)")
template_rule("sign", 1, INTEGER, "CAST(sign(_1) AS INT)", "CAST(sign(_1) AS INTEGER)")
template_rule("pow power", 2, DOUBLE, "pow(_1, _2)")
template_rule("sqrt cbrt exp degrees radians sin cos tan asin acos atan sinh cosh tanh", 1, DOUBLE, "name(_1)")
template_rule("atan2", 2, DOUBLE, "atan2(_1, _2)")
template_rule("pi", 0, DOUBLE, "pi()")
template_rule("random", 0, DOUBLE, "rand()", "random()")
template_rule("isnan", 1, BOOL, "CASE WHEN _1 IS NOT NULL THEN isnan(_1) END", "is_nan(_1)")
template_rule("isinf", 1, BOOL, "abs(_1) = CAST('Infinity' AS DOUBLE)", "is_infinite(_1)")
template_rule("mod", 2, common_type, "_1 % _2")
template_rule("xor", 2, common_type, "_1 ^ _2", "bitwise_xor(_1, _2)")
unsupported_functions("hash", "Write bucket(x, salt, n): it is the same on every engine.")
unsupported_functions("fmod", "Write x - floor(x / y) * y.")
unsupported_functions(
    "uuid gen_random_uuid uuidv4 uuidv7 setseed", "Leave it out: a step gives the same rows each time it runs."
)

_LOG = (
    "CASE WHEN {x} > 0 THEN {log} WHEN {x} = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN {x} <= 0 OR isnan({x})"
    " THEN CAST('NaN' AS DOUBLE) END"
)


@function_rule("ln", "log", "log10", "log2", max_args=2)
def logarithm(call: Call) -> exp.Expr:
    """Spark's logarithm is NULL where DuckDB's is an infinity or NaN."""
    if len(call.args) == 2:
        return call.build(_LOG.format(x="_2", log="log(_1, _2)"), "log(_1, _2)", DOUBLE)
    name = "log10" if call.name == "log" else call.name
    return call.build(_LOG.format(x="_1", log=f"{name}(_1)"), f"{name}(_1)", DOUBLE)


@function_rule("ceil", "ceiling", "floor")
def ceil_floor(call: Call) -> exp.Expr:
    """Spark's ceil gives an integer where DuckDB's gives a DOUBLE."""
    name = "floor" if call.name == "floor" else "ceil"
    dtype = _rounded_type(call.types)
    return call.build(f"CAST({name}(_1) AS DOUBLE)" if dtype == DOUBLE else f"{name}(_1)", f"{name}(_1)", dtype)


@function_rule("trunc")
def truncate(call: Call) -> exp.Expr:
    """Towards zero."""
    return call.build("sign(_1) * floor(abs(_1))", "truncate(_1)", _rounded_type(call.types))


@function_rule("round", "round_even", "roundbankers", max_args=2)
def round_(call: Call) -> exp.Expr:
    """Rounds halves away from zero on every engine; round_even is Spark's bround."""
    dtype = call.types[0]
    if call.name == "round":
        if len(call.args) == 2 and int_value(call.args[1]) is None:
            raise call.unsupported("Write the number of digits as a number.")
        given = "round(_1, _2)" if len(call.args) == 2 else "round(_1)"
        result = decimal(dtype.size[0], 0) if dtype and dtype.name == "decimal" else dtype
        return call.build(_round_as_double(dtype, int_value(call.args[-1])) or given, given, result)
    if len(call.args) == 1 or int_value(call.args[1]) != 0:
        raise call.unsupported("Write round_even(x, 0), or round(x, n).")
    return call.build(
        "bround(CAST(_1 AS DOUBLE), 0)",
        "CASE WHEN abs(CAST(_1 AS DOUBLE)) % 2 = 5e-1 THEN truncate(CAST(_1 AS DOUBLE)) ELSE round(CAST(_1 AS DOUBLE)) END",
        DOUBLE,
    )


def _round_as_double(dtype: SqlType | None, digits: int | None) -> str:
    """Spark rounds the decimal text of a float, where 0.575 is a half; DuckDB and Trino round the float times 100."""
    if digits is None or digits < 1 or dtype is None or dtype.name not in ("double", "float"):
        return ""
    if dtype.name == "float":
        return f"CAST(round(CAST(_1 AS DOUBLE) * 1e{digits}) / 1e{digits} AS FLOAT)"
    return f"round(_1 * 1e{digits}) / 1e{digits}"


@function_rule("greatest", "least", max_args=99)
def greatest_least(call: Call) -> exp.Expr:
    """DuckDB and Spark skip NULLs; Trino's greatest is NULL where one argument is."""
    array_function = "array_max" if call.name == "greatest" else "array_min"
    plain = len(call.args) > 1 and all(_never_null(part) for part in call.args)
    trino = (
        f"{call.name}({call.placeholders})"
        if plain
        else f"{array_function}(filter(ARRAY[{call.placeholders}], v -> v IS NOT NULL))"
    )
    return call.build(
        f"{call.name}({call.placeholders})" if len(call.args) > 1 else "_1", trino, common_type(call.types)
    )


def _never_null(node: exp.Expr) -> bool:
    node = node.unnest()
    return isinstance(node, exp.Literal) or (isinstance(node, exp.Cast) and _never_null(node.this))


@function_rule("bit_count")
def bit_count(call: Call) -> exp.Expr:
    """The bits of a number as wide as DuckDB holds it: a negative INTEGER has 32, not 64."""
    dtype = call.types[0] or BIGINT
    if not dtype.is_int or dtype.name == "hugeint":
        raise call.unsupported("Write bit_count(CAST(x AS BIGINT)).")
    bits = {"tinyint": 8, "smallint": 16, "integer": 32}.get(dtype.name, 64)
    spark = "bit_count(_1)" if bits == 64 else f"bit_count(CAST(_1 AS BIGINT) & {2**bits - 1})"
    return call.build(spark, f"bit_count(_1, {bits})", INTEGER)
