"""The tests of SQLMesh's models as unit tests of ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import yaml

from drawloom.run.importers.given_rows import given_rows
from drawloom.run.importers.imported import Imported, ImportedFile
from drawloom.run.importers.upstream import Upstream
from drawloom.specs.document import Document

_DAY = "2026-01-01"  # any: a snapshot is the same on each day of its inputs


def import_tests(document: Document, entry: ImportedFile, tables: Mapping[str, Upstream], made: Imported) -> None:
    """The tests of a file, each in the file of the table that it is about."""
    for name, test in document.data.items():
        line = document.where(name).line
        model = str(test.get("model") or "").lower() if isinstance(test, Mapping) else ""
        upstream = tables.get(model)
        if upstream is None or f"specs/{upstream.table}.sql" not in made.texts:
            entry.refuse("unit-test", f"The test {name} is of {model or 'no model'}, which was not imported.", line)
            continue
        converted = _converted(test, upstream, tables, made, (name, entry, line))
        if converted:
            text = yaml.safe_dump(
                {name: converted}, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
            )
            made.write(f"tests/{upstream.table}.yml", text, entry)


def _converted(
    test: Mapping[str, Any],
    upstream: Upstream,
    tables: Mapping[str, Upstream],
    made: Imported,
    at: tuple[str, ImportedFile, int | None],
) -> dict[str, Any] | None:
    name, entry, line = at
    outputs, inputs = test.get("outputs"), test.get("inputs")
    outputs = outputs if isinstance(outputs, Mapping) else {}
    if "ctes" in outputs:
        fix = "Write what deserves a test as a spec of its own."
        entry.note("unit-test", f"What the test {name} expects of CTEs is left out.", line, fix)
    expected = _rows(outputs.get("query"))
    given = {}
    for table, value in (inputs if isinstance(inputs, Mapping) else {}).items():
        other, rows = tables.get(str(table).lower()), _rows(value)
        if other is None or rows is None:
            message = f"The test {name} gives {table}, which is no table here or has no rows."
            entry.refuse("unit-test", message, line, "Write its rows into the test, as a list.")
            return None
        given[other.table] = given_rows(_by_day(rows, other), other.table, made)
    day = _day(test, upstream, expected)
    if expected is None or day is None:
        why = "expects no rows of its query" if expected is None else "is about more than one day"
        entry.refuse("unit-test", f"The test {name} {why}.", line, "Write one for each day.")
        return None
    found = {"description": str(test.get("description") or ""), "ds": day, "given": given}
    return {k: v for k, v in found.items() if v != ""} | {"expect": {upstream.table: expected}, "checks": False}


def _rows(value: Any) -> list[Mapping[str, Any]] | None:
    rows = value.get("rows") if isinstance(value, Mapping) else value
    return rows if isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows) else None


def _by_day(rows: list[Mapping[str, Any]], upstream: Upstream) -> Any:
    """The rows of a daily table under their days, which its column has."""
    column = upstream.day_column
    days = [_as_day(row.get(column)) for row in rows] if column and upstream.form == "daily" else []
    if not days or None in days:
        return rows
    found: dict[Any, list[Mapping[str, Any]]] = {}
    for day, row in zip(days, rows, strict=True):
        found.setdefault(day, []).append(row)
    return found


def _day(test: Mapping[str, Any], upstream: Upstream, expected: list[Mapping[str, Any]] | None) -> Any:
    """The day that is filled; None where there are several."""
    given = test.get("vars")
    variables = given if isinstance(given, Mapping) else {}
    days = {_as_day(variables[key]) for key in ("start", "end") if key in variables}
    if upstream.form == "daily" and upstream.day_column:
        days |= {_as_day(row.get(upstream.day_column)) for row in expected or () if upstream.day_column in row}
    if upstream.form != "daily":
        days = {_as_day(variables.get("end", variables.get("execution_time", _DAY)))}
    return next(iter(days)) if len(days) == 1 else None


def _as_day(value: Any) -> date | None:
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
