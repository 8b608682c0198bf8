"""Aggregate functions and quantiles; NULLs, empty groups and the order inside are those of DuckDB."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from drawloom.sql.translate.calls import order_key
from drawloom.sql.translate.casts import cast_to, type_text
from drawloom.sql.translate.expressions import (
    AGGREGATES,
    function_call,
    info,
    int_value,
    string_value,
    take_aggregates,
    type_of,
    with_type,
)
from drawloom.sql.translate.scope import Scope
from drawloom.sql.translate.translator import (
    Call,
    Translator,
    function_rule,
    node_rule,
    template_rule,
    unsupported_functions,
)
from drawloom.sql.translate.types import (
    BIGINT,
    BOOL,
    DOUBLE,
    FLOAT,
    HUGEINT,
    INTEGER,
    TEXT,
    TIMESTAMP,
    SqlType,
    decimal,
    first_type,
    list_of,
)

template_rule("approx_count_distinct approx_distinct", 1, BIGINT, "approx_count_distinct(_1)", "approx_distinct(_1)")
template_rule("any_value arbitrary", 1, first_type, "any_value(_1, TRUE)", "any_value(_1)")
template_rule("bool_and", 1, BOOL, "bool_and(_1)")
template_rule("bool_or", 1, BOOL, "bool_or(_1)")
template_rule("bit_and", 1, first_type, "bit_and(_1)", "bitwise_and_agg(_1)")
template_rule("bit_or", 1, first_type, "bit_or(_1)", "bitwise_or_agg(_1)")
template_rule("bit_xor", 1, first_type, "bit_xor(_1)", "bitwise_xor_agg(_1)")
template_rule("var_samp variance", 1, DOUBLE, "var_samp(CAST(_1 AS DOUBLE))")
template_rule("stddev_samp stddev", 1, DOUBLE, "stddev_samp(CAST(_1 AS DOUBLE))")
template_rule("var_pop", 1, DOUBLE, "var_pop(CAST(_1 AS DOUBLE))")
template_rule("stddev_pop", 1, DOUBLE, "stddev_pop(CAST(_1 AS DOUBLE))")
template_rule("covar_samp covar_pop", 2, DOUBLE, "name(CAST(_1 AS DOUBLE), CAST(_2 AS DOUBLE))")
unsupported_functions("mode", "Write arg_max(x, n) over counts: ties are then decided by you.")
unsupported_functions("regr_slope regr_intercept regr_r2 regr_avgx regr_avgy regr_sxx regr_sxy regr_syy",
        "Write it with covar_pop and var_pop: the engines disagree where nothing varies.")  # fmt: skip
unsupported_functions(
    "kurtosis kurtosis_pop mad reservoir_quantile approx_top_k", "Write it with count, sum, quantiles or top_k."
)


@function_rule("count", min_args=0, max_args=1, distinct=True)
def count(call: Call) -> exp.Expr:
    """count(*), count(x), count(DISTINCT x)."""
    if not call.args or isinstance(call.args[0], exp.Star):
        return call.build("count(_1)", "count(_1)", BIGINT, exp.Star())
    return call.build("count(_1)", "count(_1)", BIGINT, _distinct(call, call.args[0]))


def _distinct(call: Call, part: exp.Expr) -> exp.Expr:
    return exp.Distinct(expressions=[part]) if call.distinct else part


@function_rule("sum", distinct=True, ordered=True)
def sum_(call: Call) -> exp.Expr:
    """Whole numbers add up to a BIGINT: more than that fails, where DuckDB has a HUGEINT."""
    dtype = call.types[0]
    if call.order and not call.distinct and dtype in {DOUBLE, FLOAT, None}:
        return _sum_in_order(call)
    part = cast_to(call.translator, call.args[0], BIGINT, call.node) if dtype == BOOL else call.args[0]
    total = None
    if dtype and dtype.is_number:
        total = HUGEINT if dtype.is_int else decimal(38, dtype.size[1]) if dtype.name == "decimal" else DOUBLE
    return call.build("sum(_1)", "sum(_1)", total, _distinct(call, part))


def _sum_in_order(call: Call) -> exp.Expr:
    """Floats add up to other last digits in another order; Spark adds up a sorted list."""
    if not call.is_spark:
        keys = [order_key(call.translator, each, call.scope) for each in call.order]
        return call.build("", "sum(_1)", DOUBLE, exp.Order(this=call.args[0], expressions=keys))
    listed = array_agg(replace(call, args=(cast_to(call.translator, call.args[0], DOUBLE, call.node),)))
    found = call.build("aggregate(_1, CAST(NULL AS DOUBLE), (a, v) -> coalesce(a + v, a, v))", "", DOUBLE, listed)
    info(found).aggregates = [node for node in found.find_all(exp.Anonymous) if node.name in AGGREGATES]
    return found


@function_rule("avg", "mean", distinct=True)
def avg(call: Call) -> exp.Expr:
    """A DOUBLE, of DECIMALs too."""
    dtype = call.types[0]
    if dtype and not dtype.is_number and dtype.name not in {"bool", "null"}:
        raise call.unsupported("Take the mean of epoch(x).")
    part = cast_to(call.translator, call.args[0], DOUBLE, call.node)
    return call.build("avg(_1)", "avg(_1)", DOUBLE, _distinct(call, part))


@function_rule("min", "max", distinct=True)
def min_max(call: Call) -> exp.Expr:
    """The smallest or largest value."""
    dtype = call.types[0]
    if dtype and dtype.name in {"list", "map", "struct"}:
        raise call.unsupported("Write arg_max(x, row(a, b)), or min and max of the fields.")
    return call.build(f"{call.name}(_1)", f"{call.name}(_1)", dtype)


@function_rule("product")
def product(call: Call) -> exp.Expr:
    """The engines have no product()."""
    raise call.unsupported("Write exp(sum(ln(x))) for numbers above 0.")


@function_rule("count_if", "countif")
def count_if(call: Call) -> exp.Expr:
    """DuckDB's is NULL where there is no row at all."""
    text = "sum(CASE WHEN _1 THEN 1 WHEN NOT _1 THEN 0 END)"
    condition = call.args[0]
    if call.types[0] and call.types[0] != BOOL:
        condition = cast_to(call.translator, condition, BOOL, call.node)
    return call.build(text, text, HUGEINT, condition)


