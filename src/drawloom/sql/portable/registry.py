"""The rules of functions: what a call of DuckDB's becomes in the words of Spark and of Trino."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from drawloom.sql.portable.kinds import BIGINT, Kind, common, known, list_of
from drawloom.sql.portable.nodes import kind_of, made

if TYPE_CHECKING:
    from drawloom.model import InputError
    from drawloom.sql.portable.scope import Scope
    from drawloom.sql.portable.speaker import Speaker

# Functions whose answer is a smaller number than DuckDB's, which is a BIGINT: sums of them would overflow earlier.
_INTS = {
    "spark": re.compile(
        r"\b(size|length|char_length|octet_length|instr|locate|weekday|weekofyear|dayofyear|datediff|day|hour|minute|second"
        r"|quarter|year|month|grouping|extract|row_number|rank|dense_rank|ntile)\(",
        re.IGNORECASE,
    ),
    "trino": re.compile(r"\bgrouping\("),
}
Typing = Kind | str | Callable[[Sequence[Kind | None]], Kind | None] | None


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is to be said: its arguments are said already."""

    name: str
    node: exp.Expr
    parts: tuple[exp.Expr, ...]
    speaker: Speaker
    scope: Scope
    distinct: bool = False
    order: tuple[exp.Ordered, ...] = field(default=())

    @property
    def kinds(self) -> tuple[Kind | None, ...]:
        """The types of the arguments."""
        return tuple(kind_of(part) for part in self.parts)

    @property
    def spark(self) -> bool:
        """Whether the engine is Spark or Hive."""
        return self.speaker.family == "spark"

    def say(self, spark: str, trino: str, kind: Kind | None, *parts: exp.Expr) -> exp.Expr:
        """An expression of the engine; ``_1`` and so on are the parts, or the arguments where no parts are given."""
        text = spark if self.spark else trino
        if kind == BIGINT and _INTS[self.speaker.family].search(text):
            text = f"CAST({text} AS BIGINT)"
        return made(self.speaker.family, text, kind, *(parts or self.parts))

    def refuse(self, fix: str, node: exp.Expr | None = None) -> InputError:
        """That the engine has nothing that means the same."""
        return self.speaker.refused(node or self.node, fix)


Rule = Callable[[Call], exp.Expr]
RULES: dict[str, Rule] = {}
# DuckDB's names of aggregates.
_AGGREGATES = """
any_value approx_count_distinct approx_distinct approx_quantile arbitrary arg_max arg_min argmax argmin array_agg
avg bit_and bit_or bit_xor bool_and bool_or corr count count_if countif covar_pop covar_samp entropy first
group_concat grouping grouping_id histogram kurtosis last list listagg max max_by mean median min min_by product
quantile quantile_cont quantile_disc skewness stddev stddev_pop stddev_samp string_agg sum top_k var_pop var_samp
variance
"""
AGGREGATE_NAMES = frozenset(_AGGREGATES.split())
# Aggregates that may be told DISTINCT, and those that may be told an ORDER BY inside their brackets.
DISTINCT: set[str] = set()
ORDERED: set[str] = set()


def says(
    *names: str, least: int = 1, most: int | None = None, distinct: bool = False, ordered: bool = False
) -> Callable[[Rule], Rule]:
    """Registers the rule of functions, with how many arguments they take."""

    def register(rule: Rule) -> Rule:
        for name in names:
            RULES[name] = _counted(rule, least, least if most is None else most)
            if distinct:
                DISTINCT.add(name)
            if ordered:
                ORDERED.add(name)
        return rule

    return register


def simple(names: str, least: int, kind: Typing, spark: str, trino: str | None = None, distinct: bool = False) -> None:
    """Registers functions whose arguments stand in a template; ``name`` in it is the function's own name."""

    def rule(call: Call) -> exp.Expr:
        texts = [text.replace("name(", f"{call.name}(") for text in (spark, trino or spark)]
        return call.say(texts[0], texts[1], result(kind, call.kinds))

    says(*names.split(), least=least, distinct=distinct)(rule)


def refuses(names: str, fix: str) -> None:
    """Registers functions that no other engine has, with the way out."""

    def rule(call: Call) -> exp.Expr:
        raise call.refuse(fix)

    says(*names.split(), least=0, most=99)(rule)


def result(kind: Typing, kinds: Sequence[Kind | None]) -> Kind | None:
    """The type of a call from those of its arguments: ``=1`` the first one's, ``common``, ``list`` or ``element`` of the first."""
    if callable(kind):
        return kind(kinds)
    if not isinstance(kind, str):
        return kind
    first = kinds[0] if kinds else None
    if kind == "common":
        return common(kinds)
    if kind == "list":
        return list_of(first)
    if kind == "element":
        return known(first.parts[0]) if first and first.name == "list" else None
    return kinds[int(kind[1:]) - 1]


def _counted(rule: Rule, least: int, most: int) -> Rule:
    def counted(call: Call) -> exp.Expr:
        if least <= len(call.parts) <= most:
            return rule(call)
        raise call.refuse(f"Write {call.name} with {least if least == most else f'{least} to {most}'} arguments.")

    return counted
