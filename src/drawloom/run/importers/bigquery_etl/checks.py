"""checks.sql of bigquery-etl: its macros as data checks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drawloom.run.importers.imported import Imported
from drawloom.run.importers.jinja_text import Call, line_of, tags
from drawloom.run.importers.project_files import ProjectFiles
from drawloom.sql.dialect import quoted

_MARK = re.compile(r"^#\s*(fail|warn)\b.*$", re.MULTILINE)


def import_checks(file: str, files: ProjectFiles, made: Imported, days: frozenset[str]) -> list[dict[str, Any]]:
    """The data checks of a table; what is not one of the macros is named in the report."""
    if file not in files.names:
        return []
    entry = made.file(file)
    text = files.read(entry)
    if text is None:
        return []
    found: list[dict[str, Any]] = []
    marks = list(_MARK.finditer(text))
    for mark, end in zip(marks, [*(one.start() for one in marks[1:]), len(text)], strict=True):
        part, line = text[mark.end() : end], line_of(text, mark.start())
        calls = [call for tag in tags(part) for call in tag.calls() if call.is_whole]
        check = _check(calls[0], days) if len(calls) == 1 and not _sql(part) else None
        if check is None:
            what = (
                f"{calls[0].name}({calls[0].text.strip()})" if len(calls) == 1 and not _sql(part) else "SQL of its own"
            )
            fix = "Write it as `sql: {name: ..., query: SELECT ... FROM staged}` in `checks`."
            entry.note("check", f"The check with {' '.join(what.split())} has no data check of ours.", line, fix)
        else:
            found.append(check if mark[1] == "fail" else {**check, "severity": "warn"})
    return found


def _sql(part: str) -> str:
    """What a part has besides its tags and comments."""
    for tag in reversed(tags(part)):
        part = part[: tag.start] + part[tag.end :]
    return re.sub(r"(--|#).*", "", part).strip("; \n\t")


def _check(call: Call, days: frozenset[str]) -> dict[str, Any] | None:
    arguments = _Arguments(call)
    where = arguments.get(_WHERE.get(call.name, 9), "where")
    if isinstance(where, str) and not _is_partition(where, days):
        return None
    columns = arguments.get(0, "columns")
    listed = [columns] if isinstance(columns, str) else columns if isinstance(columns, list) else []
    match call.name:
        case "not_null" if listed:
            return {"not_null": listed}
        case "is_unique" if listed and all(str(one).isidentifier() for one in listed):
            return {"unique": listed}
        case "min_row_count" if isinstance(least := arguments.get(0, "threshold"), int):
            return {"rows": {"min": least}}
        case "accepted_values" if isinstance(values := arguments.get(1, "values"), list):
            return {"accepted_values": {str(arguments.get(0, "column")): values}}
        case "in_range" if listed:
            return _in_range(listed, arguments.get(1, "min"), arguments.get(2, "max"))
        case "value_length" if isinstance(length := arguments.get(1, "expected_length"), int):
            column = str(arguments.get(0, "column"))
            query = f"SELECT * FROM staged WHERE length({quoted(column)}) <> {length}"
            return {"sql": {"name": f"length of {column}", "query": query}}
        case "matches_pattern" if isinstance(pattern := arguments.get(1, "pattern"), str):
            column, text = str(arguments.get(0, "column")), pattern.replace("'", "''")
            query = f"SELECT * FROM staged WHERE NOT regexp_matches({quoted(column)}, '{text}')"
            return {"sql": {"name": f"pattern of {column}", "query": query}} if "{" not in text else None
    return None


_WHERE = {
    "not_null": 1,
    "is_unique": 1,
    "min_row_count": 1,
    "accepted_values": 2,
    "in_range": 3,
    "value_length": 2,
    "matches_pattern": 2,
}


class _Arguments:
    def __init__(self, call: Call) -> None:
        self._listed = call.arguments or ()
        self._named: Mapping[str, Any] = call.keywords

    def get(self, place: int, name: str) -> Any:
        return self._named.get(name, self._listed[place] if place < len(self._listed) else None)


def _is_partition(where: str, days: frozenset[str]) -> bool:
    """Whether a condition only chooses the partition of the run."""
    found = re.fullmatch(r"(?:DATE\()?[\w.]+\)?\s*=\s*@(\w+)", where.strip(), re.IGNORECASE)
    return bool(found) and found[1].lower() in days  # type: ignore[index]


def _in_range(columns: list[Any], low: Any, high: Any) -> dict[str, Any] | None:
    bounds = [(sign, bound) for sign, bound in (("<", low), (">", high)) if isinstance(bound, int | float)]
    sides = [f"{quoted(str(column))} {sign} {bound}" for column in columns for sign, bound in bounds]
    query = f"SELECT * FROM staged WHERE {' OR '.join(sides)}"
    return {"sql": {"name": f"range of {', '.join(map(str, columns))}", "query": query}} if sides else None
