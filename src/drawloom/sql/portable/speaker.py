"""Says DuckDB's expressions in another engine's words, from the inside out; what it has no rule for it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from drawloom.model import InputError
from drawloom.sql.portable import refusal
from drawloom.sql.portable.kinds import Kind
from drawloom.sql.portable.scope import Fields, Scope

if TYPE_CHECKING:
    from drawloom.sql.portable.registry import Call

NodeRule = Callable[["Speaker", exp.Expr, Scope], exp.Expr]
NODES: dict[type[exp.Expr], NodeRule] = {}
FAMILIES = {"spark": "spark", "hive": "spark", "trino": "trino", "presto": "trino"}


@dataclass(frozen=True, slots=True)
class Speaker:
    """Where the text is to go, and what is known of the tables in it."""

    target: str
    source: str
    tables: Mapping[str, Fields] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """``spark`` or ``trino``: whose words are used."""
        return FAMILIES[self.target]

    @property
    def spark(self) -> bool:
        """Whether the words are Spark's."""
        return self.family == "spark"

    def say(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        """The expression in the engine's words, with its type written on it where it is known.

        Raises:
            InputError: the engine has nothing that means the same; code ``unsupported-sql``.
        """
        rule = NODES.get(type(node))
        if rule is None:
            raise self.refused(node, "Say it with functions and clauses of docs/portable.md.")
        return rule(self, node, scope)

    def say_call(self, name: str, call: Call) -> exp.Expr:
        """The call as one of another function that has the same arguments."""
        from drawloom.sql.portable.registry import RULES

        return RULES[name](call)

    def refused(self, node: exp.Expr, fix: str) -> InputError:
        """The problem that this engine cannot say the node."""
        return refusal.refused(node, self.target, fix, self.source)


def node_rule(*types: type[exp.Expr]) -> Callable[[NodeRule], NodeRule]:
    """Registers how nodes of these types are said."""

    def register(rule: NodeRule) -> NodeRule:
        for each in types:
            NODES[each] = rule
        return rule

    return register


def kinds_of_tables(columns: Mapping[str, Mapping[str, str]]) -> dict[str, Fields]:
    """Names and types of columns by table, as texts, as what a Speaker needs."""
    from drawloom.sql.portable.kinds import from_text
    from drawloom.sql.portable.scope import Field

    return {
        table.lower(): tuple(Field(name, from_text(kind)) for name, kind in fields.items())
        for table, fields in columns.items()
    }


__all__ = ["FAMILIES", "NODES", "Kind", "NodeRule", "Speaker", "kinds_of_tables", "node_rule"]
