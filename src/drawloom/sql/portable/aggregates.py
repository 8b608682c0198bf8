"""Aggregates. NULLs, empty groups and the order inside are DuckDB's."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.casts import cast_to, type_text
from drawloom.sql.portable.kinds import BIGINT, BOOL, DOUBLE, HUGEINT, INTEGER, TEXT, TIMESTAMP, Kind, decimal, list_of
from drawloom.sql.portable.nodes import call as plain_call
from drawloom.sql.portable.nodes import kind_of, made, notes, taken, text_of, typed, whole
from drawloom.sql.portable.registry import Call, refuses, says, simple
from drawloom.sql.portable.windows import ordered

simple("approx_count_distinct approx_distinct", 1, BIGINT, "approx_count_distinct(_1)", "approx_distinct(_1)")
simple("any_value arbitrary", 1, "=1", "any_value(_1, TRUE)", "any_value(_1)")
simple("bool_and", 1, BOOL, "bool_and(_1)")
simple("bool_or", 1, BOOL, "bool_or(_1)")
simple("bit_and", 1, "=1", "bit_and(_1)", "bitwise_and_agg(_1)")
simple("bit_or", 1, "=1", "bit_or(_1)", "bitwise_or_agg(_1)")
simple("bit_xor", 1, "=1", "bit_xor(_1)", "bitwise_xor_agg(_1)")
simple("var_samp variance", 1, DOUBLE, "var_samp(CAST(_1 AS DOUBLE))")
simple("stddev_samp stddev", 1, DOUBLE, "stddev_samp(CAST(_1 AS DOUBLE))")
simple("var_pop", 1, DOUBLE, "var_pop(CAST(_1 AS DOUBLE))")
simple("stddev_pop", 1, DOUBLE, "stddev_pop(CAST(_1 AS DOUBLE))")
simple("covar_samp covar_pop", 2, DOUBLE, "name(CAST(_1 AS DOUBLE), CAST(_2 AS DOUBLE))")
refuses("mode", "Write arg_max(x, n) over counts: ties are then decided by you.")
refuses("regr_slope regr_intercept regr_r2 regr_avgx regr_avgy regr_sxx regr_sxy regr_syy",
        "Write it with covar_pop and var_pop: the engines disagree where nothing varies.")  # fmt: skip
refuses("kurtosis kurtosis_pop mad reservoir_quantile approx_top_k", "Write it with count, sum, quantiles or top_k.")


@says("count", least=0, most=1, distinct=True)
def count(call: Call) -> exp.Expr:
    """count(*), count(x), count(DISTINCT x)."""
    if not call.parts or isinstance(call.parts[0], exp.Star):
        return call.say("count(_1)", "count(_1)", BIGINT, exp.Star())
    return call.say("count(_1)", "count(_1)", BIGINT, _distinct(call, call.parts[0]))


def _distinct(call: Call, part: exp.Expr) -> exp.Expr:
    return exp.Distinct(expressions=[part]) if call.distinct else part


@says("sum", distinct=True)
def sum_(call: Call) -> exp.Expr:
    """Whole numbers add up to a BIGINT: more than that fails, where DuckDB has a HUGEINT."""
    kind = call.kinds[0]
    part = cast_to(call.speaker, call.parts[0], BIGINT, call.node) if kind == BOOL else call.parts[0]
    total = None
    if kind and kind.is_number:
        total = HUGEINT if kind.is_int else decimal(38, kind.size[1]) if kind.name == "decimal" else DOUBLE
    return call.say("sum(_1)", "sum(_1)", total, _distinct(call, part))


@says("avg", "mean", distinct=True)
def avg(call: Call) -> exp.Expr:
    """A DOUBLE, of DECIMALs too."""
    kind = call.kinds[0]
    if kind and not kind.is_number and kind.name not in {"bool", "null"}:
        raise call.refuse("Take the mean of epoch(x).")
    part = cast_to(call.speaker, call.parts[0], DOUBLE, call.node)
    return call.say("avg(_1)", "avg(_1)", DOUBLE, _distinct(call, part))


@says("min", "max", distinct=True)
def min_max(call: Call) -> exp.Expr:
    """The smallest or largest value."""
    kind = call.kinds[0]
    if kind and kind.name in {"list", "map", "struct"}:
        raise call.refuse("Write arg_max(x, row(a, b)), or min and max of the fields.")
    return call.say(f"{call.name}(_1)", f"{call.name}(_1)", kind)


@says("product")
def product(call: Call) -> exp.Expr:
    """A DOUBLE."""
    raise call.refuse("Write exp(sum(ln(x))) for numbers above 0.")


@says("count_if", "countif")
def count_if(call: Call) -> exp.Expr:
    """DuckDB's is NULL where there is no row at all."""
    text = "sum(CASE WHEN _1 THEN 1 WHEN NOT _1 THEN 0 END)"
    return call.say(
        text,
        text,
        HUGEINT,
        cast_to(call.speaker, call.parts[0], BOOL, call.node)
        if call.kinds[0] != BOOL and call.kinds[0]
        else call.parts[0],
    )


