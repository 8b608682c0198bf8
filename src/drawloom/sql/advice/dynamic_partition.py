"""PARTITION ({columns}) of {table} takes the partition from the rows, must name it.

Which partitions are replaced then depends on the data: a row of another day replaces that whole day, and a partition
that no row falls into any more keeps its old rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import table_name
from drawloom.sql.advice._tell import tell
from drawloom.sql.advice._walk import nodes
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
            yield tell(__name__, script, partition, fix, columns=", ".join(free), table=table_name(table))
