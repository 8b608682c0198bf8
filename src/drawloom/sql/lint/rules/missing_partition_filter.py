"""{table} is read whole; filter by its partition column {key}.

Every run reads all days: it gets slower every day, nothing can wait for the right partitions, and a rerun of an old
day sees rows that came later.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes, per_script
from drawloom.sql.lint.partition_conditions import (
    compares_with_max,
    first_key_condition,
    key_conditions,
    wrapping_function,
)
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.rules.clock import reads_clock
from drawloom.sql.lint.scopes import catalog_keys, partition_keys
from drawloom.sql.script import Script

CODE = "missing-partition-filter"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """Tables that are known or seem to be partitioned, read without a bound, unless another rule explains that."""
    for reference in script.table_references:
        table = reference.node
        keys = sorted(partition_keys(script, table))
        if reference.read.how != "all" or not keys or not _is_partitioned(script, table):
            continue
        if not _is_explained(script, table):
            key = next((key for key in script.keys if key in keys), keys[0])
            fix = Fix(f"Add {key} = '{{{{ ds }}}}', joined by AND and on the table's own side of a join.")
            yield finding(
                __name__, script, first_key_condition(script, table), fix, table=reference.read.table, key=key
            )


def _is_partitioned(script: Script, table: exp.Expr) -> bool:
    """Whether the table is partitioned by the catalog; if it is not there, whether the text uses or implies its key."""
    known = catalog_keys(script, table)
    if known is not None:
        return bool(known)
    return any(key_conditions(script, table)) or _uses_a_key(script) or _fills_one_day_from_all(script)


@per_script
def _uses_a_key(script: Script) -> bool:
    """Whether a text reads only one table and a condition uses a key that the text did not compute itself."""
    one_table = len({reference.read.table.lower() for reference in script.table_references}) == 1
    used = {column.name.lower() for condition in _conditions(script) for column in condition.find_all(exp.Column)}
    computed = {
        alias.alias.lower()
        for alias in nodes(script, exp.Alias)
        if all(column.name.lower() != alias.alias.lower() for column in alias.this.find_all(exp.Column))
    }
    return one_table and any(key.lower() in used - computed for key in script.keys)


@per_script
def _fills_one_day_from_all(script: Script) -> bool:
    """Whether a text fills one day's partition although nothing that it reads depends on a day."""
    fills = any(key in script.keys for write in script.writes for key in write.partition or ())
    bounded = any(reference.read.how != "all" for reference in script.table_references)
    return fills and not bounded and not any(_has_day(script, condition) for condition in _conditions(script))


def _conditions(script: Script) -> Iterator[exp.Expr]:
    return nodes(script, exp.Where, exp.Join, exp.Having, exp.Qualify)


def _has_day(script: Script, condition: exp.Expr) -> bool:
    """Whether a condition has a constant that comes from the template."""
    constants = condition.find_all(exp.Literal, exp.Parameter)
    return any(isinstance(one, exp.Parameter) or script.span(one) is None for one in constants)


def _is_explained(script: Script, table: exp.Expr) -> bool:
    """Whether another rule describes the problem better, or there is a bound that is only known in the run."""
    select = table.find_ancestor(exp.Select)
    if select is None:
        return False
    if (
        len(select.expressions) == 1
        and isinstance(select.expressions[0].unalias(), exp.Max)
        and not select.args.get("group")
    ):
        return True
    certain = bool(catalog_keys(script, table))
    return any(
        compares_with_max(script, test)
        or (wrapping_function(column) is not None and not certain)
        or (not isinstance(test, exp.Or) and test.find(exp.Parameter, exp.Placeholder, exp.Query))
        or any(map(reads_clock, test.walk()))
        for test, column in key_conditions(script, table)
    )
