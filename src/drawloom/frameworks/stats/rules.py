"""Which metrics a column has: those of the tier, and what rules add, drop and sample, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from drawloom.frameworks.column_tags import PII, Tags, tags_of
from drawloom.frameworks.stats.kinds import ScannedColumn
from drawloom.frameworks.stats.measures import MEASURES, MergeKind
from drawloom.frameworks.stats.metrics import METRICS, PERCENTS, Tier, tier_metrics

QUANTILES = tuple(f"p{percent:02}" for percent in PERCENTS)  # of a state that holds the least and the largest value
PERSONAL = frozenset({"min", "max", "top", *QUANTILES})  # metrics that are values of rows


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, as far as it is about one table. What is '' in its match is about every column.

    ``column`` is the name of a column of this table; ``expressions`` are aggregates of it by their name.
    """

    name: str = ""
    type: str = ""
    tag: str = ""
    column: str = ""
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    sample: float | None = None
    expressions: Mapping[str, str] = field(default_factory=dict)

    def matches(self, column: ScannedColumn, tags: Iterable[str]) -> bool:
        """Whether it is about a column. Names are compared without regard to case; ``*`` stands for any letters."""
        lower = column.name.lower()
        return (
            (not self.name or fnmatchcase(lower, self.name.lower()))
            and (not self.type or self.type == column.kind)
            and (not self.tag or self.tag in tags)
            and (not self.column or self.column.lower() == lower)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, without what is not said."""
        values = asdict(self) | {"add": list(self.add), "drop": list(self.drop), "expressions": dict(self.expressions)}
        return {name: value for name, value in values.items() if value}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Rule:
        """The rule of ``to_json``."""
        return cls(**{**values, "add": tuple(values.get("add", ())), "drop": tuple(values.get("drop", ()))})


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What is computed of a column: its metrics, the share of rows that sketches see, and expressions of the user.

    ``hidden`` are metrics that it must not have in slices, either. Rows are not cut by a column whose ``top`` is.
    """

    column: ScannedColumn
    metrics: tuple[str, ...]
    sample: float = 1.0
    expressions: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that its metrics need, each once."""
        needed = (name for metric in self.metrics for name in METRICS[metric].needs)
        return tuple(name for name in dict.fromkeys(needed) if self.column.kind in MEASURES[name].applies)


def plan_columns(
    columns: Iterable[ScannedColumn], tier: Tier, rules: Sequence[Rule], tags: Tags
) -> Iterator[ColumnPlan]:
    """What is computed of each column.

    Args:
        columns: of a table.
        tier: whose metrics columns have before rules.
        rules: of this table, in their order; a later one has the last word.
        tags: of columns, by name in lower case; see ``tags_of``.
    """
    for column in columns:
        own = tags_of(column.name, tags)
        yield _plan(column, tier, [rule for rule in rules if rule.matches(column, own)], is_personal=PII in own)


def _plan(column: ScannedColumn, tier: Tier, rules: Sequence[Rule], *, is_personal: bool) -> ColumnPlan:
    metrics = dict.fromkeys(tier_metrics(tier, column.kind))
    sample, expressions = 1.0, dict[str, str]()
    for rule in rules:
        for name in _dropped(rule):
            metrics.pop(name, None)
        metrics |= dict.fromkeys(name for name in rule.add if column.kind in METRICS[name].applies)
        sample = sample if rule.sample is None else rule.sample
        expressions |= rule.expressions
    hidden = _hidden(rules, is_personal=is_personal)
    return ColumnPlan(column, tuple(name for name in metrics if name not in hidden), sample, expressions, hidden)


def _dropped(rule: Rule) -> tuple[str, ...]:
    """What a rule drops: with an extreme the quantiles, too, whose states hold both."""
    return (*rule.drop, *QUANTILES) if {"min", "max"} & set(rule.drop) else rule.drop


def _hidden(rules: Sequence[Rule], *, is_personal: bool) -> frozenset[str]:
    """What rules about tags drop, and values of personal data, unless a rule about the tag or about this column adds them."""
    hidden = set(PERSONAL) if is_personal else set[str]()
    for rule in rules:
        if rule.tag:
            hidden |= set(_dropped(rule))
        if rule.tag or rule.column:
            hidden -= set(rule.add)
    return frozenset(hidden)


def expression_kind(sql: str) -> MergeKind:
    """How the values of an aggregate of the user merge: sums, counts and extremes do."""
    import sqlglot
    from sqlglot import exp

    found = sqlglot.parse_one(sql, dialect="duckdb").unnest()
    if isinstance(found, exp.Sum | exp.Count | exp.CountIf) and not found.find(exp.Distinct):
        return "sum"
    if isinstance(found, exp.Min | exp.Max) and not found.expressions:
        return "min" if isinstance(found, exp.Min) else "max"
    return "none"