@function_rule("corr", min_args=2)
def corr(call: Call) -> exp.Expr:
    """NaN where nothing varies, NULL where there is no pair."""
    x, y = "CAST(_1 AS DOUBLE)", "CAST(_2 AS DOUBLE)"
    pairs = "count(CASE WHEN _1 IS NOT NULL AND _2 IS NOT NULL THEN 1 END)"
    text = f"CASE WHEN {pairs} > 0 THEN coalesce(corr({x}, {y}), CAST('NaN' AS DOUBLE)) END"
    return call.build(text, text, DOUBLE)


@function_rule("skewness")
def skewness(call: Call) -> exp.Expr:
    """The sample skewness, NULL below 3 rows."""
    x = "CAST(_1 AS DOUBLE)"
    spark = f"CASE WHEN count(_1) > 2 THEN skewness({x}) * sqrt(count(_1) * (count(_1) - 1.0)) / (count(_1) - 2) END"
    trino = spark.replace("(count(_1) - 1.0)", "CAST(count(_1) - 1 AS DOUBLE)")
    return call.build(spark, trino, DOUBLE)


@function_rule("arg_max", "arg_min", "argmax", "argmin", "max_by", "min_by", min_args=2)
def arg_max_min(call: Call) -> exp.Expr:
    """The value where another is largest or smallest; rows where either is NULL do not count."""
    largest = "max" in call.name
    name = "max_by" if largest else "min_by"
    key = call.args[1]
    if isinstance(key, exp.Tuple) or info(key).fields is not None:
        return _by_several_keys(call, name, key)
    dtype = call.types[1]
    if dtype and dtype.name in {"list", "map", "struct"}:
        raise call.unsupported("Write the second argument as row(a, b).")
    found = call.build(f"{name}(_1, _2)", f"{name}(_1, _2)", call.types[0])
    return _skip_nulls(found, call.args[0])


