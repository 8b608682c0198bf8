"""The rows of a test as they are written, in YAML, CSV or Python, each with its place; and as SELECTs of constants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.engines import quote
from drawloom.model import KEY, Column, DrawloomError, Fix, InputError, Problem, Where, refuse
from drawloom.run.unit_tests.values import cast
from drawloom.specs.document import Keys, read_text
from drawloom.specs.unit_test import is_by_day
from drawloom.specs.validation import RuleError, did_you_mean, display_value

if TYPE_CHECKING:
    from drawloom.engines.duckdb.rows import DuckRows
    from drawloom.specs.unit_test import UnitTest

_FIELD = re.compile(r'[ \t]*(?:"((?:[^"]|"")*)"[ \t]*|([^,\n"]*))(,|\n|\Z)')


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its day, where it has one, its values without ``ds``, and its place. CSV has texts only."""

    values: Mapping[str, Any]
    where: Where
    ds: date | None = None
    is_text: bool = False
    places: Mapping[str, Where] | None = None

    def place(self, column: str) -> Where:
        """The place of a value."""
        return (self.places or {}).get(column, self.where)


def read_rows(test: UnitTest, rows: Any, keys: Keys, folder: Path) -> list[Row]:
    """The rows that a test has under these keys.

    Args:
        test: where they are written.
        rows: as the model has them.
        keys: those that lead to them; a last key ``rows`` may be left out in the file.
        folder: that of the file, to which names of CSV files are relative.

    Raises:
        InputError: they cannot be read; every problem.
    """
    keys = keys[:-1] if keys[-1] == "rows" and test.place(*keys) == test.place(*keys[:-1]) else keys
    if not is_by_day(rows):
        return list(_rows(test, rows or (), keys, folder))
    found: list[Row] = []
    for text, part in rows.items():
        ds = _day(text, test.place(*keys, str(text)))
        of_day = _rows(test, part or (), (*keys, str(text)), folder)
        found += [_on_day(row, ds) for row in of_day]
    return found


def _on_day(row: Row, ds: date) -> Row:
    if row.ds not in {None, ds}:
        raise refuse("wrong-day", f"ds == {row.ds}, must be {ds}, under which the row stands.", row.place(KEY))
    return replace(row, ds=ds)


def _rows(test: UnitTest, rows: Any, keys: Keys, folder: Path) -> Iterator[Row]:
    if isinstance(rows, str):
        yield from _csv(test, rows, test.place(*keys), folder)
        return
    for number, row in enumerate(rows):
        where = test.place(*keys, number)
        places = {name: test.place(*keys, number, name) for name in row}
        yield _row(dict(row), where, places)


def _row(values: dict[str, Any], where: Where, places: Mapping[str, Where], *, is_text: bool = False) -> Row:
    names = [name.lower() for name in values]
    if twice := next((name for name in values if names.count(name.lower()) > 1), None):
        message = f"{twice} is given twice: case does not matter in names of columns."
        raise refuse("duplicate-key", message, places.get(twice, where), "Remove one.")
    key = next((name for name in values if name.lower() == KEY), None)
    given = values.pop(key) if key else None
    ds = _day(given, places.get(key or "", where)) if given is not None else None
    return Row(values, where, ds, is_text, places)


def _day(value: Any, where: Where) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise refuse("bad-day", f"ds == {display_value(value)}, must be a day like 2026-01-31.", where) from None


def _csv(test: UnitTest, text: str, where: Where, folder: Path) -> Iterator[Row]:
    """The rows of CSV text, or of a file; an empty field is NULL, and "" is an empty text."""
    if text.strip().endswith(".csv") and "\n" not in text.strip():
        path = folder / text.strip()
        file = Path(test.where.file or "").parent / text.strip()
        if not path.is_file():
            raise refuse("no-file", f"file == {text.strip()!r}, must exist beside {test.where.file}.", where)
        text, where = read_text(path, str(file)), Where(str(file), 1)
    lines = list(_csv_lines(text, where))
    if not lines:
        raise refuse("bad-csv", "rows == '', must begin with a line of column names.", where)
    (names, place), *rest = lines
    if not all(names) or len({str(name).lower() for name in names}) < len(names):
        raise refuse("bad-csv", f"columns == {', '.join(map(str, names))}, must be names that differ.", place)
    for values, at in rest:
        if len(values) != len(names):
            message = f"row == {len(values)} values, must be {len(names)}: {', '.join(map(str, names))}."
            raise refuse("bad-csv", message, at, "Put values with commas in double quotes.")
        yield _row(dict(zip(map(str, names), values, strict=True)), at, {}, is_text=True)


