"""The unit tests of dbt's models as ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from drawloom.run.importers.dbt.checks import called_table
from drawloom.run.importers.dbt.models import Model, Tables
from drawloom.run.importers.dbt.properties import AllProperties, Properties
from drawloom.run.importers.given_rows import given_rows
from drawloom.run.importers.imported import Imported

_DAY = "2026-01-01"  # any: a snapshot is the same on each day of its inputs


def import_unit_tests(properties: AllProperties, tables: Tables, made: Imported) -> None:
    """Those of models that were imported, each in the file of its model."""
    for test in properties.unit_tests:
        name, model = str(test.data.get("name")), tables.models.get(str(test.data.get("model")))
        entry = made.file(test.document.file or "")
        if model is None or not model.entry.wrote:
            entry.refuse("unit-test", f"The unit test {name} is of a model that was not imported.", test.line())
            continue
        converted = _converted(test, model, tables, made)
        if converted is None:
            continue
        text = yaml.safe_dump(
            {name: converted}, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
        )
        made.write(f"tests/{model.upstream.table}.yml", text, entry)


def _converted(test: Properties, model: Model, tables: Tables, made: Imported) -> dict[str, Any] | None:
    entry = made.file(test.document.file or "")
    name = test.data.get("name")
    overrides = test.data.get("overrides")
    others = sorted(set(overrides) - {"vars"}) if isinstance(overrides, Mapping) else []
    if model.by_day is not None or others:
        why = f"overrides {', '.join(others)}" if others else f"is of {model.name}, of which each day has its own rows"
        entry.refuse(
            "unit-test", f"The unit test {name} {why}.", test.line(), "Write it anew, with the day of each row."
        )
        return None
    given: dict[str, Any] = {}
    inputs = test.data.get("given")
    for n, one in enumerate(inputs if isinstance(inputs, list) else ()):
        upstream = called_table(str(one.get("input")), tables.resolve) if isinstance(one, Mapping) else None
        rows = _rows(one) if isinstance(one, Mapping) else None
        if upstream is None or rows is None:
            line = test.line("given", n)
            fix = "Write its rows into the test, as a list or as CSV."
            entry.refuse("unit-test", f"An input of the unit test {name} is no table or has no rows here.", line, fix)
            return None
        given[upstream.table] = given_rows(rows, upstream.table, made)
    expected = test.data.get("expect")
    rows = _rows(expected) if isinstance(expected, Mapping) else None
    if rows is None:
        entry.refuse(
            "unit-test", f"The unit test {name} expects rows of a file.", test.line("expect"), "Write them into it."
        )
        return None
    found: dict[str, Any] = {"description": str(test.data.get("description") or ""), "ds": _DAY, "given": given}
    found |= {"expect": {model.upstream.table: rows}, "checks": False}
    variables = overrides.get("vars") if isinstance(overrides, Mapping) else None
    return {key: value for key, value in {**found, "params": variables}.items() if value not in ("", None, {})} | {
        "given": given
    }


def _rows(data: Mapping[str, Any]) -> Any:
    rows = data.get("rows")
    is_list = isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows)
    return rows if is_list or (isinstance(rows, str) and data.get("format") == "csv") else None
