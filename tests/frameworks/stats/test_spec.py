"""What is refused in a spec of statistics: each with its value, its rule and what to do."""

from __future__ import annotations

from datetime import date

import pytest

from drawloom.frameworks.base import KnownTable, ProjectContext
from drawloom.frameworks.stats.compile import compile_stats
from drawloom.frameworks.stats.spec import Stats
from drawloom.model import Column, InputError, Step
from drawloom.specs.config import Defaults
from drawloom.specs.document import parse_yaml

ORDERS = KnownTable(
    "core.orders", (Column("order_id", "BIGINT"), Column("amount", "DOUBLE"), Column("country", "VARCHAR"))
)
GIVEN = (ORDERS, KnownTable("raw.clicks"), KnownTable("raw.countries", by_day=False))
PROJECT = ProjectContext("shop", date(2026, 1, 1), Defaults(owner="a@example.com"), given=GIVEN)


def steps(text: str) -> list[Step]:
    """What a spec compiles to in a project of three tables."""
    (document,) = parse_yaml(f"kind: stats\nname: all\nuntil: 'forever: a test'\n{text}", "stats.yml")
    return list(compile_stats(Stats.model_validate(document.data, context=document), PROJECT))


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("tables: ['core.order']", "tables[0] == core.order, must fit a table of a spec, the lake or a source.", "Did you mean core.orders?"),
        ("tables: ['sales.*']", "tables[0] == sales.*, must fit a table", "There are: core.orders, raw.clicks, raw.countries."),
        ("tables: ['core.*', '-core.*']", "tables == core.*, -core.*, must leave at least one table.", None),
        ("tables: ['*.*']\nrules: [{match: {name: '*'}, add: [xyz]}]", "rules[0].add[0] == xyz, must be a metric of columns.", "There are: null_count"),
        ("tables: ['*.*']\nrules: [{match: {name: '*'}, drop: [std_dev]}]", "rules[0].drop[0] == std_dev, must be a metric", "Did you mean stddev?"),
        ("tables: ['*.*']\nrules: [{match: {type: string}, add: [mean]}]", "rules[0].add[0] == mean, must be a metric that columns of the kind string can have.", "It is of decimal, float, int."),
        ("tables: ['*.*']\nrules: [{match: {type: varchar}, add: [top]}]", "rules[0].match.type == 'varchar', must be", None),
        ("tables: ['*.*']\nrules: [{match: {}, add: [top]}]", "rules[0].match == {}, must have a name, type, tag or column.", None),
        ("tables: ['*.*']\nrules: [{match: {name: amount}, expressions: {a: sum(amount)}}]", "rules[0].expressions == a, must match one column, whose table they are about.", "Like match: {column: orders.amount}."),
        ("tables: ['*.*']\nrules: [{match: {column: amount}, add: [top]}]", "rules[0].match.column == amount, must be table.column, like orders.amount.", None),
        ("tables: ['*.*']\nrules: [{match: {column: order.amount}, add: [p50]}]", "rules[0].match.column == order, must be a table that is watched.", "Did you mean orders?"),
        ("tables: ['*.*']\nrules: [{match: {column: orders.amont}, add: [p50]}]", "rules[0].match.column == amont, must be a column of core.orders.", "Did you mean amount?"),
        ("tables: ['*.*']\nslices: {orders: {by: contry, metrics: [row_count]}}", "slices.orders == contry, must be a column of core.orders.", "Did you mean country?"),
        ("tables: ['*.*']\nslices: {orders: {by: country, metrics: [sum]}}", "slices.orders.metrics[0] == sum, must be row_count, or column.metric.", "Write the column before it, like amount.sum."),
        ("tables: ['*.*']\nslices: {orders: {by: country, metrics: [amount.total]}}", "slices.orders.metrics[0] == amount.total, must end with a metric of columns.", None),
        ("tables: ['*.*']\ntier: fast", "tier == 'fast', must be", None),
        ("tables: ['*.*']\nrollups: [year]", "rollups[0] == 'year', must be", None),
        ("tables: ['orders']", "tables[0] == 'orders', must", None),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(text: str, message: str, fix: str | None) -> None:
    with pytest.raises(InputError) as refused:
        steps(text)
    (problem,) = refused.value.problems
    assert message in problem.message
    assert fix is None or (problem.fix is not None and fix in problem.fix.title)
    assert problem.where.line


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("sum(CASE WHEN amount", "it is not SQL"),
        ("amount + 1", "it has a value for each row"),
        ("sum(amount) + amount", "amount has a value for each row"),
        ("(SELECT sum(x) FROM core.other)", "it reads a table"),
        ("sum(amount) OVER ()", "it has a window"),
        ("sum(amount); DROP TABLE t", "it is not one expression"),
    ],
)
def test_expressions_are_one_aggregate_of_the_table(sql: str, reason: str) -> None:
    with pytest.raises(InputError, match=r"must be one aggregate over the rows of its table") as refused:
        steps(f"tables: ['*.*']\nrules: [{{match: {{column: orders.amount}}, expressions: {{bad: '{sql}'}}}}]")
    assert reason in refused.value.problems[0].message


def test_each_table_has_its_steps() -> None:
    made = steps("tables: ['*.*', '-raw.clicks']\nrollups: [week]")
    assert [step.name for step in made] == [
        "meta.column_states__core__orders",
        "meta.column_stats__core__orders",
        "meta.column_stats__core__orders__week",
        "meta.column_states__raw__countries",
        "meta.column_stats__raw__countries",
    ]
    assert [step.landed for step in made] == [False, False, False, True, True]  # past days of it cannot be made up


def test_a_rule_makes_only_the_tables_stale_that_it_is_about() -> None:
    before = {step.name: step.fingerprint for step in steps("tables: ['*.*']")}
    rule = "rules: [{match: {column: orders.amount}, add: [p50]}]"
    after = {step.name: step.fingerprint for step in steps(f"tables: ['*.*']\n{rule}")}
    assert {name for name in before if before[name] != after[name]} == {"meta.column_states__core__orders"}
