"""CREATE TABLE {table} AS works only once; replace the table, or fill a partition.

The second run fails because the table already exists, or, with IF NOT EXISTS, silently keeps yesterday's rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.clauses import is_temporary
from drawloom.sql.lint.rule import finding
from drawloom.sql.scope import table_name
from drawloom.sql.script import Script

CODE = "create-once"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """CREATE TABLE ... AS SELECT of a permanent table, without OR REPLACE or a DROP before it."""
    dropped: set[str] = set()
    for statement in script.plain_statements():
        table = statement.find(exp.Table)
        if isinstance(statement, exp.Drop) and table is not None:
            dropped.add(table_name(table).lower())
        elif table is not None and _fills_table(statement) and table_name(table).lower() not in dropped:
            fix = Fix("Write CREATE OR REPLACE TABLE, put DROP TABLE IF EXISTS before it, or fill a partition instead.")
            yield finding(__name__, script, table, fix, table=table_name(table))


def _fills_table(statement: exp.Expr) -> bool:
    if not isinstance(statement, exp.Create) or statement.args.get("kind") != "TABLE" or statement.expression is None:
        return False
    is_replaced = bool(statement.args.get("replace"))
    return isinstance(statement.expression, exp.Query) and not is_replaced and not is_temporary(statement)