def _skip_nulls(found: exp.Expr, value: exp.Expr) -> exp.Expr:
    """Without the rows whose value is NULL; a row() never is."""
    if info(value).fields is not None:
        return found
    dtype = type_of(found)
    filtered = exp.Filter(
        this=found, expression=exp.Where(this=exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())))
    )
    info(filtered).aggregates = take_aggregates(found)
    return with_type(filtered, dtype)


_ZEROS = {
    "text": "''",
    "bool": "FALSE",
    "date": "CAST('1970-01-01' AS DATE)",
    "timestamp": "CAST('1970-01-01 00:00:00' AS {})",
}


def _by_several_keys(call: Call, name: str, key: exp.Expr) -> exp.Expr:
    """arg_max by several keys; NULL is the largest value of each, but Trino cannot compare it."""
    fields = info(key).fields or ()
    if not call.is_spark and not all(_has_zero(type_of(each)) for each in fields):
        return _first_in_order(call, name, fields)
    keys: list[exp.Expr] = []
    for each in fields:
        keys += [call.translator.build("_1 IS NULL", BOOL, each), _null_as_zero(call, each)]
    row = function_call("struct" if call.is_spark else "row", *keys)
    return _skip_nulls(call.build(f"{name}(_1, _2)", f"{name}(_1, _2)", call.types[0], call.args[0], row), call.args[0])


def _null_as_zero(call: Call, part: exp.Expr) -> exp.Expr:
    dtype = type_of(part)
    if call.is_spark or dtype is None:
        return part
    zero = _ZEROS.get(dtype.name, "0").format(type_text(TIMESTAMP, False))
    return call.translator.build(f"coalesce(_1, {zero})", dtype, part)


def _has_zero(dtype: SqlType | None) -> bool:
    return dtype is not None and (dtype.is_number or dtype.name in _ZEROS)


def _first_in_order(call: Call, name: str, fields: tuple[exp.Expr, ...]) -> exp.Expr:
    """The first of all values in the order of the keys: for keys whose types are not known."""
    largest = name == "max_by"
    keys = [exp.Ordered(this=each.copy(), desc=largest, nulls_first=largest) for each in fields]
    listed = exp.Order(this=call.args[0].copy(), expressions=keys)
    found = call.build("", "element_at(array_agg(_1), 1)", call.types[0], listed)
    if info(call.args[0]).fields is not None:
        return found
    for each in info(found).aggregates:
        filtered = _skip_nulls(with_type(each.copy(), None), call.args[0])
        each.replace(filtered)
        info(found).aggregates = [filtered.this]
    return found


@function_rule("array_agg", "list", distinct=True, ordered=True)
def array_agg(call: Call) -> exp.Expr:
    """A list of all values, NULLs too, in the given order; NULL where there is no row."""
    dtype = list_of(call.types[0])
    if not call.is_spark:
        part = _distinct(call, call.args[0])
        if call.order:
            part = exp.Order(
                this=part, expressions=[order_key(call.translator, each, call.scope) for each in call.order]
            )
        return call.build("", "array_agg(_1)", dtype, part)
    if not call.order:
        name = "collect_set" if call.distinct else "collect_list"
        return call.build(f"nullif({name}(struct(_1 AS v)).v, array())", "", dtype)
    return _sort_on_spark(call, dtype)


