"""Types of columns: from another dialect to DuckDB's, and those of a CSV file as DuckDB reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drawloom.run.importers.imported import ImportedFile
from drawloom.specs.columns import column_type
from drawloom.specs.validation import RuleError


def duckdb_type(text: str, dialect: str) -> str | None:
    """The type in the spelling of DuckDB; None where it has none."""
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        return column_type(exp.DataType.build(text, dialect=dialect).sql("duckdb"))
    except (SqlglotError, RuleError, ValueError):
        return None


def column_types(columns: Mapping[str, tuple[str, str]], dialect: str) -> dict[str, Any]:
    """The field ``columns`` of a spec out of type and description by column; nothing where a type is not known."""
    found: dict[str, Any] = {}
    for name, (text, description) in columns.items():
        kind = duckdb_type(text, dialect) if text else None
        if kind is None or name.lower() == "ds":
            return {}
        found[name] = {"type": kind, "description": " ".join(description.split())} if description else kind
    return found


def sniff_csv(path: Path, entry: ImportedFile, given: Mapping[str, Any], dialect: str) -> dict[str, str]:
    """The columns of a CSV file: with the types that are given, and otherwise with those that DuckDB finds in all rows."""
    import duckdb

    try:
        with duckdb.connect() as connection:
            query = "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_csv(?, header = true, delim = ',', sample_size = -1))"
            rows = connection.execute(query, [str(path)]).fetchall()
    except duckdb.Error as error:
        entry.refuse(
            "csv", f"It cannot be read as CSV: {str(error).splitlines()[0]}", 1, "Correct it, or land it by hand."
        )
        return {}
    types = {str(name).lower(): duckdb_type(str(kind), dialect) for name, kind in given.items()}
    found = {name: types.get(name.lower()) or _plain(kind) for name, kind in rows}
    if any(name.lower() == "ds" for name in found):
        entry.refuse("csv", "It has a column ds, which is the day of a partition here.", 1, "Rename the column.")
        return {}
    return found


def _plain(kind: str) -> str:
    try:
        return column_type(kind)
    except RuleError:
        return "VARCHAR"