@says("corr", least=2)
def corr(call: Call) -> exp.Expr:
    """NaN where nothing varies, NULL where there is no pair."""
    x, y = "CAST(_1 AS DOUBLE)", "CAST(_2 AS DOUBLE)"
    pairs = "count(CASE WHEN _1 IS NOT NULL AND _2 IS NOT NULL THEN 1 END)"
    text = f"CASE WHEN {pairs} > 0 THEN coalesce(corr({x}, {y}), CAST('NaN' AS DOUBLE)) END"
    return call.say(text, text, DOUBLE)


@says("skewness")
def skewness(call: Call) -> exp.Expr:
    """The sample skewness, NULL below 3 rows."""
    x = "CAST(_1 AS DOUBLE)"
    spark = f"CASE WHEN count(_1) > 2 THEN skewness({x}) * sqrt(count(_1) * (count(_1) - 1.0)) / (count(_1) - 2) END"
    trino = spark.replace("(count(_1) - 1.0)", "CAST(count(_1) - 1 AS DOUBLE)")
    return call.say(spark, trino, DOUBLE)


@says("arg_max", "arg_min", "argmax", "argmin", "max_by", "min_by", least=2)
def arg_extreme(call: Call) -> exp.Expr:
    """The value where another is largest or smallest; rows where either is NULL do not count."""
    largest = "max" in call.name
    name = "max_by" if largest else "min_by"
    key = call.parts[1]
    if isinstance(key, exp.Tuple) or notes(key).fields is not None:
        return _by_row(call, name, key)
    kind = call.kinds[1]
    if kind and kind.name in {"list", "map", "struct"}:
        raise call.refuse("Write the second argument as row(a, b).")
    found = call.say(f"{name}(_1, _2)", f"{name}(_1, _2)", call.kinds[0])
    return _where_given(found, call.parts[0])


def _where_given(found: exp.Expr, value: exp.Expr) -> exp.Expr:
    """Only the rows whose value is not NULL; a row() never is."""
    if notes(value).fields is not None:
        return found
    kind = kind_of(found)
    wrapped = exp.Filter(
        this=found, expression=exp.Where(this=exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())))
    )
    notes(wrapped).aggregates = taken(found)
    return typed(wrapped, kind)


_ZERO = {
    "text": "''",
    "bool": "FALSE",
    "date": "CAST('1970-01-01' AS DATE)",
    "timestamp": "CAST('1970-01-01 00:00:00' AS {})",
}


def _by_row(call: Call, name: str, key: exp.Expr) -> exp.Expr:
    """By several keys; NULL is the largest of each, and Trino cannot compare it."""
    fields = notes(key).fields or ()
    if not call.spark and not all(_has_zero(kind_of(each)) for each in fields):
        return _first_by(call, name, fields)
    keys: list[exp.Expr] = []
    for each in fields:
        keys += [made(call.speaker.family, "_1 IS NULL", BOOL, each), _without_null(call, each)]
    row = plain_call("struct" if call.spark else "row", *keys)
    return _where_given(
        call.say(f"{name}(_1, _2)", f"{name}(_1, _2)", call.kinds[0], call.parts[0], row), call.parts[0]
    )


