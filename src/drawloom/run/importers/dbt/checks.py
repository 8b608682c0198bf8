"""The tests of dbt's models as data checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from drawloom.run.importers.dbt.properties import Properties
from drawloom.run.importers.imported import ImportedFile
from drawloom.run.importers.jinja_text import tags
from drawloom.run.importers.upstream import Upstream
from drawloom.sql.dialect import quoted

Resolve = Callable[..., Upstream | None]
_SETTINGS = frozenset({"name", "config", "description", "severity", "where", "tags", "meta", "enabled", "test_name"})


def checks_of(
    properties: Properties, entry: ImportedFile, resolve: Resolve, file: ImportedFile, read: AbstractSet[str]
) -> list[dict[str, Any]]:
    """The data checks that stand for the tests of a model.

    Args:
        properties: those of the model.
        entry: the file of the model, whose report names what is not expressed.
        resolve: finds the table that a ``ref`` or ``source`` names.
        file: the YAML file, for places.
        read: the tables that the model reads; its checks can read no others.
    """
    found: list[dict[str, Any]] = []
    for of, keys, test in _tests(properties):
        name, arguments = _named(test)
        column = of or str(arguments.get("column_name") or "")
        line = properties.line(*keys)
        other = called_table(str(arguments.get("to")), resolve) if name == "relationships" else None
        check = _check(name, arguments, column, resolve) if other is None or other.table in read else None
        where, severity = _setting(arguments, "where"), str(_setting(arguments, "severity") or "error").lower()
        if _setting(arguments, "enabled") is False:
            continue
        if check is None or where:
            what = f"a condition of its own ({where!r})" if check and where else "no data check of ours"
            about = f" of {column}" if column else ""
            fix = "Write it as `sql: {name: ..., query: SELECT ... FROM staged}` in `checks`."
            message = f"The test {name}{about} ({file.file}:{line}) has {what}."
            entry.note("test", message, None, fix)
        else:
            found.append(check if severity != "warn" else {**check, "severity": "warn"})
    return [check for n, check in enumerate(found) if check not in found[:n]]


def _tests(properties: Properties) -> Iterator[tuple[str, tuple[str | int, ...], Any]]:
    """Each test with its column, empty where it is of the whole table, and the keys to it."""
    for key in ("tests", "data_tests"):
        listed = properties.data.get(key)
        for n, test in enumerate(listed if isinstance(listed, list) else ()):
            yield "", (key, n), test
        for number, column in properties.columns:
            inner = column.get(key)
            for n, test in enumerate(inner if isinstance(inner, list) else ()):
                yield str(column["name"]), ("columns", number, key, n), test


def _named(test: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(test, Mapping) and test:
        name = str(test.get("test_name") or next(iter(test)))
        inner = test if "test_name" in test else test[next(iter(test))]
        inner = {**inner, **{k: v for k, v in test.items() if k != name}} if isinstance(inner, Mapping) else {}
        arguments = inner.get("arguments")
        return name, {**inner, **arguments} if isinstance(arguments, Mapping) else inner
    return str(test), {}


def _setting(arguments: Mapping[str, Any], key: str) -> Any:
    config = arguments.get("config")
    inner = config.get(key) if isinstance(config, Mapping) else None
    return inner if inner is not None else arguments.get(key)


def _check(name: str, arguments: Mapping[str, Any], column: str, resolve: Resolve) -> dict[str, Any] | None:
    found = _BY_NAME.get(name.rpartition(".")[2] if name.startswith("dbt_utils.") else name)
    return found(arguments, column, resolve) if found else None


def _not_null(_: Mapping[str, Any], column: str, __: Resolve) -> dict[str, Any] | None:
    return {"not_null": [column]} if column else None


def _unique(_: Mapping[str, Any], column: str, __: Resolve) -> dict[str, Any] | None:
    return {"unique": [column]} if column else None


def _accepted(arguments: Mapping[str, Any], column: str, _: Resolve) -> dict[str, Any] | None:
    values = arguments.get("values")
    return {"accepted_values": {column: values}} if column and isinstance(values, list) and values else None


def _unique_together(arguments: Mapping[str, Any], _: str, __: Resolve) -> dict[str, Any] | None:
    columns = arguments.get("combination_of_columns")
    is_plain = (
        isinstance(columns, list) and columns and all(isinstance(one, str) and one.isidentifier() for one in columns)
    )
    return {"unique": columns} if is_plain else None


def _relationships(arguments: Mapping[str, Any], column: str, resolve: Resolve) -> dict[str, Any] | None:
    upstream = called_table(str(arguments.get("to")), resolve)
    field = arguments.get("field")
    if upstream is None or not column or not isinstance(field, str):
        return None
    mine, other = quoted(column), quoted(field)
    there = f"SELECT {other} FROM {upstream.read('duckdb', 'other')} WHERE {other} IS NOT NULL"
    query = f"SELECT * FROM staged WHERE {mine} IS NOT NULL AND {mine} NOT IN ({there})"
    return {"sql": {"name": f"{column} is in {upstream.table}.{field}", "query": query}}


def _expression(arguments: Mapping[str, Any], column: str, _: Resolve) -> dict[str, Any] | None:
    text = arguments.get("expression")
    if not isinstance(text, str) or "{{" in text or "{%" in text:
        return None
    whole = f"{quoted(column)} {text}" if column else text
    return {"sql": {"name": f"expression: {whole}", "query": f"SELECT * FROM staged WHERE NOT ({whole})"}}


def _accepted_range(arguments: Mapping[str, Any], column: str, _: Resolve) -> dict[str, Any] | None:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if not column or not all(one is None or isinstance(one, int | float) for one in (low, high)):
        return None
    equal = "" if arguments.get("inclusive", True) else "="
    sides = [
        f"{quoted(column)} {sign}{equal} {bound}" for sign, bound in (("<", low), (">", high)) if bound is not None
    ]
    if not sides:
        return None
    return {"sql": {"name": f"range of {column}", "query": f"SELECT * FROM staged WHERE {' OR '.join(sides)}"}}


_BY_NAME: dict[str, Callable[[Mapping[str, Any], str, Resolve], dict[str, Any] | None]] = {
    "not_null": _not_null,
    "unique": _unique,
    "accepted_values": _accepted,
    "relationships": _relationships,
    "unique_combination_of_columns": _unique_together,
    "expression_is_true": _expression,
    "accepted_range": _accepted_range,
}


def called_table(text: str, resolve: Resolve) -> Upstream | None:
    """The table that ``ref('a')`` or ``source('a', 'b')`` names, in a value of YAML."""
    text = text.strip()
    inner = text if text.startswith("{{") else "{{ " + text + " }}"
    call = next((call for tag in tags(inner) for call in tag.calls() if call.is_whole), None)
    return resolve(call.name, *call.arguments) if call and call.arguments and call.name in {"ref", "source"} else None
