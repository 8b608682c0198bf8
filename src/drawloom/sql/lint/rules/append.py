"""INSERT INTO {table} adds the rows again on every rerun; replace the partition instead.

A run that is repeated, after a failure or by a backfill, doubles the rows. Overwriting the partition gives the same
rows however often it runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from drawloom.model import Edit, Fix, Problem, Severity
from drawloom.sql.lint.positions import extent, source_span, token_before
from drawloom.sql.lint.rule import finding
from drawloom.sql.lint.scopes import partition_keys
from drawloom.sql.scope import table_name
from drawloom.sql.script import Script

CODE = "append"
SEVERITY: Severity = "error"


def check(script: Script) -> Iterator[Problem]:
    """INSERTs that do not overwrite, with no statement before them that removes the rows they add again."""
    emptied: set[str] = set()
    for statement in script.plain_statements():
        emptied |= _emptied_tables(script, statement)
        for insert in statement.find_all(exp.Insert):
            table = insert.find(exp.Table)
            if table is not None and _adds(insert) and table_name(table).lower() not in emptied:
                yield finding(__name__, script, table, _fix(script, insert, table), table=table_name(table))


def _adds(insert: exp.Insert) -> bool:
    replaces = ("overwrite", "where", "conflict", "alternative", "ignore")
    return not any(insert.args.get(key) for key in replaces) and not isinstance(insert.this, exp.Directory)


def _emptied_tables(script: Script, statement: exp.Expr) -> set[str]:
    """The tables that a statement creates, or removes all rows or those of a partition from."""
    if isinstance(statement, exp.Create | exp.TruncateTable):
        tables = [statement.find(exp.Table)]
    elif isinstance(statement, exp.Delete) and _removes_partition(script, statement):
        tables = [statement.this, *(statement.args.get("tables") or ())]
    else:
        tables = []
    return {table_name(table).lower() for table in tables if isinstance(table, exp.Table)}


def _removes_partition(script: Script, delete: exp.Delete) -> bool:
    where = delete.args.get("where")
    keys = partition_keys(script, delete.this)
    return where is None or any(column.name.lower() in keys for column in where.find_all(exp.Column))


def _fix(script: Script, insert: exp.Insert, table: exp.Table) -> Fix:
    key = next(iter(script.keys), None)
    if key is None or insert.parent is not None:
        return Fix("Write INSERT OVERWRITE.")
    name = table.copy()
    name.set("alias", None)
    name.set("partition", None)
    column = exp.to_identifier(key).sql(script.dialect)
    delete = f"DELETE FROM {name.sql(script.dialect)} WHERE {column} = '{{{{ ds }}}}'"
    title = f"Write INSERT OVERWRITE ... PARTITION ({column} = '{{{{ ds }}}}'), or put {delete} before it."
    return Fix(title, _put_before(script, table, f"{delete};\n"))


def _put_before(script: Script, table: exp.Table, text: str) -> tuple[Edit, ...]:
    """The edit before the statement, if it starts with INSERT."""
    span = extent(table)
    keyword = token_before(script, span[0], "INSERT") if span else None
    previous = token_before(script, keyword.start) if keyword else None
    place = source_span(script, (keyword.start, keyword.end + 1)) if keyword else None
    return (Edit(place[0], place[0], text),) if place and (previous is None or previous.text == ";") else ()
