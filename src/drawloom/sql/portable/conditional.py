"""Functions that choose between values."""

from __future__ import annotations

from sqlglot import exp

from drawloom.sql.portable.kinds import common
from drawloom.sql.portable.registry import Call, says, simple

simple("nullif", 2, "=1", "nullif(_1, _2)")


@says("coalesce", "ifnull", most=99)
def coalesce(call: Call) -> exp.Expr:
    """The first value that is not NULL."""
    if len(call.parts) == 1:
        return call.parts[0]
    holes = ", ".join(f"_{n + 1}" for n in range(len(call.parts)))
    return call.say(f"coalesce({holes})", f"coalesce({holes})", common(call.kinds))


@says("if", least=3)
def if_(call: Call) -> exp.Expr:
    """One or the other."""
    return call.say("CASE WHEN _1 THEN _2 ELSE _3 END", "CASE WHEN _1 THEN _2 ELSE _3 END", common(call.kinds[1:]))
