"""Runs unit tests: the steps of each over its rows, by the step runner, on an engine that has nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from drawloom.engines import quote
from drawloom.model import KEY, Column, DrawloomError, InputError, Problem
from drawloom.run.plan import NeedsResolver
from drawloom.run.snapshot import WarehouseSnapshot
from drawloom.run.step_runner import StepRunner
from drawloom.run.unit_tests.compare import RowDiff, Values, compare_rows
from drawloom.run.unit_tests.load import Loaded
from drawloom.run.unit_tests.notes import notes
from drawloom.run.unit_tests.resolve import Case, ExpectedTable, RowsByDay, resolve
from drawloom.run.unit_tests.rows import Row, check_columns, find_misfits, select_constants
from drawloom.run.unit_tests.tables import Filler, ProjectTables
from drawloom.run.unit_tests.values import plain
from drawloom.sql.template.rendering import render

if TYPE_CHECKING:
    from drawloom.engines.base import StepEngine
    from drawloom.engines.duckdb.rows import DuckRows
    from drawloom.run.project import Project

GIVEN = "given"  # the content hash of rows that are given
SHOWN = 10  # rows of a check that finds some


@dataclass(frozen=True, slots=True)
class TableDiff:
    """How the rows of a table on a day differ from those that are expected; or the rows that a check found."""

    table: str
    ds: date
    diff: RowDiff | None = None
    check: str = ""
    rows: tuple[Values, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a test: passed, failed with what differs or the error of a step, or invalid with problems."""

    test: Loaded
    state: str
    seconds: float = 0.0
    tables: tuple[str, ...] = ()
    differences: tuple[TableDiff, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


PASSED, FAILED, INVALID = "passed", "failed", "invalid"


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """0 where all passed, 1 where one failed, 2 where one is invalid."""
    states = {outcome.state for outcome in outcomes}
    return 2 if INVALID in states else int(FAILED in states)


class TestRunner:
    """Runs tests one after the other; specs are compiled once, and one DuckDB is open.

    Args:
        project: whose specs are tested.
        on_engine: whether Spark or Trino run the steps, where the project has one of them. Rows are compared in DuckDB.
    """

    __test__ = False  # for pytest, which collects classes of such a name

    def __init__(self, project: Project, *, on_engine: bool = False) -> None:
        from drawloom.engines.duckdb.rows import DuckRows

        self._tables = ProjectTables(project)
        self._store = DuckRows()
        self._selects: dict[tuple[object, ...], str] = {}  # of the rows of the test that runs
        self._engine: StepEngine = self._store
        if on_engine and project.catalog_engine:
            from drawloom.engines.catalog.rows import CatalogRows

            self._engine = CatalogRows(project.catalog_engine, self._store)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close DuckDB; the engine is the project's."""
        self._store.close()

    def run_all(self, tests: Iterable[Loaded], listener: Callable[[Outcome], None] = lambda _: None) -> list[Outcome]:
        """Run the tests; the listener gets each outcome as it comes."""
        outcomes = []
        _ = self._tables.fillers  # the specs are compiled before the time of the first test counts
        for test in tests:
            outcomes.append(self.run(test))
            listener(outcomes[-1])
        return outcomes

    def resolve(self, test: Loaded) -> Case:
        """What a test means; its rows fit their columns.

        Raises:
            InputError: something in it is wrong.
        """
        self._selects.clear()
        case = resolve(test.test, self._tables, test.folder)
        given = {table: (one.columns, one.rows) for table, one in case.inputs.items()}
        for table, (columns, rows) in given.items():
            self._select(table, rows, columns, dated=case.inputs[table].dated)
        for one in case.expected:
            if columns := self._tables.columns(one.table):
                for part in (one.rows, one.contains):
                    for of_day in (part or {}).values():
                        self._typed(one.table, of_day, columns)
        return case

    def check(self, tests: Iterable[Loaded]) -> list[Problem]:
        """What is wrong with tests, without running their steps."""
        problems: list[Problem] = []
        for test in tests:
            try:
                self.resolve(test)
            except DrawloomError as error:
                problems += [problem for problem in error.problems if problem not in problems]
        return problems

    def run(self, test: Loaded) -> Outcome:
        """Run one test."""
        began = time.monotonic()
        try:
            case = self.resolve(test)
        except DrawloomError as error:
            return Outcome(test, INVALID, time.monotonic() - began, problems=error.problems)
        tables = tuple(one.table for one in case.expected)
        try:
            columns = _Run(self._engine, self._store, self._tables, case, self._select).run()
            differences = [found for one in case.expected for found in self._compare(one, columns[one.table])]
        except InputError as error:
            return Outcome(test, INVALID, time.monotonic() - began, tables, problems=error.problems)
        except DrawloomError as error:
            return Outcome(test, FAILED, time.monotonic() - began, tables, problems=error.problems)
        finally:
            self._store.clear()
        wrong = tuple(one for one in differences if one.check or (one.diff and not one.diff.same))
        told = notes(case, self._tables) if wrong else ()
        return Outcome(test, FAILED if wrong else PASSED, time.monotonic() - began, tables, wrong, notes=told)

    def rows_of(self, test: Loaded, table: str, day: date) -> list[Values]:
        """The rows of an expected table that come out of a test, as they are compared.

        Raises:
            DrawloomError: the test is not valid, or a step fails.
        """
        case = self.resolve(test)
        try:
            columns = _Run(self._engine, self._store, self._tables, case, self._select).run()
            return self._found(table, day, columns[table])
        finally:
            self._store.clear()

    def types(self, columns: Sequence[Column]) -> list[Any]:
        """DuckDB's types of columns."""
        return self._store.types(columns)

    def _found(self, table: str, day: date, columns: tuple[Column, ...]) -> list[Values]:
        select = ", ".join(quote.name(column.name) for column in columns)
        query = f"SELECT {select} FROM {quote.dotted(table.split('.'))}"
        with self._store.task({table: [day]}, {table: columns}) as task:
            return _values(task.query(query).to_pylist(), columns, self._store)

    def _select(self, table: str, rows: Sequence[Row], columns: Sequence[Column], *, dated: bool) -> str:
        """A SELECT of the rows, whose values fit.

        Raises:
            InputError: one does not.
        """
        key = (table, dated, *map(id, rows))
        if key not in self._selects:
            self._selects[key] = self._checked_select(table, rows, columns, dated=dated)
        return self._selects[key]

    def _checked_select(self, table: str, rows: Sequence[Row], columns: Sequence[Column], *, dated: bool) -> str:
        types = self._store.types(columns)
        select = select_constants(table, rows, columns, types, dated=dated)
        try:
            if rows:
                self._store.arrow(select)
        except DrawloomError as error:
            problems = find_misfits(self._store, table, rows, columns, types)
            raise InputError(*(problems or error.problems)) from error
        return select

    def _typed(self, table: str, rows: Sequence[Row], columns: Sequence[Column]) -> list[Values]:
        """The values of rows as they are compared."""
        if not rows:
            return []
        arrow = self._store.arrow(self._select(table, rows, columns, dated=False))
        return _values(arrow.to_pylist(), columns, self._store)

    def _compare(self, one: ExpectedTable, columns: tuple[Column, ...]) -> Iterable[TableDiff]:
        for day in one.days:
            if one.rows is None and one.contains is None:
                break
            found = self._found(one.table, day, columns)
            for rows, partial in ((one.rows, False), (one.contains, True)):
                if rows is not None:
                    yield TableDiff(one.table, day, self._diff(one, rows, day, found, columns, partial=partial))
        yield from (found for check in one.checks for day in one.days for found in self._check(one, check, day))

    def _diff(
        self,
        one: ExpectedTable,
        by_day: RowsByDay,
        day: date,
        found: Sequence[Values],
        columns: tuple[Column, ...],
        *,
        partial: bool,
    ) -> RowDiff:
        """How the rows of a day differ, in the columns that some expected row of any day names."""
        expected = [row for rows in by_day.values() for row in rows]
        if wrong := check_columns(one.table, expected, columns):
            raise InputError(*wrong)
        named = {name.lower() for row in expected for name in row.values}
        compared = [column.name for column in columns if column.name.lower() in named]
        shown = compared or [column.name for column in columns]
        ordered = one.ordered and self._engine.dialect == "duckdb"
        key, tolerance = one.filler.step.into.unique, one.tolerance
        typed, came = (
            [{name: row[name] for name in shown} for row in some]
            for some in (self._typed(one.table, by_day.get(day, ()), columns), found)
        )
        return compare_rows(typed, came, shown, key, tolerance=tolerance, ordered=ordered, partial=partial)

    def _check(self, one: ExpectedTable, check: Any, day: date) -> Iterable[TableDiff]:
        schedule = one.filler.pipeline.schedule
        text = render(check.sql, day, schedule=schedule, to_run=True).text.strip().rstrip(";")
        columns = {table: self._store.columns(table) or self._tables.columns(table) for table in check.tables}
        with self._store.task(dict.fromkeys(check.tables), columns) as task:
            rows = task.query(f"SELECT * FROM (\n{text}\n) AS found LIMIT {SHOWN}").to_pylist()
        if rows:
            yield TableDiff(one.table, day, check=" ".join(check.sql.split()), rows=tuple(rows))


@dataclass(slots=True)
class _Run:
    """One run of the steps of a test."""

    engine: StepEngine
    store: DuckRows
    tables: ProjectTables
    case: Case
    select: Callable[..., str]
    snapshot: WarehouseSnapshot = field(default_factory=WarehouseSnapshot)
    known: dict[str, tuple[Column, ...]] = field(default_factory=dict)

    def run(self) -> Mapping[str, tuple[Column, ...]]:
        """Run all steps on all days; the columns of every table."""
        self.known = {f.table: f.step.into.columns for f in self.case.steps if f.step.into.columns}
        for table, given in self.case.inputs.items():
            select = self.select(table, given.rows, given.columns, dated=given.dated)
            self.store.add_table(table, given.columns, select, dated=given.dated)
            days: dict[date | None, str] = dict.fromkeys(sorted(given.days), GIVEN) if given.dated else {None: GIVEN}
            self.snapshot.contents[table] = days
            self.known[table] = given.columns
        for day in self.case.test.ds:
            for filler in self.case.steps:
                if self.case.runs(filler, day):
                    self._step(filler, day)
        return self.known

    def _step(self, filler: Filler, day: date) -> None:
        step = filler.step if self.case.test.checks else replace(filler.step, checks=())
        needs = NeedsResolver({}, self.snapshot, date.min, self.tables.project.day_reads).of_day(step, day)
        others = {table: self.tables.columns(table) for table in needs.visible if table != filler.table}
        known = {table: one for table, one in others.items() if one} | self.known
        runner = StepRunner(self.engine, known, folder=self.tables.project.config.root)
        ran = runner.run(step, filler.pipeline.schedule, day, self.snapshot.inputs(needs.visible))
        self.known[filler.table] = ran.columns
        for record in ran.records:
            self.snapshot.add(record)


def _values(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], typing: DuckRows) -> list[Values]:
    types = dict(zip((column.name for column in columns), typing.types(columns), strict=True))
    return [{name: plain(value, types[name]) for name, value in row.items() if name != KEY} for row in rows]
