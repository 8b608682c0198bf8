"""A look at a text before an engine is given it: it must be one statement that only reads."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from drawloom.model import refuse
from drawloom.sql.parse import parse
from drawloom.sql.template import Piece, Rendered


def one_query(sql: str, dialect: str) -> exp.Query:
    """The one SELECT in a text.

    Raises:
        InputError: it holds another kind of statement, more than one, or none; or it is not SQL.
    """
    statements, _ = parse(Rendered(sql, sql, (Piece(0, 0, True, sql),)), dialect)
    if len(statements) != 1:
        raise refuse("not-select", f"statements == {len(statements)}, must be one SELECT.", None, "Remove the others.")
    found = statements[0]
    if not isinstance(found, exp.Query) or any(found.find_all(exp.DML, exp.DDL, exp.Into)):
        kind = found.key.upper()
        message = f"statement == {kind}, must be a SELECT."
        raise refuse("not-select", message, None, "A step only reads; it writes itself.")
    return found


def mentioned(sql: str, dialect: str, has: Callable[[str], object]) -> dict[str, None]:
    """All days of the tables that a text names and the catalog ``has``.

    Raises:
        InputError: as ``one_query``.
    """
    tables = one_query(sql, dialect).find_all(exp.Table)
    names = {f"{table.db}.{table.name}".lower() for table in tables if table.db and not table.catalog}
    return {name: None for name in sorted(names) if has(name)}
