"""Functions of numbers and bits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from drawloom.sql.portable.kinds import BIGINT, BOOL, DOUBLE, INTEGER, Kind, common, decimal
from drawloom.sql.portable.nodes import whole
from drawloom.sql.portable.registry import Call, refuses, says, simple


def rounded(kinds: Sequence[Kind | None]) -> Kind | None:
    """The type of ceil, floor and trunc."""
    kind = kinds[0]
    if kind is None or not kind.is_number:
        return None
    return decimal(kind.size[0], 0) if kind.name == "decimal" else DOUBLE


simple("abs", 1, "=1", "abs(_1)")
simple("sign", 1, INTEGER, "CAST(sign(_1) AS INT)", "CAST(sign(_1) AS INTEGER)")
simple("pow power", 2, DOUBLE, "pow(_1, _2)")
simple("sqrt cbrt exp degrees radians sin cos tan asin acos atan sinh cosh tanh", 1, DOUBLE, "name(_1)")
simple("atan2", 2, DOUBLE, "atan2(_1, _2)")
simple("pi", 0, DOUBLE, "pi()")
simple("random", 0, DOUBLE, "rand()", "random()")
simple("isnan", 1, BOOL, "CASE WHEN _1 IS NOT NULL THEN isnan(_1) END", "is_nan(_1)")
simple("isinf", 1, BOOL, "abs(_1) = CAST('Infinity' AS DOUBLE)", "is_infinite(_1)")
simple("mod", 2, "common", "_1 % _2")
simple("xor", 2, "common", "_1 ^ _2", "bitwise_xor(_1, _2)")
refuses("hash", "Write bucket(x, salt, n): it is the same on every engine.")
refuses("fmod", "Write x - floor(x / y) * y.")
refuses("uuid gen_random_uuid uuidv4 uuidv7 setseed", "Leave it out: a step gives the same rows each time it runs.")

_LOG = (
    "CASE WHEN {x} > 0 THEN {log} WHEN {x} = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN {x} <= 0 OR isnan({x})"
    " THEN CAST('NaN' AS DOUBLE) END"
)


@says("ln", "log", "log10", "log2", most=2)
def logarithm(call: Call) -> exp.Expr:
    """Spark's is NULL where DuckDB's is an infinity or NaN."""
    if len(call.parts) == 2:
        return call.say(_LOG.format(x="_2", log="log(_1, _2)"), "log(_1, _2)", DOUBLE)
    name = "log10" if call.name == "log" else call.name
    return call.say(_LOG.format(x="_1", log=f"{name}(_1)"), f"{name}(_1)", DOUBLE)


@says("ceil", "ceiling", "floor")
def ceil_floor(call: Call) -> exp.Expr:
    """Spark's gives whole numbers where DuckDB's gives a DOUBLE."""
    name = "floor" if call.name == "floor" else "ceil"
    kind = rounded(call.kinds)
    return call.say(f"CAST({name}(_1) AS DOUBLE)" if kind == DOUBLE else f"{name}(_1)", f"{name}(_1)", kind)


@says("trunc")
def truncate(call: Call) -> exp.Expr:
    """Towards zero."""
    return call.say("sign(_1) * floor(abs(_1))", "truncate(_1)", rounded(call.kinds))


@says("round", "round_even", "roundbankers", most=2)
def round_(call: Call) -> exp.Expr:
    """Halves go away from zero on every engine; round_even is Spark's bround."""
    kind = call.kinds[0]
    if call.name == "round":
        if len(call.parts) == 2 and whole(call.parts[1]) is None:
            raise call.refuse("Write the number of digits as a number.")
        given = "round(_1, _2)" if len(call.parts) == 2 else "round(_1)"
        result = decimal(kind.size[0], 0) if kind and kind.name == "decimal" else kind
        return call.say(_shifted(kind, whole(call.parts[-1])) or given, given, result)
    if len(call.parts) == 1 or whole(call.parts[1]) != 0:
        raise call.refuse("Write round_even(x, 0), or round(x, n).")
    return call.say(
        "bround(CAST(_1 AS DOUBLE), 0)",
        "CASE WHEN abs(CAST(_1 AS DOUBLE)) % 2 = 5e-1 THEN truncate(CAST(_1 AS DOUBLE)) ELSE round(CAST(_1 AS DOUBLE)) END",
        DOUBLE,
    )


def _shifted(kind: Kind | None, digits: int | None) -> str:
    """Spark rounds the decimal text of a float, where 0.575 is a half; DuckDB and Trino round the float times 100."""
    if digits is None or digits < 1 or kind is None or kind.name not in ("double", "float"):
        return ""
    if kind.name == "float":
        return f"CAST(round(CAST(_1 AS DOUBLE) * 1e{digits}) / 1e{digits} AS FLOAT)"
    return f"round(_1 * 1e{digits}) / 1e{digits}"


@says("greatest", "least", most=99)
def greatest_least(call: Call) -> exp.Expr:
    """DuckDB and Spark pass over NULLs; Trino's greatest is NULL where one of them is."""
    holes = ", ".join(f"_{n + 1}" for n in range(len(call.parts)))
    of = "max" if call.name == "greatest" else "min"
    plain = len(call.parts) > 1 and all(_never_null(part) for part in call.parts)
    trino = f"{call.name}({holes})" if plain else f"array_{of}(filter(ARRAY[{holes}], v -> v IS NOT NULL))"
    return call.say(f"{call.name}({holes})" if len(call.parts) > 1 else "_1", trino, common(call.kinds))


def _never_null(node: exp.Expr) -> bool:
    node = node.unnest()
    return isinstance(node, exp.Literal) or (isinstance(node, exp.Cast) and _never_null(node.this))


@says("bit_count")
def bit_count(call: Call) -> exp.Expr:
    """The bits of a number as wide as DuckDB holds it: a negative INTEGER has 32, not 64."""
    kind = call.kinds[0] or BIGINT
    if not kind.is_int or kind.name == "hugeint":
        raise call.refuse("Write bit_count(CAST(x AS BIGINT)).")
    bits = {"tinyint": 8, "smallint": 16, "integer": 32}.get(kind.name, 64)
    spark = "bit_count(_1)" if bits == 64 else f"bit_count(CAST(_1 AS BIGINT) & {2**bits - 1})"
    return call.say(spark, f"bit_count(_1, {bits})", INTEGER)