def _sort_on_spark(call: Call, dtype: SqlType) -> exp.Expr:
    """On Spark the collected values are sorted by each key, with a flag before it that puts NULLs first or last."""
    if call.distinct and (len(call.order) > 1 or call.order[0].this != call.node.expressions[0].this.expressions[0]):
        raise call.unsupported("Order DISTINCT values by themselves.")
    keys = [order_key(call.translator, each, call.scope) for each in call.order]
    names = "".join(f"_{2 * n + 2} AS f{n}, _{2 * n + 3} AS k{n}, " for n in range(len(keys)))
    parts = [call.args[0]]
    steps = []
    for number, key in enumerate(keys):
        null = 0 if key.args["nulls_first"] else 1
        parts += [
            call.translator.build(f"CASE WHEN _1 IS NULL THEN {null} ELSE {1 - null} END", INTEGER, key.this),
            key.this,
        ]
        low, high = (1, -1) if key.args.get("desc") else (-1, 1)
        steps.append(
            f"WHEN l.f{number} < r.f{number} THEN -1 WHEN l.f{number} > r.f{number} THEN 1"
            f" WHEN l.k{number} < r.k{number} THEN {low} WHEN l.k{number} > r.k{number} THEN {high}"
        )
    name = "collect_set" if call.distinct else "collect_list"
    text = f"nullif(array_sort({name}(struct({names}_1 AS v)), (l, r) -> CASE {' '.join(steps)} ELSE 0 END).v, array())"
    return call.build(text, "", dtype, *parts)


@function_rule("first", "last", ordered=True)
def first_last(call: Call) -> exp.Expr:
    """The first or last value in an order."""
    if not call.order:
        raise call.unsupported("Write first(x ORDER BY y), or any_value(x).")
    found = array_agg(call)
    at = 1 if call.name == "first" else -1
    aggregates = take_aggregates(found)
    got = exp.Anonymous(
        this="try_element_at" if call.is_spark else "element_at",
        expressions=[found, exp.Literal.number(at) if at > 0 else exp.Neg(this=exp.Literal.number(1))],
    )
    info(got).aggregates = aggregates
    return with_type(got, call.types[0])


@function_rule("string_agg", "listagg", "group_concat", max_args=2, distinct=True, ordered=True)
def string_agg(call: Call) -> exp.Expr:
    """Texts joined by a separator; NULLs are skipped."""
    separator = call.args[1] if len(call.args) == 2 else exp.Literal.string(",")
    if string_value(separator) is None:
        raise call.unsupported("Write the separator as a text.")
    if (
        call.distinct
        and call.order
        and (len(call.order) > 1 or call.order[0].this != call.node.expressions[0].find(exp.Distinct).expressions[0])
    ):
        raise call.unsupported("Order DISTINCT texts by themselves.")
    part = cast_to(call.translator, call.args[0], TEXT, call.node)
    if call.is_spark and call.distinct:
        is_ascending = not (call.order and call.order[0].args.get("desc"))
        text = f"CASE WHEN count(_1) > 0 THEN array_join(sort_array(collect_set(_1), {is_ascending}), _2) END"
        return call.build(text, "", TEXT, part, separator)
    found = call.build("listagg(_1, _2)", "listagg(_1, _2)", TEXT, _distinct(call, part), separator)
    aggregates = take_aggregates(found)
    keys = [order_key(call.translator, each, call.scope) for each in call.order] or [
        exp.Ordered(this=part.copy(), nulls_first=False)
    ]
    grouped = exp.WithinGroup(this=found, expression=exp.Order(expressions=keys))
    info(grouped).aggregates = aggregates
    return with_type(grouped, TEXT)


@function_rule("grouping", "grouping_id", max_args=32)
def grouping(call: Call) -> exp.Expr:
    """A bit for each column that is not grouped by, the highest one for the first column."""
    count = len(call.args)
    bits = [
        f"grouping(_{n + 1})" if n == count - 1 else f"grouping(_{n + 1}) * {2 ** (count - 1 - n)}"
        for n in range(count)
    ]
    return call.build(" + ".join(bits), f"grouping({call.placeholders})", BIGINT)


