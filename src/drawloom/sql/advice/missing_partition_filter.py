"""{table} is read whole, must be bounded by its partition column {key}.

Every run reads all days there are: it gets slower every day, nothing can wait for the right partitions, and a rerun of
an old day sees rows that came later.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import entry, key_names
from drawloom.sql.advice._keys import first_test, key_tests, takes_latest, wrapper_of
from drawloom.sql.advice._memo import per_script
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes, sources
from drawloom.sql.advice.clock import reads_clock
from drawloom.sql.script import Script

CODE = "missing-partition-filter"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """Tables that are known or look to be partitioned, read without a bound that no other rule explains."""
    for occurrence in script.occurrences:
        table = occurrence.node
        keys = sorted(key_names(script, table))
        if occurrence.read.how != "all" or not keys or not _is_partitioned(script, table):
            continue
        if not _is_explained(script, table):
            key = next((key for key in script.keys if key in keys), keys[0])
            fix = Fix(f"Add {key} = '{{{{ ds }}}}', joined by AND and on the table's own side of a join.")
            yield tell(__name__, script, first_test(script, table), fix, table=occurrence.read.table, key=key)


def _is_partitioned(script: Script, table: exp.Expr) -> bool:
    """Whether the catalog says so; where it is silent, whether the text uses the table's key, or must mean one."""
    known = entry(script, table).keys
    if known is not None:
        return bool(known)
    return any(key_tests(script, table)) or _names_key(script) or _fills_day_of_all(script)


@per_script
def _names_key(script: Script) -> bool:
    """Whether a text reads only one table, and a condition uses a key that the text did not make itself."""
    one = len({occurrence.read.table.lower() for occurrence in script.occurrences}) == 1
    used = {column.name.lower() for condition in _conditions(script) for column in condition.find_all(exp.Column)}
    made = {
        alias.alias.lower()
        for alias in nodes(script, exp.Alias)
        if all(column.name.lower() != alias.alias.lower() for column in alias.this.find_all(exp.Column))
    }
    return one and any(key.lower() in used - made for key in script.keys)


@per_script
def _fills_day_of_all(script: Script) -> bool:
    """Whether a text fills one day's partition, while nothing that it reads has to do with a day."""
    fills = any(key in script.keys for write in script.writes for key in write.partition or ())
    bounded = any(occurrence.read.how != "all" for occurrence in script.occurrences)
    return fills and not bounded and not any(_has_day(script, condition) for condition in _conditions(script))


def _conditions(script: Script) -> Iterator[exp.Expr]:
    return nodes(script, exp.Where, exp.Join, exp.Having, exp.Qualify)


def _has_day(script: Script, condition: exp.Expr) -> bool:
    """Whether a condition has a constant that the template put in."""
    constants = condition.find_all(exp.Literal, exp.Parameter)
    return any(isinstance(one, exp.Parameter) or script.span(one) is None for one in constants)


def _is_explained(script: Script, table: exp.Expr) -> bool:
    """Whether another rule tells more exactly what is wrong, or a bound is there that only the run will know."""
    select = table.find_ancestor(exp.Select)
    if select is None:
        return False
    if (
        len(select.expressions) == 1
        and isinstance(select.expressions[0].unalias(), exp.Max)
        and not select.args.get("group")
    ):
        return True
    among = sources(select)
    sure = bool(entry(script, table).keys)
    return any(
        takes_latest(test, among, script)
        or (wrapper_of(column) is not None and not sure)
        or (not isinstance(test, exp.Or) and test.find(exp.Parameter, exp.Placeholder, exp.Query))
        or any(map(reads_clock, test.walk()))
        for test, column in key_tests(script, table)
    )
