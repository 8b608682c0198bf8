"""CREATE TABLE {table} AS runs once only, must start from nothing.

The second run fails because the table is there, or, with IF NOT EXISTS, keeps yesterday's rows without a word.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Fix, Problem, Severity
from drawloom.sql.advice._columns import table_name
from drawloom.sql.advice._tell import tell
from drawloom.sql.script import Script

CODE = "create-once"
SEVERITY: Severity = "warn"


def check(script: Script) -> Iterator[Problem]:
    """CREATE TABLE ... AS SELECT of a lasting table, with neither OR REPLACE nor a DROP before it."""
    dropped: set[str] = set()
    for statement in script.statements:
        table = statement.find(exp.Table)
        if isinstance(statement, exp.Drop) and table is not None:
            dropped.add(table_name(table).lower())
        elif table is not None and _fills_table(statement) and table_name(table).lower() not in dropped:
            fix = Fix("Write CREATE OR REPLACE TABLE, put DROP TABLE IF EXISTS before it, or fill a partition instead.")
            yield tell(__name__, script, table, fix, table=table_name(table))


def _fills_table(statement: exp.Expr) -> bool:
    if not isinstance(statement, exp.Create) or statement.args.get("kind") != "TABLE" or statement.expression is None:
        return False
    temporary = statement.find(exp.TemporaryProperty) is not None
    return isinstance(statement.expression, exp.Query) and not statement.args.get("replace") and not temporary
