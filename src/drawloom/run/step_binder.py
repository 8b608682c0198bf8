"""Binds one step: its SELECT, backfill SQL and data checks, over empty tables in DuckDB."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from drawloom.engines.base import CANONICAL_DIALECT
from drawloom.engines.columns import QuerySchema, duplicate_columns, order_by, output_columns, storable_type
from drawloom.engines.duckdb.binder import Binder, BindError
from drawloom.model import Check, Column, Fix, InputError, Pipeline, Problem, Step
from drawloom.run.bind_problems import BoundText, check_problem, output_problem, select_problem, unknown_described
from drawloom.sql.dialect import transpile
from drawloom.sql.template.rendering import render

if TYPE_CHECKING:
    from drawloom.specs.base import Spec

Columns = tuple[Column, ...]
STAGED = "staged"
_DOTTED = re.compile(r'(?<!\w)(\w+)"?\s*\.\s*"?(\w+)')
MAX_MISSING = 20  # columns that are told of one text
_FIRST_RUN = "is_incremental"  # the function by which a text has another form for the first run


class StepBinder:
    """Binds steps, each to the tables that it is given."""

    def __init__(self, day: date, specs: Mapping[str, Spec], engine: str, undated: frozenset[str]) -> None:
        self._day = day
        self._specs = specs
        self._engine = engine
        self._undated = frozenset(name.lower() for name in undated)
        self._binder = Binder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._binder.__exit__(kind, error, trace)

    def names(self, pipeline: Pipeline, step: Step) -> frozenset[str]:
        """What in the texts of a step may be the name of a table, ``schema.table`` in lower case."""
        text = _Texts(pipeline, step, self._day)
        return _names([*text.selects(), *(check.sql for check in (*step.checks, *step.probes))])

    def bind(
        self, pipeline: Pipeline, step: Step, tables: Mapping[str, Columns], own: Columns
    ) -> tuple[Columns, tuple[Problem, ...]]:
        """The columns of a step's table, and what is wrong; neither where it reads a table whose columns are not known.

        Args:
            pipeline: the step's pipeline.
            step: the step.
            tables: the columns of the tables that it names, in lower case.
            own: the columns of its existing partitions.
        """
        for name in self._binder.known:
            self._binder.drop_table(name)
        for name, columns in tables.items():
            self._binder.add_table(name, columns, key=name not in self._undated)
        texts = _Texts(pipeline, step, self._day)
        return _Binding(self._binder, self._specs.get(pipeline.name), step, own, self._engine).bind(texts)


class _Texts:
    """The texts of a step for a day."""

    def __init__(self, pipeline: Pipeline, step: Step, day: date) -> None:
        self._pipeline = pipeline
        self._step = step
        self._day = pipeline.schedule.last_run_day(day)

    def daily(self) -> list[BoundText]:
        """The SELECT of a day: the first run's form before the other."""
        return self._forms(self._step.sql, {})

    def ranged(self) -> list[BoundText]:
        """The backfill SQL, likewise."""
        return self._forms(self._step.backfill_sql, {"start": self._day.isoformat(), "end": self._day.isoformat()})

    def selects(self) -> list[str]:
        """All of them, as rendered."""
        return [text.rendered.text for text in (*self.daily(), *self.ranged())]

    def check(self, check: Check) -> str:
        """The SQL of a data check."""
        settings: dict[str, Any] = {"macros": self._step.macros, "to_run": True}
        return render(check.sql, self._day, schedule=self._pipeline.schedule, staged=STAGED, **settings).text

    def _forms(self, text: str | None, names: Mapping[str, Any]) -> list[BoundText]:
        """The forms of a text; none where it cannot be rendered or translated, which the analysis of its SQL reports."""
        if not text:
            return []
        try:
            return [self._form(text, names, past=past) for past in ((False, True) if _FIRST_RUN in text else (True,))]
        except InputError:
            return []

    def _form(self, text: str, names: Mapping[str, Any], *, past: bool) -> BoundText:
        step = self._step
        known = {
            "target": step.into.name,
            "is_incremental": lambda: past,
            "macros": step.macros,
            "to_run": True,
            **names,
        }
        rendered = render(
            text, self._day, schedule=self._pipeline.schedule, params=step.params, where=step.where, **known
        )
        return BoundText(rendered, transpile(rendered.text, step.dialect, CANONICAL_DIALECT, day=self._day))