def _without_null(call: Call, part: exp.Expr) -> exp.Expr:
    kind = kind_of(part)
    if call.spark or kind is None:
        return part
    zero = _ZERO.get(kind.name, "0").format(type_text(TIMESTAMP, False))
    return made("trino", f"coalesce(_1, {zero})", kind, part)


def _has_zero(kind: Kind | None) -> bool:
    return kind is not None and (kind.is_number or kind.name in _ZERO)


def _first_by(call: Call, name: str, fields: tuple[exp.Expr, ...]) -> exp.Expr:
    """The first of all values in their order: for keys whose types are not known."""
    largest = name == "max_by"
    keys = [exp.Ordered(this=each.copy(), desc=largest, nulls_first=largest) for each in fields]
    listed = exp.Order(this=call.parts[0].copy(), expressions=keys)
    found = call.say("", "element_at(array_agg(_1), 1)", call.kinds[0], listed)
    if notes(call.parts[0]).fields is not None:
        return found
    for each in notes(found).aggregates:
        wrapped = _where_given(typed(each.copy(), None), call.parts[0])
        each.replace(wrapped)
        notes(found).aggregates = [wrapped.this]
    return found


@says("array_agg", "list", distinct=True, ordered=True)
def array_agg(call: Call) -> exp.Expr:
    """A list of all values, NULLs too, in the order that is asked for; NULL where there is no row."""
    kind = list_of(call.kinds[0])
    if not call.spark:
        part = _distinct(call, call.parts[0])
        if call.order:
            part = exp.Order(this=part, expressions=[ordered(call.speaker, each, call.scope) for each in call.order])
        return call.say("", "array_agg(_1)", kind, part)
    if not call.order:
        name = "collect_set" if call.distinct else "collect_list"
        return call.say(f"nullif({name}(struct(_1 AS v)).v, array())", "", kind)
    return _sorted(call, kind)


def _sorted(call: Call, kind: Kind) -> exp.Expr:
    """Spark sorts what it has collected: by each key, with a flag before it that puts NULLs where they belong."""
    if call.distinct and (len(call.order) > 1 or call.order[0].this != call.node.expressions[0].this.expressions[0]):
        raise call.refuse("Order DISTINCT values by themselves.")
    keys = [ordered(call.speaker, each, call.scope) for each in call.order]
    names = "".join(f"_{2 * n + 2} AS f{n}, _{2 * n + 3} AS k{n}, " for n in range(len(keys)))
    parts = [call.parts[0]]
    steps = []
    for number, key in enumerate(keys):
        parts += [
            made(
                "spark",
                f"CASE WHEN _1 IS NULL THEN {0 if key.args['nulls_first'] else 1} ELSE {1 if key.args['nulls_first'] else 0} END",
                INTEGER,
                key.this,
            ),
            key.this,
        ]
        low, high = (1, -1) if key.args.get("desc") else (-1, 1)
        steps.append(
            f"WHEN l.f{number} < r.f{number} THEN -1 WHEN l.f{number} > r.f{number} THEN 1 WHEN l.k{number} < r.k{number} THEN {low} WHEN l.k{number} > r.k{number} THEN {high}"
        )
    name = "collect_set" if call.distinct else "collect_list"
    text = f"nullif(array_sort({name}(struct({names}_1 AS v)), (l, r) -> CASE {' '.join(steps)} ELSE 0 END).v, array())"
    return call.say(text, "", kind, *parts)