@function_rule("histogram")
def histogram(call: Call) -> exp.Expr:
    """How often each value occurs, as a map."""
    dtype = SqlType("map", (call.types[0] or SqlType("unknown"), BIGINT))
    spark = (
        "CASE WHEN count(_1) > 0 THEN map_from_entries(transform(array_distinct(collect_list(_1)),"
        " v -> struct(v, CAST(size(filter(collect_list(_1), w -> w = v)) AS BIGINT)))) END"
    )
    return call.build(spark, "histogram(_1)", dtype)


@function_rule("top_k", min_args=2)
def top_k(call: Call) -> exp.Expr:
    """The most frequent values; on Spark each is counted in the collected list."""
    if int_value(call.args[1]) is None:
        raise call.unsupported("Write how many as a number.")
    spark = (
        "nullif(transform(slice(array_sort(transform(array_distinct(collect_list(_1)), v ->"
        " struct(- size(filter(collect_list(_1), w -> w = v)) AS n, v AS v))), 1, _2), e -> e.v), array())"
    )
    trino = (
        "transform(slice(array_sort(map_entries(histogram(_1)), (l, r) -> CASE WHEN l[2] > r[2] THEN -1 WHEN l[2] < r[2]"
        " THEN 1 WHEN l[1] < r[1] THEN -1 WHEN l[1] > r[1] THEN 1 ELSE 0 END), 1, _2), e -> e[1])"
    )
    return call.build(spark, trino, list_of(call.types[0]))


@function_rule("entropy")
def entropy(call: Call) -> exp.Expr:
    """The engines have no entropy of a column."""
    raise call.unsupported("Count the values in a query of its own, and write -sum(n / total * log2(n / total)).")


# NULLs are filtered from the list: an OVER may follow the aggregate, and Trino has no FILTER before OVER.
_SORTED_VALUES = "array_sort(nullif(filter(array_agg(_1), e -> e IS NOT NULL), ARRAY[]))"
_LOWER_INDEX = "CAST(floor((cardinality(a) - 1) * {q}) AS BIGINT) + 1"
_INTERPOLATED = (
    "element_at(a, {at}) + coalesce(element_at(a, {at} + 1) - element_at(a, {at}), 0e0)"
    " * ((cardinality(a) - 1) * {q} - floor((cardinality(a) - 1) * {q}))"
)
_NEAREST = "element_at(a, greatest(CAST(ceil(cardinality(a) * {q}) AS BIGINT), 1))"


@function_rule("quantile_cont", min_args=2)
def quantile_cont(call: Call) -> exp.Expr:
    """Between the two nearest values, as a DOUBLE."""
    return _continuous_quantile(call, call.args[0], call.node.expressions[1])


@function_rule("median")
def median(call: Call) -> exp.Expr:
    """The value in the middle."""
    return _continuous_quantile(call, call.args[0], with_type(exp.Literal.number("0.5"), None))


@function_rule("quantile_disc", "quantile", min_args=2)
def quantile_disc(call: Call) -> exp.Expr:
    """One of the values: the first one that is greater than or equal to this share of them."""
    return _discrete_quantile(call, call.args[0], call.node.expressions[1])


def _discrete_quantile(call: Call, value: exp.Expr, quantile: exp.Expr) -> exp.Expr:
    """One of the values, or a list of them for a list of quantiles."""
    quantiles, one = _quantiles(call, quantile), not isinstance(quantile.unnest(), exp.Array)
    dtype = type_of(value)
    if call.is_spark:
        lists = "array_sort(collect_list(_1))"
        each = [
            f"try_element_at({lists}, CAST(greatest(ceil(size({lists}) * {quantile}), 1) AS INT))"
            for quantile in quantiles
        ]
        text = each[0] if one else f"CASE WHEN count(_1) > 0 THEN array({', '.join(each)}) END"
        return call.build(text, "", dtype if one else list_of(dtype), value)
    return _quantile_on_trino(call, value, _NEAREST, quantiles, one)