def _csv_lines(text: str, where: Where) -> Iterator[tuple[list[str | None], Where]]:
    """The fields of each line that is not empty, with its place."""
    at, values, began = 0, [], 0
    while at < len(text):
        found = _FIELD.match(text, at)
        if not found:
            line = text.count("\n", 0, at)
            raise refuse("bad-csv", "a quote is not closed, or stands inside of a value.", _below(where, line))
        values.append(found[1].replace('""', '"') if found[1] is not None else found[2].strip() or None)
        at = found.end()
        if found[3] != ",":
            if values != [None]:
                yield values, _below(where, text.count("\n", 0, began))
            values, began = [], at
    if values:  # the text ends with a comma
        yield [*values, None], _below(where, text.count("\n", 0, began))


def _below(where: Where, lines: int) -> Where:
    return replace(where, line=(where.line or 1) + lines)


def check_columns(table: str, rows: Sequence[Row], columns: Sequence[Column]) -> list[Problem]:
    """A problem for each column that a row names and the table does not have."""
    names = {column.name.lower() for column in columns}
    problems: dict[str, Problem] = {}
    for row in rows:
        for name in row.values:
            if name.lower() not in names and name.lower() not in problems:
                known = [column.name for column in columns]
                fix = did_you_mean(name, known) or f"It has {', '.join(known)}."
                message = f"{table}.{name} is an unknown column."
                problems[name.lower()] = Problem("unknown-column", "error", message, row.place(name), Fix(fix))
    return list(problems.values())


def select_constants(
    table: str, rows: Sequence[Row], columns: Sequence[Column], types: Sequence[Any], *, dated: bool
) -> str:
    """A SELECT of the rows with all of these columns, NULL where a row has none, and ``ds`` where the table is dated.

    Raises:
        InputError: values do not fit their columns; every problem.
    """
    problems: list[Problem] = []
    lines = []
    for row in rows:
        cells = list(_cells(table, row, columns, types, problems))
        lines.append(f"({', '.join([*cells, *([quote.day(row.ds)] if dated and row.ds else [])])})")
    if problems:
        raise InputError(*problems)
    names = [quote.name(column.name) for column in columns] + ([KEY] if dated else [])
    if not rows:
        items = [f"CAST(NULL AS {column.type}) AS {quote.name(column.name)}" for column in columns]
        return f"SELECT {', '.join([*items, *([f'CAST(NULL AS DATE) AS {KEY}'] if dated else [])])} WHERE false"
    return f"SELECT * FROM (VALUES {', '.join(lines)}) AS v ({', '.join(names)})"


def _cells(
    table: str, row: Row, columns: Sequence[Column], types: Sequence[Any], problems: list[Problem]
) -> Iterator[str]:
    values = {name.lower(): (name, value) for name, value in row.values.items()}
    for column, kind in zip(columns, types, strict=True):
        name, value = values.get(column.name.lower(), (column.name, None))
        try:
            yield cast(value, kind, is_text=row.is_text)
        except RuleError as error:
            path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.at)
            problems.append(_misfit(f"{table}.{column.name}{path}", _at(value, error.at), error, row.place(name)))
            yield "NULL"


def _at(value: Any, keys: Keys) -> Any:
    for key in keys:
        value = value[key] if not isinstance(value, Mapping) or key in value else key
    return value


def _misfit(what: str, value: Any, error: RuleError, where: Where) -> Problem:
    message = f"{what} == {display_value(value)}, {error}."
    return Problem("bad-value", "error", message, where, Fix(error.fix) if error.fix else None)


def find_misfits(
    engine: DuckRows, table: str, rows: Sequence[Row], columns: Sequence[Column], types: Sequence[Any]
) -> list[Problem]:
    """The values of which DuckDB says that they do not fit, such as a number that is too large for its column."""
    problems = []
    for row in rows:
        values = {name.lower(): (name, value) for name, value in row.values.items()}
        for column, kind in zip(columns, types, strict=True):
            name, value = values.get(column.name.lower(), (column.name, None))
            try:
                engine.arrow(f"SELECT {cast(value, kind, is_text=row.is_text)} AS v")
            except DrawloomError as error:
                reason = error.problems[0].message.partition("\n")[0]
                rule = RuleError(f"must be a {kind}", f"DuckDB says: {reason}")
                problems.append(_misfit(f"{table}.{column.name}", value, rule, row.place(name)))
    return problems
