"""What a test means in its project: which steps run on which days, over which rows, and what is expected of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.model import KEY, Column, DateSpan, Fix, InputError, Pipeline, Problem, Where, refuse
from drawloom.model.day_rules import spans_text
from drawloom.run.unit_tests.family_rows import split_by_member
from drawloom.run.unit_tests.rows import Row, check_columns, read_rows
from drawloom.run.unit_tests.sql_checks import SqlCheck, read_checks
from drawloom.run.unit_tests.tables import Filler, ProjectTables
from drawloom.specs.validation import did_you_mean

if TYPE_CHECKING:
    from drawloom.specs.unit_test import Expectation, UnitTest

RowsByDay = Mapping[date, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class InputTable:
    """The rows of a table that steps read. ``days`` are those on which rows are given, also if they are none."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()
    days: frozenset[date] = frozenset()
    dated: bool = True


@dataclass(frozen=True, slots=True)
class ExpectedTable:
    """What is expected of a table, by day; None where nothing is expected of that kind."""

    filler: Filler
    days: tuple[date, ...]
    rows: RowsByDay | None
    contains: RowsByDay | None
    checks: tuple[SqlCheck, ...]
    ordered: bool = False
    tolerance: float = 0.0
    where: Where = field(default_factory=Where)

    @property
    def table(self) -> str:
        """Its name."""
        return self.filler.table


@dataclass(frozen=True, slots=True)
class Case:
    """A test that can run: the steps in their order, the rows of what they read, and what is expected."""

    test: UnitTest
    steps: tuple[Filler, ...]
    inputs: Mapping[str, InputTable]
    expected: tuple[ExpectedTable, ...]

    def runs(self, filler: Filler, day: date) -> bool:
        """Whether a step runs on a day: its schedule has it, and its rows are not given."""
        given = self.inputs.get(filler.table)
        return filler.pipeline.schedule.is_run_day(day) and not (given and day in given.days)


def resolve(test: UnitTest, tables: ProjectTables, folder: Path) -> Case:
    """The test with everything that it names found in the project.

    Args:
        test: as it is written.
        tables: those of the project.
        folder: that of the test's file.

    Raises:
        InputError: something does not exist or does not fit; every problem that can be told at once.
    """
    return _Resolver(test, tables, folder).case()


