"""PARTITION ({columns}) of {table} takes its value from the rows; name the partition instead.

Which partitions are replaced then depends on the data: a row of another day replaces that whole day, and a partition
that no row falls into any more keeps its old rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.lint.nodes import nodes
from drawloom.sql.lint.rule import finding
from drawloom.sql.scope import table_name
from drawloom.sql.script import Script

CODE = "dynamic-partition"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """Inserts whose PARTITION clause has a column without a value."""
    for insert in nodes(script, exp.Insert):
        table = insert.find(exp.Table)
        partition = table.args.get("partition") if table is not None else None
        if table is None or not isinstance(partition, exp.Partition):
            continue
        free = [item.name for item in partition.expressions if isinstance(item, exp.Column | exp.Identifier)]
        if free:
            wanted = ", ".join(f"{name} = '{{{{ ds }}}}'" if name in script.keys else f"{name} = ..." for name in free)
            fix = Fix(f"Write PARTITION ({wanted}) and leave the columns out of the SELECT.")
            yield finding(__name__, script, partition, fix, columns=", ".join(free), table=table_name(table))
