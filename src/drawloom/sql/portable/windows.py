"""Window functions, and OVER behind aggregates."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.calls import around
from drawloom.sql.portable.kinds import BIGINT, DOUBLE
from drawloom.sql.portable.nodes import kind_of, notes, typed
from drawloom.sql.portable.registry import Call, says, simple
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.speaker import Speaker, node_rule

simple("row_number rank dense_rank", 0, BIGINT, "name()")
simple("rank_dense", 0, BIGINT, "dense_rank()")
simple("percent_rank cume_dist", 0, DOUBLE, "name()")
simple("ntile", 1, BIGINT, "ntile(CAST(_1 AS INT))", "ntile(_1)")
simple("first_value last_value", 1, "=1", "name(_1)")
simple("nth_value", 2, "=1", "nth_value(_1, _2)")
# Aggregates that pass over NULLs, so that FILTER can be said as a CASE inside their brackets.
_NULL_FREE = frozenset(
    ["sum", "count", "min", "max", "avg", "bool_and", "bool_or", "var_samp", "var_pop", "stddev_samp", "stddev_pop"]
)


@says("lag", "lead", most=3)
def neighbour(call: Call) -> exp.Expr:
    """The value some rows before or after."""
    holes = ", ".join(f"_{n + 1}" for n in range(len(call.parts)))
    return call.say(f"{call.name}({holes})", f"{call.name}({holes})", call.kinds[0])


@node_rule(exp.Window)
def window(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """A call OVER a window; the window goes to every aggregate that the call has become."""
    if node.args.get("first") is not None:
        raise speaker.refused(node, "Write the window without FIRST or LAST.")
    found = speaker.say(node.this, scope)
    if isinstance(node.this, exp.Filter) and not speaker.spark:
        found = _filter_inside(speaker, node, found)
    parts = over(speaker, node, scope)
    return around(speaker, node, found, lambda each: exp.Window(this=each, over="OVER", **_copies(parts)))


@node_rule(exp.IgnoreNulls, exp.RespectNulls)
def nulls(speaker: Speaker, node: exp.Expr, scope: Scope) -> exp.Expr:
    """IGNORE NULLS behind a call."""
    found = speaker.say(node.this, scope)
    kind = type(node)
    return around(speaker, node, found, lambda each: kind(this=each))


def over(speaker: Speaker, node: exp.Expr, scope: Scope) -> dict[str, object]:
    """The window itself: its name, or its partitions, order and frame."""
    parts: dict[str, object] = {}
    if node.args.get("alias") is not None:
        parts["alias"] = node.args["alias"].copy()
    if node.args.get("partition_by"):
        parts["partition_by"] = [speaker.say(each, scope) for each in node.args["partition_by"]]
    if node.args.get("order") is not None:
        parts["order"] = exp.Order(
            expressions=[ordered(speaker, each, scope) for each in node.args["order"].expressions]
        )
    if node.args.get("spec") is not None:
        parts["spec"] = _frame(speaker, node.args["spec"], scope)
    return parts


def _frame(speaker: Speaker, spec: exp.Expr, scope: Scope) -> exp.Expr:
    if spec.args.get("exclude") is not None or spec.args["kind"].upper() == "GROUPS":
        raise speaker.refused(spec.parent or spec, "Write a frame of ROWS or RANGE without EXCLUDE.")
    made = spec.copy()
    for side in ("start", "end"):
        bound = spec.args.get(side)
        if isinstance(bound, exp.Expr):
            if spec.args["kind"].upper() == "RANGE":
                raise speaker.refused(
                    spec.parent or spec, "Write RANGE with UNBOUNDED and CURRENT ROW only, or count ROWS."
                )
            made.set(side, speaker.say(bound, scope))
    return made


def ordered(speaker: Speaker, node: exp.Expr, scope: Scope, said: exp.Expr | None = None) -> exp.Expr:
    """A key of an ORDER BY; NULLs are last unless the text says otherwise, and the engine is told so."""
    if node.args.get("with_fill") is not None:
        raise speaker.refused(node, "Write ORDER BY without WITH FILL.")
    said = said if said is not None else speaker.say(node.this, scope)
    first, desc = bool(node.args.get("nulls_first")), node.args.get("desc")
    return typed(exp.Ordered(this=said, desc=desc, nulls_first=first), kind_of(said))


def _copies(parts: dict[str, object]) -> dict[str, object]:
    made: dict[str, object] = {}
    for name, part in parts.items():
        made[name] = [each.copy() for each in part] if isinstance(part, list) else part.copy()  # type: ignore[attr-defined]
    return made


def _filter_inside(speaker: Speaker, node: exp.Expr, found: exp.Expr) -> exp.Expr:
    """Trino has no FILTER in windows: the aggregate gets NULL instead of the rows that are filtered out."""
    for each in notes(found).aggregates:
        outer = each.parent
        if (
            each.name not in _NULL_FREE
            or not isinstance(outer, exp.Filter)
            or isinstance(each.expressions[0], exp.Distinct)
        ):
            raise speaker.refused(node, "Write the condition as a CASE inside the brackets of the aggregate.")
        value = exp.Literal.number(1) if isinstance(each.expressions[0], exp.Star) else each.expressions[0].copy()
        chosen = exp.Case(ifs=[exp.If(this=outer.expression.this.copy(), true=value)])
        inner = exp.Anonymous(this=each.name, expressions=[chosen])
        if outer is found:
            notes(inner).aggregates, notes(inner).kind = notes(found).aggregates, kind_of(found)
            found = inner
        else:
            outer.replace(inner)
        notes(found).aggregates = [inner if one is each else one for one in notes(found).aggregates]
    return found
