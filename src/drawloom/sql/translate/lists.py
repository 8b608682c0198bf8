"""Functions of lists, and series of numbers and days."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.translate.casts import cast_to, type_text
from drawloom.sql.translate.expressions import info, int_value, type_of
from drawloom.sql.translate.translator import Call, function_rule, template_rule, unsupported_functions
from drawloom.sql.translate.types import (
    BIGINT,
    BOOL,
    DATE,
    DOUBLE,
    HUGEINT,
    INTEGER,
    TEXT,
    TIMESTAMP,
    SqlType,
    decimal,
    element_type,
    first_element_type,
    first_type,
    list_of,
)

_SIZE = "CASE WHEN _1 IS NOT NULL THEN size(_1) END"

template_rule("list_len array_length", 1, BIGINT, _SIZE, "cardinality(_1)")
template_rule("list_filter array_filter filter", 2, first_type, "filter(_1, _2)")
template_rule("list_distinct array_distinct", 1, first_type, "array_distinct(filter(_1, v -> v IS NOT NULL))")
template_rule("list_has_any array_has_any", 2, BOOL, "size(array_intersect(filter(_1, v -> v IS NOT NULL), _2)) > 0",
       "cardinality(array_intersect(filter(_1, v -> v IS NOT NULL), _2)) > 0")  # fmt: skip
template_rule("list_has_all array_has_all", 2, BOOL, "size(array_except(filter(_2, v -> v IS NOT NULL), _1)) = 0",
       "cardinality(array_except(filter(_2, v -> v IS NOT NULL), _1)) = 0")  # fmt: skip
template_rule("list_max", 1, first_element_type, "array_max(_1)", "array_max(filter(_1, v -> v IS NOT NULL))")
template_rule("list_min", 1, first_element_type, "array_min(_1)", "array_min(filter(_1, v -> v IS NOT NULL))")
template_rule("list_reverse array_reverse", 1, first_type, "reverse(_1)")
template_rule("flatten", 1, first_element_type, "flatten(filter(_1, v -> v IS NOT NULL))")
template_rule("list_unique array_unique", 1, BIGINT, "size(array_distinct(filter(_1, v -> v IS NOT NULL)))",
       "cardinality(array_distinct(filter(_1, v -> v IS NOT NULL)))")  # fmt: skip
unsupported_functions("list_intersect array_intersect", "Write list_filter(a, lambda x: list_contains(b, x)).")
unsupported_functions("list_aggregate array_aggregate list_aggr", "Write list_sum, list_min, list_max or list_avg.")
unsupported_functions("list_reduce array_reduce reduce", "Write list_sum, or unnest the list and aggregate.")


@function_rule("list_contains", "list_has", "array_contains", "array_has", min_args=2)
def list_contains(call: Call) -> exp.Expr:
    """FALSE where the value is not in the list, even beside NULLs; NULL where the list or the value is NULL."""
    given = "filter(_1, v -> v IS NOT NULL), _2"
    return call.build(f"array_contains({given})", f"contains({given})", BOOL)


@function_rule("list_transform", "list_apply", "array_transform", "array_apply", "apply", min_args=2)
def list_transform(call: Call) -> exp.Expr:
    """A function applied to each element."""
    return call.build("transform(_1, _2)", "transform(_1, _2)", list_of(type_of(call.args[1])))


@function_rule("list_concat", "list_cat", "array_concat", "array_cat", min_args=2, max_args=99)
def list_concat(call: Call) -> exp.Expr:
    """a || b; list_concat itself is refused, since it takes NULL for an empty list."""
    dtype = next((dtype for dtype in call.types if dtype and dtype.name == "list"), None)
    if isinstance(call.node, exp.DPipe):
        return call.build(f"concat({call.placeholders})", f"concat({call.placeholders})", dtype)
    raise call.unsupported("Write a || b, which is NULL where one of them is.")


@function_rule("list_append", "array_append", "array_push_back", min_args=2)
def list_append(call: Call) -> exp.Expr:
    """The list with one element more at its end."""
    text = "concat(coalesce(_1, array()), array(_2))", "coalesce(_1, ARRAY[]) || ARRAY[_2]"
    return call.build(*text, call.types[0])


@function_rule("list_prepend", "array_prepend", min_args=2)
def list_prepend(call: Call) -> exp.Expr:
    """The list with one element more at its beginning."""
    return call.build("concat(array(_1), coalesce(_2, array()))", "ARRAY[_1] || coalesce(_2, ARRAY[])", call.types[1])


@function_rule("list_sum")
def list_sum(call: Call) -> exp.Expr:
    """The sum of the elements that are not NULL; NULL where there are none."""
    return _sum_elements(call, call.types[0])


@function_rule("list_avg")
def list_avg(call: Call) -> exp.Expr:
    """The mean of the elements that are not NULL."""
    return _sum_elements(call, list_of(DOUBLE), " / size(v)", " / cardinality(v)")


def _sum_elements(call: Call, dtype: SqlType | None, spark_divisor: str = "", trino_divisor: str = "") -> exp.Expr:
    element = element_type(dtype)
    if element is None:
        raise call.unsupported(
            "Write list_sum(CAST(x AS BIGINT[])) or list_sum(CAST(x AS DOUBLE[])): the sum needs the type."
        )
    if not element.is_number:
        raise call.unsupported("Sum numbers.")
    total = DOUBLE if element.is_float else decimal(38, element.size[1]) if element.name == "decimal" else HUGEINT
    name = type_text(BIGINT if total == HUGEINT else total, call.is_spark)
    spark = f"aggregate(v, CAST(0 AS {name}), (s, x) -> CAST(s + x AS {name})){spark_divisor}"
    trino = f"reduce(v, CAST(0 AS {name}), (s, x) -> CAST(s + x AS {name}), s -> s){trino_divisor}"
    return call.build(
        f"element_at(transform(array(filter(_1, x -> x IS NOT NULL)), v -> CASE WHEN size(v) > 0 THEN {spark} END), 1)",
        f"element_at(transform(ARRAY[filter(_1, x -> x IS NOT NULL)], v -> CASE WHEN cardinality(v) > 0 THEN {trino} END), 1)",
        total,
    )


@function_rule("list_sort", "array_sort", "list_reverse_sort", "array_reverse_sort")
def list_sort(call: Call) -> exp.Expr:
    """Upwards or downwards, NULLs last in either."""
    if "reverse" not in call.name:
        return call.build("array_sort(_1)", "array_sort(_1)", call.types[0])
    sign = "(a, b) -> CASE WHEN a IS NULL AND b IS NULL THEN 0 WHEN a IS NULL THEN 1 WHEN b IS NULL THEN -1 WHEN a > b THEN -1 WHEN a < b THEN 1 ELSE 0 END"
    return call.build(f"array_sort(_1, {sign})", f"array_sort(_1, {sign})", call.types[0])


@function_rule("list_position", "list_indexof", "array_position", "array_indexof", min_args=2)
def list_position(call: Call) -> exp.Expr:
    """The index of the first such element, from 1; NULL where there is none."""
    return call.build("nullif(array_position(_1, _2), 0)", "nullif(array_position(_1, _2), 0)", INTEGER)


@function_rule("list_slice", "array_slice", min_args=3)
def list_slice(call: Call) -> exp.Expr:
    """The elements from one index to another, counted from 1."""
    start, end = int_value(call.args[1]), int_value(call.args[2])
    if start is None or end is None or start < 1 or end < 0:
        raise call.unsupported("Write the indexes as numbers from 1, as list[1:2].")
    text = f"slice(_1, {start}, {max(end - start + 1, 0)})"
    return call.build(text, text, call.types[0], call.args[0])


@function_rule("array_to_string", min_args=2)
def array_to_string(call: Call) -> exp.Expr:
    """The elements joined by a separator; NULLs are skipped."""
    element = element_type(call.types[0])
    if element is not None and element != TEXT and not element.is_int:
        raise call.unsupported("Write array_to_string(list_transform(x, lambda e: CAST(e AS VARCHAR)), ', ').")
    listed = call.build(
        "transform(_1, v -> CAST(v AS STRING))", "transform(_1, v -> CAST(v AS VARCHAR))", list_of(TEXT), call.args[0]
    )
    return call.build("array_join(_1, _2)", "array_join(_1, _2)", TEXT, listed, call.args[1])


@function_rule("range", "generate_series", max_args=3)
def series(call: Call) -> exp.Expr:
    """A list of numbers or times: generate_series(a, b, step) includes b, range(a, b, step) does not."""
    start, end = (
        (call.args[0], call.args[1])
        if len(call.args) > 1
        else (call.build("0", "0", INTEGER, exp.null()), call.args[0])
    )
    step = call.args[2] if len(call.args) == 3 else None
    if step is not None and info(step).interval is not None:
        return _time_series(call, start, end, step)
    number = 1 if step is None else int_value(step)
    dtypes = (type_of(start), type_of(end))
    if not number or any(dtype and not dtype.is_int for dtype in dtypes):
        raise call.unsupported("Give whole numbers and a literal step, or days and an INTERVAL.")
    last = "_2" if call.name == "generate_series" else f"_2 {'-' if number > 0 else '+'} 1"
    first, last = "CAST(_1 AS BIGINT)", f"CAST({last} AS BIGINT)"
    return _sequence_or_empty(call, first, last, str(number), number > 0, list_of(BIGINT), (start, end))


def _sequence_or_empty(
    call: Call, first: str, last: str, step: str, is_ascending: bool, dtype: SqlType, parts: tuple[exp.Expr, ...]
) -> exp.Expr:
    """An empty list where Spark's and Trino's sequence() fails because the end is before the start."""
    sign = "<=" if is_ascending else ">="
    full = f"sequence({first}, {last}, {step})"
    if all(int_value(part) is not None for part in parts):
        low, high = int_value(parts[0]) or 0, int_value(parts[1]) or 0
        if (low < high) if is_ascending else (low > high):
            return call.build(full, full, dtype, *parts)
    empty = f"filter(sequence({first}, {first}, {step if 'INTERVAL' in step else 1}), v -> FALSE)"
    given = f"{first} IS NOT NULL AND {last} IS NOT NULL"
    text = f"CASE WHEN {first} {sign} {last} THEN {full} WHEN {given} THEN {empty} END"
    return call.build(text, text, dtype, *parts)


def _time_series(call: Call, start: exp.Expr, end: exp.Expr, step: exp.Expr) -> exp.Expr:
    count, unit = info(step).interval or (step, "")
    number = int_value(count)
    if call.name != "generate_series" or not number or number < 0:
        raise call.unsupported("Write generate_series(a, b, INTERVAL 1 DAY), upwards, with a number in the text.")
    interval = f"INTERVAL '{number}' {unit.upper()}"
    as_days = [_as_date(part) for part in (start, end)]
    if as_days[0] is not None and as_days[1] is not None and unit in {"day", "month", "year"}:
        days = _sequence_or_empty(call, "_1", "_2", interval, True, list_of(DATE), (as_days[0], as_days[1]))
        text = f"transform(_1, v -> CAST(v AS {type_text(TIMESTAMP, call.is_spark)}))"
        return call.build(text, text, list_of(TIMESTAMP), days)
    parts = tuple(cast_to(call.translator, part, TIMESTAMP, call.node) for part in (start, end))
    return _sequence_or_empty(call, "_1", "_2", interval, True, list_of(TIMESTAMP), parts)


def _as_date(part: exp.Expr) -> exp.Expr | None:
    dtype = type_of(part)
    if dtype and dtype.name == "date":
        return part
    return info(part).as_day


@function_rule("day_series", min_args=2)
def day_series(call: Call) -> exp.Expr:
    """The list of the days from one to another, both included."""
    parts = tuple(cast_to(call.translator, part, DATE, call.node) for part in call.args)
    return _sequence_or_empty(call, "_1", "_2", "INTERVAL '1' DAY", True, list_of(DATE), parts)
