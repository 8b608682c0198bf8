"""Functions of lists."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.casts import cast_to, type_text
from drawloom.sql.portable.kinds import BIGINT, BOOL, DATE, DOUBLE, HUGEINT, INTEGER, TEXT, TIMESTAMP, Kind, list_of
from drawloom.sql.portable.nodes import kind_of, notes, whole
from drawloom.sql.portable.registry import Call, refuses, result, says, simple

_SIZE = "CASE WHEN _1 IS NOT NULL THEN size(_1) END"

simple("list_len array_length", 1, BIGINT, _SIZE, "cardinality(_1)")
simple("list_filter array_filter filter", 2, "=1", "filter(_1, _2)")
simple("list_distinct array_distinct", 1, "=1", "array_distinct(filter(_1, v -> v IS NOT NULL))")
simple("list_has_any array_has_any", 2, BOOL, "size(array_intersect(filter(_1, v -> v IS NOT NULL), _2)) > 0",
       "cardinality(array_intersect(filter(_1, v -> v IS NOT NULL), _2)) > 0")  # fmt: skip
simple("list_has_all array_has_all", 2, BOOL, "size(array_except(filter(_2, v -> v IS NOT NULL), _1)) = 0",
       "cardinality(array_except(filter(_2, v -> v IS NOT NULL), _1)) = 0")  # fmt: skip
simple("list_max", 1, "element", "array_max(_1)", "array_max(filter(_1, v -> v IS NOT NULL))")
simple("list_min", 1, "element", "array_min(_1)", "array_min(filter(_1, v -> v IS NOT NULL))")
simple("list_reverse array_reverse", 1, "=1", "reverse(_1)")
simple("flatten", 1, "element", "flatten(filter(_1, v -> v IS NOT NULL))")
simple("list_unique array_unique", 1, BIGINT, "size(array_distinct(filter(_1, v -> v IS NOT NULL)))",
       "cardinality(array_distinct(filter(_1, v -> v IS NOT NULL)))")  # fmt: skip
refuses("list_intersect array_intersect", "Write list_filter(a, lambda x: list_contains(b, x)).")
refuses("list_aggregate array_aggregate list_aggr", "Write list_sum, list_min, list_max or list_avg.")
refuses("list_reduce array_reduce reduce", "Write list_sum, or unnest the list and aggregate.")


@says("list_contains", "list_has", "array_contains", "array_has", least=2)
def list_contains(call: Call) -> exp.Expr:
    """False where the value is not there, whatever NULLs are; NULL where the list or the value is."""
    given = "filter(_1, v -> v IS NOT NULL), _2"
    return call.say(f"array_contains({given})", f"contains({given})", BOOL)


@says("list_transform", "list_apply", "array_transform", "array_apply", "apply", least=2)
def list_transform(call: Call) -> exp.Expr:
    """A function of each element."""
    return call.say("transform(_1, _2)", "transform(_1, _2)", list_of(kind_of(call.parts[1])))


@says("list_concat", "list_cat", "array_concat", "array_cat", least=2, most=99)
def list_concat(call: Call) -> exp.Expr:
    """One list after the other; a list that is NULL is empty in list_concat, and makes a || NULL."""
    kind = next((kind for kind in call.kinds if kind and kind.name == "list"), None)
    holes = ", ".join(f"_{n + 1}" for n in range(len(call.parts)))
    if isinstance(call.node, exp.DPipe):
        return call.say(f"concat({holes})", f"concat({holes})", kind)
    raise call.refuse("Write a || b, which is NULL where one of them is.")


@says("list_append", "array_append", "array_push_back", least=2)
def list_append(call: Call) -> exp.Expr:
    """The list with one element more at its end."""
    text = "concat(coalesce(_1, array()), array(_2))", "coalesce(_1, ARRAY[]) || ARRAY[_2]"
    return call.say(*text, call.kinds[0])


@says("list_prepend", "array_prepend", least=2)
def list_prepend(call: Call) -> exp.Expr:
    """The list with one element more at its beginning."""
    return call.say("concat(array(_1), coalesce(_2, array()))", "ARRAY[_1] || coalesce(_2, ARRAY[])", call.kinds[1])


@says("list_sum")
def list_sum(call: Call) -> exp.Expr:
    """The sum of the elements that are not NULL; NULL where there are none."""
    return _summed(call, call.kinds[0], "s")


@says("list_avg")
def list_avg(call: Call) -> exp.Expr:
    """The mean of the elements that are not NULL."""
    return _summed(call, list_of(DOUBLE), "s / n")


def _summed(call: Call, kind: Kind | None, answer: str) -> exp.Expr:
    element = result("element", (kind,))
    if element and not element.is_number:
        raise call.refuse("Sum numbers.")
    name = element.name if element else ""
    total = (
        DOUBLE
        if name in {"float", "double"}
        else Kind("decimal", size=(38, element.size[1]))
        if name == "decimal" and element
        else HUGEINT
        if name
        else None
    )
    as_type = {"HUGEINT": BIGINT}.get("HUGEINT" if total == HUGEINT else "", total) if total else DOUBLE
    if total is None:
        raise call.refuse(
            "Write list_sum(CAST(x AS BIGINT[])) or list_sum(CAST(x AS DOUBLE[])): the sum needs the type."
        )
    text = type_text(as_type, call.spark)
    spark = f"aggregate(v, CAST(0 AS {text}), (s, x) -> CAST(s + x AS {text}))"
    trino = f"reduce(v, CAST(0 AS {text}), (s, x) -> CAST(s + x AS {text}), s -> s)"
    over = {"s / n": (" / size(v)", " / cardinality(v)")}.get(answer, ("", ""))
    return call.say(
        f"element_at(transform(array(filter(_1, x -> x IS NOT NULL)), v -> CASE WHEN size(v) > 0 THEN {spark}{over[0]} END), 1)",
        f"element_at(transform(ARRAY[filter(_1, x -> x IS NOT NULL)], v -> CASE WHEN cardinality(v) > 0 THEN {trino}{over[1]} END), 1)",
        total,
    )


@says("list_sort", "array_sort", "list_reverse_sort", "array_reverse_sort")
def list_sort(call: Call) -> exp.Expr:
    """Upwards or downwards, NULLs last in either."""
    if "reverse" not in call.name:
        return call.say("array_sort(_1)", "array_sort(_1)", call.kinds[0])
    sign = "(a, b) -> CASE WHEN a IS NULL AND b IS NULL THEN 0 WHEN a IS NULL THEN 1 WHEN b IS NULL THEN -1 WHEN a > b THEN -1 WHEN a < b THEN 1 ELSE 0 END"
    return call.say(f"array_sort(_1, {sign})", f"array_sort(_1, {sign})", call.kinds[0])


@says("list_position", "list_indexof", "array_position", "array_indexof", least=2)
def list_position(call: Call) -> exp.Expr:
    """Where the value is first, from 1; NULL where it is not."""
    return call.say("nullif(array_position(_1, _2), 0)", "nullif(array_position(_1, _2), 0)", INTEGER)


@says("list_slice", "array_slice", least=3)
def list_slice(call: Call) -> exp.Expr:
    """From one place to another, both counted from 1."""
    start, end = whole(call.parts[1]), whole(call.parts[2])
    if start is None or end is None or start < 1 or end < 0:
        raise call.refuse("Write the places as numbers from 1, as list[1:2].")
    text = f"slice(_1, {start}, {max(end - start + 1, 0)})"
    return call.say(text, text, call.kinds[0], call.parts[0])


@says("array_to_string", least=2)
def array_to_string(call: Call) -> exp.Expr:
    """The elements with something between them; NULLs are passed over."""
    element = result("element", call.kinds)
    if element is not None and element != TEXT and not element.is_int:
        raise call.refuse("Write array_to_string(list_transform(x, lambda e: CAST(e AS VARCHAR)), ', ').")
    listed = call.say(
        "transform(_1, v -> CAST(v AS STRING))", "transform(_1, v -> CAST(v AS VARCHAR))", list_of(TEXT), call.parts[0]
    )
    return call.say("array_join(_1, _2)", "array_join(_1, _2)", TEXT, listed, call.parts[1])


@says("range", "generate_series", most=3)
def series(call: Call) -> exp.Expr:
    """A list of numbers or times; empty where the end comes before the start."""
    return series_of(call)


def series_of(call: Call) -> exp.Expr:
    """generate_series(a, b, step) has b in it, range(a, b, step) has not."""
    start, end = (
        (call.parts[0], call.parts[1])
        if len(call.parts) > 1
        else (call.say("0", "0", INTEGER, exp.null()), call.parts[0])
    )
    step = call.parts[2] if len(call.parts) == 3 else None
    if step is not None and notes(step).interval is not None:
        return _times(call, start, end, step)
    number = 1 if step is None else whole(step)
    kinds = (kind_of(start), kind_of(end))
    if not number or any(kind and not kind.is_int for kind in kinds):
        raise call.refuse("Give whole numbers and a step that stands in the text, or days and an INTERVAL.")
    last = "_2" if call.name == "generate_series" else f"_2 {'-' if number > 0 else '+'} 1"
    first, last = "CAST(_1 AS BIGINT)", f"CAST({last} AS BIGINT)"
    return _guarded(call, first, last, str(number), number > 0, list_of(BIGINT), (start, end))


def _guarded(
    call: Call, first: str, last: str, step: str, up: bool, kind: Kind, parts: tuple[exp.Expr, ...]
) -> exp.Expr:
    """Spark and Trino fail where a series would be empty."""
    sign = "<=" if up else ">="
    full = f"sequence({first}, {last}, {step})"
    if all(whole(part) is not None for part in parts):
        low, high = whole(parts[0]) or 0, whole(parts[1]) or 0
        if (low < high) if up else (low > high):
            return call.say(full, full, kind, *parts)
    empty = f"filter(sequence({first}, {first}, {step if 'INTERVAL' in step else 1}), v -> FALSE)"
    given = f"{first} IS NOT NULL AND {last} IS NOT NULL"
    text = f"CASE WHEN {first} {sign} {last} THEN {full} WHEN {given} THEN {empty} END"
    return call.say(text, text, kind, *parts)


def _times(call: Call, start: exp.Expr, end: exp.Expr, step: exp.Expr) -> exp.Expr:
    count, unit = notes(step).interval or (step, "")
    number = whole(count)
    if call.name != "generate_series" or not number or number < 0:
        raise call.refuse("Write generate_series(a, b, INTERVAL 1 DAY), upwards, with a number in the text.")
    interval = f"INTERVAL '{number}' {unit.upper()}"
    as_days = [_as_day(part) for part in (start, end)]
    if as_days[0] is not None and as_days[1] is not None and unit in {"day", "month", "year"}:
        days = _guarded(call, "_1", "_2", interval, True, list_of(DATE), (as_days[0], as_days[1]))
        text = f"transform(_1, v -> CAST(v AS {type_text(TIMESTAMP, call.spark)}))"
        full = call.say(text, text, list_of(TIMESTAMP), days)
        notes(full).as_days = days
        return full
    parts = tuple(cast_to(call.speaker, part, TIMESTAMP, call.node) for part in (start, end))
    return _guarded(call, "_1", "_2", interval, True, list_of(TIMESTAMP), parts)


def _as_day(part: exp.Expr) -> exp.Expr | None:
    kind = kind_of(part)
    if kind and kind.name == "date":
        return part
    return notes(part).as_day


@says("day_series", least=2)
def day_series(call: Call) -> exp.Expr:
    """The list of the days from one to another, both in it."""
    parts = tuple(cast_to(call.speaker, part, DATE, call.node) for part in call.parts)
    return _guarded(call, "_1", "_2", "INTERVAL '1' DAY", True, list_of(DATE), parts)
