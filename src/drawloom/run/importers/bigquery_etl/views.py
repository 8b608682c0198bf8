"""Views, which are not kept: whoever reads one reads its SELECT."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError

from drawloom.run.importers.imported import ImportedFile
from drawloom.run.importers.sql_tables import parse


@dataclass(frozen=True, slots=True)
class View:
    """A view and its query."""

    table: str
    entry: ImportedFile
    query: str
    line: int


def read_view(text: str, table: str, entry: ImportedFile) -> View | None:
    """The view that a text creates; where it is another text, the entry says so."""
    try:
        statements = parse(text, "bigquery")
    except (SqlglotError, RecursionError):
        entry.refuse("syntax", "It cannot be read as one CREATE VIEW.", 1)
        return None
    created = statements[0] if len(statements) == 1 else None
    if not isinstance(created, exp.Create) or not isinstance(created.expression, exp.Query):
        entry.refuse("view", "It is not one CREATE VIEW ... AS SELECT.", 1)
        return None
    fix = "Write the query as a spec, where it is more than another name."
    entry.refuse("view", "There are no views here: readers read the tables that it reads.", 1, fix)
    return View(table, entry, created.expression.sql("bigquery"), 1)
