"""Writes a test of one step from a few rows of real data: those that are enough for what comes out of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.engines import quote
from drawloom.model import KEY, DrawloomError, RunError, refuse
from drawloom.run.unit_tests.as_yaml import plain_value, yaml_text
from drawloom.run.unit_tests.load import FOLDER, Loaded, load_tests, load_text
from drawloom.run.unit_tests.masking import Masks
from drawloom.run.unit_tests.runner import PASSED, TestRunner
from drawloom.run.unit_tests.shrink import shrink
from drawloom.run.unit_tests.tables import Filler, ProjectTables
from drawloom.specs.unit_test import UnitTest

if TYPE_CHECKING:
    from drawloom.engines.base import Task
    from drawloom.run.project import Project

CANDIDATES = 200  # rows of an input that are looked at
SEEN = 500  # rows of the output from which some are chosen
ROWS = 3  # of the output, for which inputs are searched
_NESTED = {"map", "struct", "list", "array"}  # not every engine can sort by them
Row = dict[str, Any]  # of an input, with ds where it has days


@dataclass(frozen=True, slots=True)
class Created:
    """The test that was written: its file, its name, and how many rows it has, by table."""

    file: Path
    name: str
    rows: Mapping[str, int]
    masked: tuple[str, ...] = ()


def create_test(project: Project, name: str, ds: date) -> Created:
    """Write a test of a table's step on a day; it passes when it is run.

    Args:
        project: whose data is read. Columns tagged pii, and what is made of them, get other values.
        name: of a table, or a pipeline, whose last table is then tested.
        ds: a day whose inputs exist.

    Raises:
        InputError: there is no such table or day, or no rows come out of its inputs.
        RunError: the file cannot be written, or the same rows do not come out again.
    """
    with TestRunner(project) as runner:
        return _Creation(project, runner, name, ds).write()


class _Creation:
    def __init__(self, project: Project, runner: TestRunner, name: str, ds: date) -> None:
        self._project = project
        self._runner = runner
        self._tables = ProjectTables(project)
        self._ds = ds
        self._partition, self._snapshot = project.planned_partition(name, ds)
        self._filler = Filler(self._partition.pipeline, self._partition.step)
        self._visible = {t: days for t, days in self._partition.needs.visible.items() if self._tables.columns(t)}
        self._masks = Masks(self._tables)
        self._checks = True

    @property
    def _table(self) -> str:
        return self._filler.table

    def write(self) -> Created:
        """Choose the rows, write the test, and run it."""
        candidates = self._candidates()
        rows = self._rows_out(candidates)
        if not rows:
            message = f"{self._table} {self._ds} has no rows, must have some to make a test of."
            raise refuse("no-rows", message, None, "Name another day.")
        wanted, filled = min(len(rows), ROWS), _filled(rows)
        chosen = shrink(candidates, lambda inputs: self._is_good(inputs, wanted, filled))
        self._checks = self._passes_checks(chosen)
        name, file = self._free_name(), self._file()
        text = self._text(name, chosen, self._rows_out(chosen))
        self._must_pass(text, file)
        self._append(file, text)
        counts = {table: len(found) for table, found in chosen.items() if found}
        return Created(file, name, counts, tuple(sorted(self._masks.columns)))

    def _candidates(self) -> dict[str, list[Row]]:
        """Rows of each input that may be needed: those with the values of some rows of the output, or else the first ones."""
        links = self._links()
        self._project.attach(self._snapshot, self._visible)
        output = self._project.preview(self._table, self._ds, SEEN).to_pylist()
        some = sorted(output, key=repr)[:: max(1, len(output) // ROWS)][:ROWS]
        visible = {
            table: [day for day in days if day] if self._tables.is_dated(table) else None
            for table, days in self._visible.items()
        }
        existing = {table: columns for table in visible if (columns := self._tables.columns(table))}
        with self._project.engine.task(visible, existing) as task:
            return {table: list(self._read(task, table, links.get(table, {}), some)) for table in sorted(visible)}

    def _links(self) -> dict[str, dict[str, str]]:
        """By input: its columns that come out as they are -> the columns of the output; keys of the output if they do."""
        lineage = self._tables.lineage(self._filler)
        found: dict[str, dict[str, str]] = {}
        unique = {name.lower() for name in self._filler.step.into.unique}
        for one in lineage.origins if lineage else ():
            table, _, column = one.origin.rpartition(".")
            if one.how == "copied" and column.lower() != KEY:
                found.setdefault(self._tables.spelling(table), {})[column] = one.output
        for table, columns in found.items():
            keys = {column: output for column, output in columns.items() if output.lower() in unique}
            found[table] = keys or columns
        return found

    def _read(self, task: Task, table: str, links: Mapping[str, str], some: Sequence[Row]) -> Iterator[Row]:
        columns = [*self._read_columns(table), *([KEY] if self._tables.is_dated(table) else [])]
        types = self._types(table)
        items = ", ".join(map(quote.name, columns))
        matching = " OR ".join(filter(None, (_condition(links, row) for row in some))) if links else ""
        where = f" WHERE {matching}" if matching else ""
        scalar = [name for name in columns if name == KEY or types[name].id not in _NESTED]
        order = f" ORDER BY {', '.join(map(quote.name, scalar))}" if scalar else ""
        found = task.query(f"SELECT {items} FROM {quote.dotted(table.split('.'))}{where}{order} LIMIT {CANDIDATES}")
        for row in found.to_pylist():
            ds = row.pop(KEY, None)
            plain = {name: _plain(value, types[name]) for name, value in row.items()}
            masked = self._masks.row(table, plain, types)
            yield masked | ({KEY: ds} if ds else {})

    def _types(self, table: str) -> dict[str, Any]:
        columns = self._tables.columns(table)
        return dict(zip((column.name for column in columns), self._runner.types(columns), strict=True))

    def _read_columns(self, table: str) -> list[str]:
        """The columns that the SELECT reads, in their order; all where that is not known, and one where it is none."""
        names = [column.name for column in self._tables.columns(table)]
        lineage = self._tables.lineage(self._filler)
        if lineage is None or lineage.unknown:
            return names
        used = {origin.lower() for origin in (*(one.origin for one in lineage.origins), *lineage.filters)}
        checks = " ".join(check.sql for check in self._filler.step.checks if check.reads)
        read = [n for n in names if f"{table}.{n}".lower() in used or re.search(rf"\b{re.escape(n)}\b", checks)]
        return read or names[:1]

    def _test(self, inputs: Mapping[str, Sequence[Row]]) -> Loaded:
        given = {table: [plain_value(row) for row in rows] for table, rows in inputs.items() if rows}
        data = {"ds": self._ds, "given": given, "expect": {self._table: {"contains": []}}, "checks": self._checks}
        return Loaded("created", UnitTest.model_validate(data), Path())

    def _rows_out(self, inputs: Mapping[str, Sequence[Row]]) -> list[Mapping[str, Any]]:
        """What comes out of these rows, without the data checks: few rows may break them."""
        self._checks, before = False, self._checks
        try:
            return self._runner.rows_of(self._test(inputs), self._table, self._ds)
        finally:
            self._checks = before

    def _is_good(self, inputs: Mapping[str, Sequence[Row]], wanted: int, filled: set[str]) -> bool:
        """Whether enough rows come out, with values in all columns that had some."""
        try:
            rows = self._rows_out(inputs)
        except DrawloomError:
            return False
        return len(rows) >= wanted and _filled(rows) >= filled

    def _passes_checks(self, inputs: Mapping[str, Sequence[Row]]) -> bool:
        try:
            self._runner.rows_of(self._test(inputs), self._table, self._ds)
        except DrawloomError:
            return False
        return True

    def _text(self, name: str, inputs: Mapping[str, Sequence[Row]], rows: Sequence[Mapping[str, Any]]) -> str:
        given = {table: self._given(table, found) for table, found in inputs.items() if found}
        comments = [
            f"Written from rows of {self._ds} by `drawloom test --create`; correct what is not as it should be."
        ]
        if self._masks.columns:
            comments.append(f"Values of {', '.join(sorted(self._masks.columns))} are made up: they are tagged pii.")
        if not self._checks:
            comments.append("The data checks of the spec do not pass on so few rows: they are left out.")
        types = self._types(self._table)
        expected = [{name: _plain(value, types[name]) for name, value in row.items()} for row in rows]
        shown = {self._table: sorted(expected, key=repr)}
        return yaml_text(name, self._ds, given, shown, comments=comments, checks=self._checks)

    def _given(self, table: str, rows: Sequence[Row]) -> Any:
        """The rows without their day where only one day is read, or else by day."""
        spans = {span for name, found in self._tables.reads(self._filler, self._ds) if name == table for span in found}
        if not self._tables.is_dated(table) or (len(spans) == 1 and all(first == last for first, last in spans)):
            return [{name: value for name, value in row.items() if name != KEY} for row in rows]
        days: dict[date, list[Row]] = {}
        for row in sorted(rows, key=lambda row: str(row.get(KEY))):
            days.setdefault(row[KEY], []).append({name: value for name, value in row.items() if name != KEY})
        return days

    def _file(self) -> Path:
        return self._project.config.root / FOLDER / f"{self._table.lower().replace('.', '_')}.yml"

    def _free_name(self) -> str:
        taken = {test.name for test in load_tests(self._project.config.root)[0]}
        name = f"{self._table.lower().replace('.', '_')}_{str(self._ds).replace('-', '_')}"
        names = (name if n == 1 else f"{name}_{n}" for n in range(1, len(taken) + 2))
        return next(one for one in names if one not in taken)

    def _must_pass(self, text: str, file: Path) -> None:
        for one in load_text(text, file.name, file.parent):
            assert isinstance(one, Loaded), one
            outcome = self._runner.run(one)
            if outcome.state != PASSED:
                told = "; ".join(str(problem) for problem in outcome.problems) or "other rows come out of the same ones"
                raise refuse("not-repeatable", f"no test of {self._table} can be written from {self._ds}: {told}.")

    @staticmethod
    def _append(file: Path, text: str) -> None:
        try:
            file.parent.mkdir(exist_ok=True)
            before = file.read_text(encoding="utf-8") if file.exists() else ""
            file.write_text(f"{before}\n{text}" if before else text, encoding="utf-8")
        except OSError as error:
            from drawloom.model import Problem

            message = f"{file} cannot be written: {error.strerror}."
            raise RunError(Problem("unwritable", "error", message)) from error


def _filled(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """The columns that have a value in some row."""
    return {name for row in rows for name, value in row.items() if value is not None}


def _condition(links: Mapping[str, str], row: Mapping[str, Any]) -> str:
    """That a row of an input has the values of a row of the output; empty where these cannot be compared as text."""
    texts = []
    for column, output in links.items():
        value = row.get(output)
        if isinstance(value, str | int | date) and not isinstance(value, bool):
            texts.append(f"CAST({quote.name(column)} AS VARCHAR) = {quote.value(str(value))}")
    return f"({' AND '.join(texts)})" if texts else ""


def _plain(value: Any, kind: Any) -> Any:
    from drawloom.run.unit_tests.values import plain

    return value if str(kind) == "JSON" else plain(value, kind)