class _Binding:
    """Binds the texts of one step."""

    def __init__(self, binder: Binder, spec: Spec | None, step: Step, own: Columns, engine: str) -> None:
        self._binder = binder
        self._spec = spec
        self._step = step
        self._own = own
        self._engine = engine
        self._problems: list[Problem] = []

    def bind(self, texts: _Texts) -> tuple[Columns, tuple[Problem, ...]]:
        """The columns of the table, and the problems."""
        columns = self._own or self._step.into.columns
        made: Columns = ()
        for is_range, forms in ((False, texts.daily()), (True, texts.ranged())):
            for text in forms:
                if columns:
                    self._binder.add_table(self._step.into.name, columns)
                found = self._select(text, is_range=is_range)
                if not found:
                    return (), self._found()
                made = made or found
                columns = columns or made
        if made and not self._problems:
            self._problems += unknown_described(self._step, made, self._spec)
            self._checks(texts, made)
        return made, self._found()

    def _found(self) -> tuple[Problem, ...]:
        return tuple(dict.fromkeys(self._problems))

    def _select(self, text: BoundText, *, is_range: bool) -> Columns:
        try:
            schema = self._binder.bind(text.sql)
        except BindError as error:
            self._add_select_problem(error, text)
            self._find_more(error, text)
            return ()
        except InputError as error:
            self._problems += [replace(problem, where=self._step.where) for problem in error.problems]
            return ()
        if is_range and not schema.key:
            message = f"The backfill SQL of {self._step.into.name} has no ds; it must project it to fill many days."
            self._problems.append(Problem("bad-columns", "error", message, self._step.where))
        return self._outputs(schema, text)

    def _add_select_problem(self, error: BindError, text: BoundText) -> None:
        if error.missing == "table":
            if self._is_own(error, text.sql):
                self._problems.append(_unknown_past(self._step))
        elif error.missing == "column" or not self._is_native:
            self._problems.append(select_problem(error, self._binder, self._spec, self._step, text))

    def _find_more(self, error: BindError, text: BoundText) -> None:
        """Add the problems of other columns that are missing: DuckDB reports one at a time."""
        missing: set[str] = set()
        while error.missing == "column" and error.name not in missing and len(missing) < MAX_MISSING:
            missing.add(error.name)
            for table in self._binder.mentioned(text.sql)[:1]:
                self._binder.add_column(table, error.name)
            try:
                self._binder.bind(text.sql)
            except BindError as other:
                error = other
            if error.missing in {"column", "function"} and error.name not in missing:
                self._add_select_problem(error, text)

    @property
    def _is_native(self) -> bool:
        """Whether the engine runs the SQL as it is written, which DuckDB knows only by a translation."""
        return self._step.dialect == self._engine != CANONICAL_DIALECT

    def _is_own(self, error: BindError, sql: str) -> bool:
        named = sql[slice(*error.span)] if error.span else error.name
        return named.replace('"', "").lower() == self._step.into.name.lower()

    def _outputs(self, schema: QuerySchema, text: BoundText) -> Columns:
        into = self._step.into
        try:
            outputs = output_columns(into.name, schema, into.columns, self._own)
            order_by(into, outputs)
            return tuple(output.column for output in outputs)
        except InputError as error:
            found = [p for p in error.problems if self._engine == CANONICAL_DIALECT or p.code not in _TYPES]
            self._problems += [output_problem(problem, self._spec, self._step, text) for problem in found]
        return () if duplicate_columns(into.name, schema.names) else into.columns or self._own or _storable(schema)

    def _checks(self, texts: _Texts, columns: Columns) -> None:
        step = self._step
        self._binder.add_table(STAGED, columns)
        self._binder.add_table(step.into.name, columns)
        checks = (*step.checks, *step.probes)
        visible = _names(texts.selects()) | {read.table.lower() for check in checks for read in check.reads}
        for check in checks:
            try:
                sql = transpile(texts.check(check), CANONICAL_DIALECT, CANONICAL_DIALECT)
                self._binder.bind(sql)
                hidden = sorted(name for name in self._binder.tables(sql) if name.lower() not in {STAGED, *visible})
            except BindError as error:
                if error.missing != "table":
                    self._problems.append(check_problem(error, self._binder, self._spec, step, check, sql))
                    continue
                hidden = [sql[slice(*error.span)] if error.span else error.name]
            except InputError as error:
                self._problems += [replace(problem, where=check.where) for problem in error.problems]
                continue
            self._problems += [_hidden(check, step, name) for name in hidden]


_TYPES = {"type-change", "bad-type"}  # on other engines results have other types


def _hidden(check: Check, step: Step, table: str) -> Problem:
    message = f"check {check.name} == ... {table} ..., must read staged, or tables that the SELECT reads too."
    fix = Fix(f"Compare in the SELECT of {step.into.name}, or in a table of its own.")
    return Problem("unknown-table", "error", message, check.where, fix)


def _unknown_past(step: Step) -> Problem:
    message = f"{step.into.name} reads its own past, whose columns are not known before its first day."
    fix = Fix("Declare its `columns`, or write the first day apart: {% if is_incremental() %}.")
    return Problem("unknown-past", "error", message, step.where, fix)


def _storable(schema: QuerySchema) -> Columns:
    try:
        return tuple(Column(name, storable_type(kind)) for name, kind in schema.data)
    except ValueError:
        return ()


def _names(texts: list[str]) -> frozenset[str]:
    return frozenset(".".join(parts).lower() for text in texts for parts in _DOTTED.findall(text))
