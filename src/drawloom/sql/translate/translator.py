"""The translator of one text, and the registries of rules that the other modules of this package fill.

A rule takes a node of DuckDB's tree, or a call of a DuckDB function, and returns the equivalent in Spark's or Trino's SQL.
What has no rule is unsupported: it is refused with its place and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from drawloom.model import InputError, Where, refuse
from drawloom.sql.translate.expressions import from_template, type_of
from drawloom.sql.translate.scope import Field, Fields, Scope
from drawloom.sql.translate.types import BIGINT, SqlType, type_from_text

# Functions that return a narrower integer than DuckDB's BIGINT: sums of them would overflow earlier, so they are cast.
_NARROW_INTEGERS = {
    "spark": re.compile(
        r"\b(size|length|char_length|octet_length|instr|locate|weekday|weekofyear|dayofyear|datediff|day|hour|minute|second"
        r"|quarter|year|month|grouping|extract|row_number|rank|dense_rank|ntile)\(",
        re.IGNORECASE,
    ),
    "trino": re.compile(r"\bgrouping\("),
}
_MAX_CONSTRUCT = 80  # characters of a construct in a message


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates one text (``source``) to the dialect ``target``; ``tables`` are the known columns of its tables."""

    target: str
    source: str
    tables: Mapping[str, Fields] = field(default_factory=dict)

    @property
    def is_spark(self) -> bool:
        """Whether the target is Spark; it is Trino otherwise."""
        return self.target == "spark"

    def translate(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        """The expression in the engine's dialect, with its type in its info where that is known.

        Raises:
            InputError: the engine has no equivalent; code ``unsupported-sql``.
        """
        rule = NODE_RULES.get(type(node))
        if rule is None:
            raise self.unsupported(node, "Write it with functions and clauses of docs/portable.md.")
        return rule(self, node, scope)

    def build(self, template: str, dtype: SqlType | None, *args: exp.Expr) -> exp.Expr:
        """An expression of the engine from a template in its SQL; ``_1`` and so on are the arguments."""
        return from_template(self.target, template, dtype, *args)

    def translate_call(self, name: str, call: Call) -> exp.Expr:
        """The call translated by the rule of another function with the same arguments."""
        return FUNCTION_RULES[name](call)

    def unsupported(self, node: exp.Expr, fix: str) -> InputError:
        """The error for a node that has no equivalent on the engine."""
        message = f"sql == {_construct(node)}, must be SQL that {self.target} has."
        return refuse("unsupported-sql", message, _place(node, self.source), fix)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a DuckDB function that is to be translated; its arguments are translated already."""

    name: str
    node: exp.Expr
    args: tuple[exp.Expr, ...]
    translator: Translator
    scope: Scope
    distinct: bool = False
    order: tuple[exp.Ordered, ...] = ()

    @property
    def types(self) -> tuple[SqlType | None, ...]:
        """The types of the arguments."""
        return tuple(type_of(arg) for arg in self.args)

    @property
    def placeholders(self) -> str:
        """``_1, _2`` and so on, one for each argument."""
        return ", ".join(f"_{number}" for number in range(1, len(self.args) + 1))

    @property
    def is_spark(self) -> bool:
        """Whether the target is Spark."""
        return self.translator.is_spark

    def build(self, spark: str, trino: str, dtype: SqlType | None, *args: exp.Expr) -> exp.Expr:
        """The engine's expression from its template; ``_1`` and so on are ``args``, or the call's own arguments."""
        text = spark if self.is_spark else trino
        if dtype == BIGINT and _NARROW_INTEGERS[self.translator.target].search(text):
            text = f"CAST({text} AS BIGINT)"
        return self.translator.build(text, dtype, *(args or self.args))

    def unsupported(self, fix: str) -> InputError:
        """The error for a call that has no equivalent on the engine."""
        return self.translator.unsupported(self.node, fix)


NodeRule = Callable[[Translator, exp.Expr, Scope], exp.Expr]
QueryRule = Callable[[Translator, Any, Scope], tuple[exp.Expr, Fields]]
FunctionRule = Callable[[Call], exp.Expr]
# The type of a call, or how it follows from those of the arguments.
TypeRule = SqlType | Callable[[Sequence[SqlType | None]], SqlType | None] | None

NODE_RULES: dict[type[exp.Expr], NodeRule] = {}
QUERY_RULES: dict[type[exp.Expr], QueryRule] = {}
FUNCTION_RULES: dict[str, FunctionRule] = {}
# Aggregates that may have DISTINCT, and those that may have an ORDER BY inside their brackets.
ALLOW_DISTINCT: set[str] = set()
ALLOW_ORDER_BY: set[str] = set()
# DuckDB's names of aggregates.
_AGGREGATES = """
any_value approx_count_distinct approx_distinct approx_quantile arbitrary arg_max arg_min argmax argmin array_agg
avg bit_and bit_or bit_xor bool_and bool_or corr count count_if countif covar_pop covar_samp entropy first
group_concat grouping grouping_id histogram kurtosis last list listagg max max_by mean median min min_by product
quantile quantile_cont quantile_disc skewness stddev stddev_pop stddev_samp string_agg sum top_k var_pop var_samp
variance
"""
AGGREGATE_NAMES = frozenset(_AGGREGATES.split())


def node_rule(*types: type[exp.Expr]) -> Callable[[NodeRule], NodeRule]:
    """Registers how expressions of these types are translated."""

    def register(rule: NodeRule) -> NodeRule:
        NODE_RULES.update(dict.fromkeys(types, rule))
        return rule

    return register


def query_rule(*types: type[exp.Expr]) -> Callable[[QueryRule], QueryRule]:
    """Registers how queries of these types are translated, without their WITH."""

    def register(rule: QueryRule) -> QueryRule:
        QUERY_RULES.update(dict.fromkeys(types, rule))
        return rule

    return register


def function_rule(
    *names: str, min_args: int = 1, max_args: int | None = None, distinct: bool = False, ordered: bool = False
) -> Callable[[FunctionRule], FunctionRule]:
    """Registers how calls of DuckDB's functions of these names are translated; ``max_args`` is ``min_args`` by default."""

    def register(rule: FunctionRule) -> FunctionRule:
        counted = _check_arguments(rule, min_args, min_args if max_args is None else max_args)
        FUNCTION_RULES.update(dict.fromkeys(names, counted))
        ALLOW_DISTINCT.update(names if distinct else ())
        ALLOW_ORDER_BY.update(names if ordered else ())
        return rule

    return register


def template_rule(names: str, min_args: int, dtype: TypeRule, spark: str, trino: str | None = None) -> None:
    """Registers functions that only need other SQL text; ``name`` in a template is the function's own name."""

    def rule(call: Call) -> exp.Expr:
        texts = [text.replace("name(", f"{call.name}(") for text in (spark, trino or spark)]
        return call.build(texts[0], texts[1], dtype(call.types) if callable(dtype) else dtype)

    function_rule(*names.split(), min_args=min_args)(rule)


def unsupported_functions(names: str, fix: str) -> None:
    """Registers functions that the engines do not have, with what to write instead."""

    def rule(call: Call) -> exp.Expr:
        raise call.unsupported(fix)

    function_rule(*names.split(), min_args=0, max_args=99)(rule)


def typed_tables(columns: Mapping[str, Mapping[str, str]]) -> dict[str, Fields]:
    """The columns of tables with their types, from the types' names as text."""
    return {
        table.lower(): tuple(Field(name, type_from_text(dtype)) for name, dtype in fields.items())
        for table, fields in columns.items()
    }


def _check_arguments(rule: FunctionRule, min_args: int, max_args: int) -> FunctionRule:
    def checked(call: Call) -> exp.Expr:
        if min_args <= len(call.args) <= max_args:
            return rule(call)
        count = min_args if min_args == max_args else f"{min_args} to {max_args}"
        raise call.unsupported(f"Write {call.name} with {count} arguments.")

    return checked


def _construct(node: exp.Expr) -> str:
    """The node in DuckDB's dialect, shortened."""
    text = " ".join(node.sql("duckdb", normalize_functions=False, comments=False).split())
    return text if len(text) <= _MAX_CONSTRUCT else text[: _MAX_CONSTRUCT - 3] + "..."


def _place(node: exp.Expr, source: str) -> Where:
    """The position of a node in the text: of its first part that has one, or of the nearest node around it."""
    found: exp.Expr | None = node
    while found is not None:
        starts = [part.meta["start"] for part in found.walk() if "start" in part.meta]
        if starts and source:
            start = min(starts)
            line = source.count("\n", 0, start) + 1
            return Where(None, line, start - (source.rfind("\n", 0, start) + 1) + 1)
        found = found.parent
    return Where(None, 1, 1)