@says("first", "last", ordered=True)
def first_last(call: Call) -> exp.Expr:
    """The first or last value in an order."""
    if not call.order:
        raise call.refuse("Write first(x ORDER BY y), or any_value(x).")
    found = array_agg(call)
    at = 1 if call.name == "first" else -1
    aggregates = taken(found)
    got = exp.Anonymous(
        this="try_element_at" if call.spark else "element_at",
        expressions=[found, exp.Literal.number(at) if at > 0 else exp.Neg(this=exp.Literal.number(1))],
    )
    notes(got).aggregates = aggregates
    return typed(got, call.kinds[0])


@says("string_agg", "listagg", "group_concat", most=2, distinct=True, ordered=True)
def string_agg(call: Call) -> exp.Expr:
    """Texts with something between them; NULLs are passed over."""
    between = call.parts[1] if len(call.parts) == 2 else exp.Literal.string(",")
    if text_of(between) is None:
        raise call.refuse("Write what stands between the texts as a text.")
    if (
        call.distinct
        and call.order
        and (len(call.order) > 1 or call.order[0].this != call.node.expressions[0].find(exp.Distinct).expressions[0])
    ):
        raise call.refuse("Order DISTINCT texts by themselves.")
    part = cast_to(call.speaker, call.parts[0], TEXT, call.node)
    if call.spark and call.distinct:
        up = not (call.order and call.order[0].args.get("desc"))
        text = f"CASE WHEN count(_1) > 0 THEN array_join(sort_array(collect_set(_1), {up}), _2) END"
        return call.say(text, "", TEXT, part, between)
    found = call.say("listagg(_1, _2)", "listagg(_1, _2)", TEXT, _distinct(call, part), between)
    aggregates = taken(found)
    keys = [ordered(call.speaker, each, call.scope) for each in call.order] or [
        exp.Ordered(this=part.copy(), nulls_first=False)
    ]
    grouped = exp.WithinGroup(this=found, expression=exp.Order(expressions=keys))
    notes(grouped).aggregates = aggregates
    return typed(grouped, TEXT)


@says("grouping", "grouping_id", most=32)
def grouping(call: Call) -> exp.Expr:
    """A bit for each column that is not grouped by, the first one's the highest."""
    many = len(call.parts)
    bits = [
        f"grouping(_{n + 1})" if n == many - 1 else f"grouping(_{n + 1}) * {2 ** (many - 1 - n)}" for n in range(many)
    ]
    return call.say(" + ".join(bits), f"grouping({', '.join(f'_{n + 1}' for n in range(many))})", BIGINT)


@says("histogram")
def histogram(call: Call) -> exp.Expr:
    """How often each value occurs, as a map."""
    kind = Kind("map", (call.kinds[0] or Kind("unknown"), BIGINT))
    spark = (
        "CASE WHEN count(_1) > 0 THEN map_from_entries(transform(array_distinct(collect_list(_1)),"
        " v -> struct(v, CAST(size(filter(collect_list(_1), w -> w = v)) AS BIGINT)))) END"
    )
    return call.say(spark, "histogram(_1)", kind)


@says("top_k", least=2)
def top_k(call: Call) -> exp.Expr:
    """The most frequent values; Spark counts each of them in what it has collected."""
    if whole(call.parts[1]) is None:
        raise call.refuse("Write how many as a number.")
    spark = (
        "nullif(transform(slice(array_sort(transform(array_distinct(collect_list(_1)), v ->"
        " struct(- size(filter(collect_list(_1), w -> w = v)) AS n, v AS v))), 1, _2), e -> e.v), array())"
    )
    trino = (
        "transform(slice(array_sort(map_entries(histogram(_1)), (l, r) -> CASE WHEN l[2] > r[2] THEN -1 WHEN l[2] < r[2]"
        " THEN 1 WHEN l[1] < r[1] THEN -1 WHEN l[1] > r[1] THEN 1 ELSE 0 END), 1, _2), e -> e[1])"
    )
    return call.say(spark, trino, list_of(call.kinds[0]))


@says("entropy")
def entropy(call: Call) -> exp.Expr:
    """In bits, of how often each value occurs."""
    raise call.refuse("Count the values in a query of its own, and write -sum(n / total * log2(n / total)).")
