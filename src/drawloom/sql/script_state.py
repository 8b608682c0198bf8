"""What one statement of a script leaves for the next: the schema of bare names, and what branches may have written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import exp

from drawloom.sql.days.day_set import DaySet
from drawloom.sql.scope import table_name
from drawloom.sql.statements import command_text

Written = tuple[dict[str, DaySet], dict[str, DaySet], set[str]]
# Dialects in which USE names a database, in which the schema stays open.
_USE_IS_DATABASE = {"snowflake", "tsql", "redshift", "postgres", "fabric"}
_SCHEMA_SETTINGS = {"schema", "search_path", "current_schema"}
_SET_PATH = re.compile(r"(?i)\s*(?:session\s+|local\s+)?search_path\s+to\s+[\"']?(\w+)")


class Branches:
    """The branches around a statement; after one, what was written in it does not count as written."""

    def __init__(self) -> None:
        self._open: list[tuple[object, Written]] = []

    def enter(self, branches: Iterable[object], written: Written) -> Written:
        """What counts as written where a statement in these branches begins."""
        path = list(branches)
        kept = 0
        while kept < min(len(path), len(self._open)) and path[kept] == self._open[kept][0]:
            kept += 1
        if kept < len(self._open):
            written = self._open[kept][1]
            del self._open[kept:]
        for number in path[kept:]:
            self._open.append((number, written))
            written = (dict(written[0]), dict(written[1]), set())
        return written


def set_schema(statement: exp.Expr, schema: str | None) -> None:
    """Puts bare names of a statement in the schema that USE has set."""
    for table in statement.find_all(exp.Table) if schema else ():
        if not table.args.get("db") and isinstance(table.this, exp.Identifier):
            table.meta["schema"] = schema


def schema_of(node: exp.Expr, dialect: str) -> str | None:
    """The schema that USE or SET names; None where it names none."""
    if isinstance(node, exp.Use):
        return _used(node, dialect)
    if isinstance(node, exp.Command):
        rest = command_text(node)
        found = _SET_PATH.match(rest) if node.name == "SET" else None
        return found[1] if found else None
    for item in node.expressions:
        pair = item.this if isinstance(item, exp.SetItem) else None
        if isinstance(pair, exp.EQ) and pair.this.name.lower() in _SCHEMA_SETTINGS:
            return pair.expression.name or None
    return None


def _used(node: exp.Use, dialect: str) -> str | None:
    kind = node.args.get("kind")
    word = (kind.name if isinstance(kind, exp.Expr) else kind or "").upper()
    table = node.this
    if not isinstance(table, exp.Table) or word in ("WAREHOUSE", "ROLE", "CATALOG", "SECONDARY ROLES"):
        return None
    is_database = dialect in _USE_IS_DATABASE and not table.args.get("db")
    return None if is_database and word != "SCHEMA" else table_name(table)