class _Resolver:
    def __init__(self, test: UnitTest, tables: ProjectTables, folder: Path) -> None:
        self._test = test
        self._tables = tables
        self._folder = folder
        self._problems: list[Problem] = []

    def case(self) -> Case:
        expected = self._find_expected()
        self._stop()
        self._check_days(expected)
        closure = self._with_params(self._upstream(expected, {}))
        given = self._given(closure)
        self._stop()
        steps = _in_order(self._with_params(self._upstream(expected, {name: one.days for name, one in given.items()})))
        inputs = self._inputs(steps, given, {filler.table for filler in expected.values()})
        made = tuple(self._expected_table(filler, key, inputs, steps) for key, filler in expected.items())
        self._stop()
        return Case(self._test, steps, inputs, made)

    def _stop(self) -> None:
        if self._problems:
            raise InputError(*dict.fromkeys(self._problems))

    def _find_expected(self) -> dict[str, Filler]:
        """The steps whose tables are expected, by the name in the test."""
        found: dict[str, Filler] = {}
        for name in self._test.expect:
            try:
                found[name] = self._tables.find_filler(name)
            except InputError as error:
                where = self._test.place("expect", name)
                self._problems += [p if p.where.file else replace(p, where=where) for p in error.problems]
        return found

    def _check_days(self, expected: Mapping[str, Filler]) -> None:
        """Each day must be one on which an expected table is filled, and each of these must have one."""
        schedules = {filler.pipeline.schedule: filler.table for filler in expected.values()}
        for day in self._test.ds:
            if not any(schedule.is_run_day(day) for schedule in schedules):
                schedule, table = next(iter(schedules.items()))
                message = f"ds == {day}, must be a day that names a partition of {table}, which runs {schedule.text}."
                fix = Fix(f"{day} is in the partition {schedule.interval(day)[1]}.")
                self._problems.append(Problem("no-run-day", "error", message, self._test.place("ds"), fix))
        for name, filler in expected.items():
            if not any(map(filler.pipeline.schedule.is_run_day, self._test.ds)):
                message = f"{filler.table} is not filled on any day of the test, must run on one to be expected."
                self._problems.append(Problem("no-run-day", "error", message, self._test.place("expect", name)))
        self._stop()

    def _with_params(self, fillers: Sequence[Filler]) -> list[Filler]:
        """The steps with the parameters of the test.

        Raises:
            InputError: none of them has a parameter of that name.
        """
        known = sorted({name for filler in fillers for name in filler.step.params})
        for name in self._test.params:
            if name not in known:
                message = f"params.{name} is an unknown parameter of {', '.join(self._test.expect)}."
                fix = did_you_mean(name, known) or f"There are: {', '.join(known) or 'none'}."
                raise refuse("unknown-name", message, self._test.place("params", name), fix)
        return self._tables.with_params(fillers, self._test.params)

    def _upstream(self, expected: Mapping[str, Filler], given: Mapping[str, frozenset[date]]) -> list[Filler]:
        """The steps of expected tables, and those before them in the same pipeline whose rows are not given."""
        found: dict[str, Filler] = {}
        todo = list(expected.values())
        while todo:
            filler = todo.pop()
            if filler.table in found:
                continue
            found[filler.table] = filler
            read = {table for day in self._test.ds for table, _ in self._tables.reads(filler, day)}
            own = filler.pipeline.tables
            needed = [t for t in sorted(read) if t in own and not set(self._test.ds) <= given.get(t, frozenset())]
            todo += [Filler(filler.pipeline, own[table]) for table in needed]
        return list(found.values())

    def _given(self, closure: Sequence[Filler]) -> dict[str, InputTable]:
        """The tables whose rows are given, with the day of each row."""
        found: dict[str, InputTable] = {}
        for key, given in self._test.given.items():
            name = self._tables.spelling(key)
            try:
                rows = read_rows(self._test, given.rows, ("given", key, "rows"), self._folder)
                family = self._tables.families.get(name)
                parts = split_by_member(family, rows) if family else {name: rows}
                for table, part in parts.items():
                    if not family or any(table in self._read_days(filler) for filler in closure):
                        found[table] = self._input(key, table, given.columns, part, closure)
            except InputError as error:
                self._problems += error.problems
        return found

    def _input(
        self, key: str, table: str, columns: tuple[Column, ...], rows: Sequence[Row], closure: Sequence[Filler]
    ) -> InputTable:
        where = self._test.place("given", key)
        self._check_is_read(key, table, closure, where)
        columns = self._tables.columns(table) or columns
        if not columns:
            raise _unknown_columns(table, where)
        self._problems += check_columns(table, rows, columns)
        if not self._tables.is_dated(table):
            return InputTable(columns, tuple(rows), dated=False)
        dated = tuple(replace(row, ds=row.ds or self._default_day(table, closure, row)) for row in rows)
        days = frozenset(row.ds for row in dated if row.ds) if rows else frozenset(self._test.ds)
        return InputTable(columns, dated, days)

    def _check_is_read(self, key: str, table: str, closure: Sequence[Filler], where: Where) -> None:
        read = sorted({name for filler in closure for name in self._read_days(filler)})
        if table not in read:
            readers = ", ".join(sorted(filler.table for filler in closure))
            fix = did_you_mean(key, read) or f"Read are: {', '.join(read) or 'none'}."
            raise refuse("not-read", f"given.{key} is not read by {readers}; remove it.", where, fix)

    def _read_days(self, filler: Filler) -> dict[str, list[DateSpan]]:
        found: dict[str, list[DateSpan]] = {}
        for day in self._test.ds:
            for table, spans in self._tables.reads(filler, day):
                found.setdefault(table, []).extend(spans)
        return found

    def _default_day(self, table: str, closure: Sequence[Filler], row: Row) -> date:
        """The day of a row that has none: the only one that is read.

        Raises:
            InputError: several are.
        """
        spans = {span for filler in closure for span in self._read_days(filler).get(table, ())}
        days = {first for first, last in spans if first == last and first}
        if len(spans) == 1 and len(days) == 1:
            return days.pop()
        read = spans_text(sorted(spans, key=str)) or "no day"
        message = f"ds of {table} is missing, must be given: {read} are read."
        raise refuse(
            "no-day", message, row.where, f"Write {KEY}: {self._test.ds[-1]} into the row, or put rows under days."
        )

    def _inputs(
        self, steps: Sequence[Filler], given: Mapping[str, InputTable], expected: set[str]
    ) -> dict[str, InputTable]:
        """All tables that the steps read from outside; without rows they are empty."""
        computed = {filler.table for filler in steps}
        read = sorted({table for filler in steps for table in self._read_days(filler)})
        found = dict(given)
        for table in given:
            if table not in read and table not in computed:
                self._problems.append(self._unread(table, steps))
            if table in expected and given[table].days & set(self._test.ds):
                message = f"{table} is given and expected on {max(given[table].days & set(self._test.ds))}, must be one of both."
                self._problems.append(Problem("not-read", "error", message, self._test.place("given")))
        for table in read:
            if table in found or table in computed:
                continue
            columns = self._tables.columns(table)
            if not columns:
                self._problems += _unknown_columns(table, self._test.place("given")).problems
            found[table] = InputTable(columns, dated=self._tables.is_dated(table))
        return found

    def _unread(self, table: str, steps: Sequence[Filler]) -> Problem:
        names = ", ".join(filler.table for filler in steps)
        message = f"given.{table} is not read by {names}, which are what runs; remove it."
        return Problem("not-read", "error", message, self._test.place("given", table))

    def _expected_table(
        self, filler: Filler, key: str, inputs: Mapping[str, InputTable], steps: Sequence[Filler]
    ) -> ExpectedTable:
        one = self._test.expect[key]
        where = self._test.place("expect", key)
        days = tuple(filter(filler.pipeline.schedule.is_run_day, self._test.ds))
        if one.ordered and not filler.step.into.cluster:
            message = f"ordered == true, must be for a table that is sorted: {filler.table} has no `cluster`."
            self._problems.append(Problem("not-ordered", "error", message, self._test.place("expect", key, "ordered")))
        tables = [*inputs, *(step.table for step in steps)]
        checks = read_checks(self._test, key, one.check, tables, self._tables.project, filler.pipeline.schedule)
        self._problems += checks.problems
        rows, contains = (self._expected_rows(filler, key, one, part, days) for part in ("rows", "contains"))
        return ExpectedTable(filler, days, rows, contains, checks.checks, one.ordered, one.tolerance, where)

    def _expected_rows(
        self, filler: Filler, key: str, one: Expectation, part: str, days: Sequence[date]
    ) -> RowsByDay | None:
        """The rows of each day; days without any are expected to be empty."""
        written: Any = getattr(one, part)
        if written is None:
            return None
        try:
            rows = read_rows(self._test, written, ("expect", key, part), self._folder)
            if columns := self._tables.columns(filler.table):
                self._problems += check_columns(filler.table, rows, columns)
            if rows and not any(row.values for row in rows):
                message = f"rows of {filler.table} name no column, must name one to be compared."
                raise refuse("no-columns", message, rows[0].where, "No rows at all are `rows: []`.")
            by_day: dict[date, list[Row]] = {day: [] for day in days}
            for row in rows:
                by_day[self._expected_day(filler.table, row, days)].append(row)
        except InputError as error:
            self._problems += error.problems
            return {}
        return by_day

    def _expected_day(self, table: str, row: Row, days: Sequence[date]) -> date:
        if row.ds is None and len(days) == 1:
            return days[0]
        if row.ds not in days:
            shown = "is missing" if row.ds is None else f"== {row.ds}"
            message = f"ds of {table} {shown}, must be one of the days of the test: {', '.join(map(str, days))}."
            raise refuse("no-day", message, row.place(KEY))
        assert row.ds
        return row.ds


def _unknown_columns(table: str, where: Where) -> InputError:
    fix = "Declare them in its spec or under `sources`, or beside the rows: {columns: {name: type}, rows: [...]}."
    return refuse("unknown-columns", f"the columns of {table} are not known.", where, fix)


def _in_order(fillers: Iterable[Filler]) -> tuple[Filler, ...]:
    """The steps, each after those that it reads on the same day."""
    by_table = {filler.table: filler for filler in fillers}
    steps = tuple(replace(filler.step, name=table) for table, filler in by_table.items())
    order = Pipeline("test", "test", steps).order
    return tuple(by_table[step.into.name] for step in order)
