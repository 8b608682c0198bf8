"""Joins. SEMI and ANTI become EXISTS for Trino; ASOF becomes a join with the next row's time."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.kinds import BOOL
from drawloom.sql.portable.nodes import typed
from drawloom.sql.portable.scope import Scope
from drawloom.sql.portable.sources import say_source
from drawloom.sql.portable.speaker import Speaker


def say_joins(speaker: Speaker, node: exp.Select, scope: Scope) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """The joins of a SELECT, and conditions that some of them have become."""
    from drawloom.sql.portable.asof import say_asof

    said: list[exp.Expr] = []
    conditions: list[exp.Expr] = []
    joins = node.args.get("joins") or []
    for index, join in enumerate(joins):
        method = (join.args.get("method") or "").upper()
        if method == "ASOF":
            said.append(say_asof(speaker, join, scope))
        elif method:
            raise speaker.refused(
                join, "Write JOIN ... USING (columns), or number the rows on both sides and join by that."
            )
        elif join.kind.upper() in {"SEMI", "ANTI"} and not speaker.spark:
            if any((later.side or "").upper() in {"RIGHT", "FULL"} for later in joins[index + 1 :]):
                raise speaker.refused(join, "Put the SEMI or ANTI JOIN into a subquery of its own.")
            conditions.append(_exists(speaker, join, scope))
        else:
            said.append(_join(speaker, join, scope))
    return said, conditions


def _join(speaker: Speaker, join: exp.Join, scope: Scope) -> exp.Expr:
    hidden = join.kind.upper() in {"SEMI", "ANTI"}
    inner = Scope(scope.ctes, dict(scope.sources), scope.outer) if hidden else scope
    before = list(scope.sources)
    source = say_source(speaker, join.this, inner, first=False)
    kind = "LEFT " + join.kind if hidden else join.kind
    made = exp.Join(this=source, side=None if hidden else join.side or None, kind=kind or None)
    if join.args.get("using"):
        made.set("using", [each.copy() for each in join.args["using"]])
        if not hidden:
            _merge(join, scope, before)
    if join.args.get("on") is not None:
        made.set("on", speaker.say(join.args["on"], inner))
    elif (
        not join.args.get("using")
        and not made.args.get("kind")
        and (join.side or isinstance(source, exp.Lateral))
        and join.side
    ):
        made.set("on", exp.true())
    return made


def _merge(join: exp.Join, scope: Scope, before: list[str]) -> None:
    """Whose column a name of USING is: both sides' in an inner join, the kept side's in an outer one."""
    new = next(reversed(scope.sources))
    for each in join.args["using"]:
        side = (join.side or "").upper()
        owner = {"": "*", "LEFT": before[0] if len(before) == 1 else "", "RIGHT": new}.get(side, "")
        name = each.name.lower()
        scope.using[name] = owner if name not in scope.using or scope.using[name] == owner else ""


def _exists(speaker: Speaker, join: exp.Join, scope: Scope) -> exp.Expr:
    """A row on the other side."""
    inner = Scope(scope.ctes, {}, scope)
    source = say_source(speaker, join.this, inner, first=True)
    name = next(iter(inner.sources))
    if join.args.get("using"):
        left = next(iter(scope.sources))
        if len(scope.sources) > 1 or not left.strip() or not name.strip():
            raise speaker.refused(join, "Write SEMI JOIN ... ON a.x = b.x.")
        on: exp.Expr | None = None
        for each in join.args["using"]:
            sides = (exp.column(each.copy(), table=table) for table in (left, name))
            same = exp.EQ(this=next(sides), expression=next(sides))
            on = same if on is None else exp.And(this=on, expression=same)
    else:
        on = join.args.get("on")
    if on is None:
        raise speaker.refused(join, "Write SEMI JOIN ... ON a.x = b.x.")
    query = exp.Select(expressions=[exp.Literal.number(1)]).from_(source).where(speaker.say(on, inner))
    found = exp.Exists(this=query)
    return typed(exp.Not(this=found) if join.kind.upper() == "ANTI" else found, BOOL)