def _continuous_quantile(call: Call, value: exp.Expr, quantile: exp.Expr) -> exp.Expr:
    """An interpolated quantile, or a list of them."""
    dtype = type_of(value)
    if dtype and not dtype.is_number:
        raise call.unsupported("Write quantile_disc(x, 0.5), which takes values of any type.")
    quantiles, one = _quantiles(call, quantile), not isinstance(quantile.unnest(), exp.Array)
    value = cast_to(call.translator, value, DOUBLE, call.node)
    if call.is_spark:
        given = quantiles[0] if one else f"array({', '.join(quantiles)})"
        return call.build(f"percentile(_1, {given})", "", DOUBLE if one else list_of(DOUBLE), value)
    return _quantile_on_trino(call, value, _INTERPOLATED, quantiles, one)


def _quantile_on_trino(call: Call, value: exp.Expr, text: str, quantiles: list[str], one: bool) -> exp.Expr:
    each = [text.format(at=_LOWER_INDEX.format(q=quantile), q=quantile) for quantile in quantiles]
    picked = each[0] if one else f"CASE WHEN a IS NOT NULL THEN ARRAY[{', '.join(each)}] END"
    dtype = type_of(value)
    return call.build(
        "", f"element_at(transform(ARRAY[{_SORTED_VALUES}], a -> {picked}), 1)", dtype if one else list_of(dtype), value
    )


def _quantiles(call: Call, quantile: exp.Expr) -> list[str]:
    """The quantiles as numbers, which must be literals."""
    quantile = quantile.unnest()
    given = quantile.expressions if isinstance(quantile, exp.Array) else [quantile]
    found = [
        each.unnest().name for each in given if isinstance(each.unnest(), exp.Literal) and not each.unnest().is_string
    ]
    if len(found) != len(given) or not found or not all(0 <= float(each) <= 1 for each in found):
        raise call.unsupported("Write the quantiles as numbers from 0 to 1.")
    return [f"{float(each)!r}" if "e" in repr(float(each)) else f"{float(each)!r}e0" for each in found]


@node_rule(exp.WithinGroup)
def within_group(translator: Translator, node: exp.Expr, scope: Scope) -> exp.Expr:
    """percentile_cont(0.5) WITHIN GROUP (ORDER BY x)."""
    name, keys = node.this.name.lower(), node.expression.expressions
    if name not in {"percentile_cont", "percentile_disc"} or len(keys) != 1 or len(node.this.expressions) != 1:
        raise translator.unsupported(node, "Write quantile_cont(x, 0.5) or quantile_disc(x, 0.5).")
    if keys[0].args.get("desc"):
        raise translator.unsupported(node, "Order upwards, and write 1 - q for q.")
    value = translator.translate(keys[0].this, scope)
    call = Call(name, node, (value,), translator, scope)
    return (_continuous_quantile if name == "percentile_cont" else _discrete_quantile)(
        call, value, node.this.expressions[0]
    )


@function_rule("approx_quantile", min_args=2)
def approx_quantile(call: Call) -> exp.Expr:
    """An approximate quantile of numbers, or a list of them; the last digits differ between engines."""
    given = call.node.expressions[1]
    quantiles, one = _quantiles(call, given), not isinstance(given.unnest(), exp.Array)
    dtype = call.types[0]
    listed = ", ".join(quantiles)
    spark, trino = (listed, listed) if one else (f"array({listed})", f"ARRAY[{listed}]")
    return call.build(
        f"percentile_approx(_1, {spark})",
        f"approx_percentile(_1, {trino})",
        dtype if one else list_of(dtype),
        call.args[0],
    )
