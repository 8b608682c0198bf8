"""Binds the SQL of all steps over empty tables: the columns that tables will have, and what would fail when it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.engines.base import CANONICAL_DIALECT
from drawloom.model import Column, Fix, Pipeline, Problem, Step, Where, digest
from drawloom.run.bound_cache import BoundCache, CachedStep

if TYPE_CHECKING:
    from drawloom.run.step_binder import StepBinder
    from drawloom.specs.base import Spec

Columns = tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class KnownTables:
    """The columns that are known before anything is bound, without ``ds``, by table.

    ``existing`` are those of partitions in the lake; ``others`` are those of sources and families. ``undated`` have no
    ``ds``. ``unknown`` are the places of sources whose columns are not known.
    """

    existing: Mapping[str, Sequence[Column]] = field(default_factory=dict)
    others: Mapping[str, Sequence[Column]] = field(default_factory=dict)
    undated: frozenset[str] = frozenset()
    unknown: Mapping[str, Where] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Binding:
    """The columns of the tables that steps fill, as far as they follow, the problems of each by its table, and notes."""

    columns: Mapping[str, Columns]
    problems: Mapping[str, tuple[Problem, ...]]
    notes: tuple[Problem, ...] = ()


def bind_steps(
    pipelines: Iterable[Pipeline],
    known: KnownTables,
    day: date,
    *,
    specs: Mapping[str, Spec] | None = None,
    cache: Path | None = None,
    engine: str = CANONICAL_DIALECT,
) -> Binding:
    """Bind the SELECTs and data checks of all steps, each after those that it reads. Reads no data.

    Args:
        pipelines: all of the project.
        known: the columns of the tables that they read.
        day: the day for which the texts are rendered.
        specs: the specs by the names of their pipelines, for places.
        cache: a folder for the results; a step is bound again only where it, or what it reads, has changed.
        engine: the engine that runs the steps.
    """
    with ExitStack() as closing:
        run = _Run(pipelines, known, BoundCache(cache), _Binders(day, specs or {}, engine, known.undated, closing))
        run.bind_all()
        return run.binding()


class _Binders:
    """The binder of steps, which is opened when a step is not in the cache: DuckDB takes a while to import."""

    def __init__(
        self, day: date, specs: Mapping[str, Spec], engine: str, undated: frozenset[str], closing: ExitStack
    ) -> None:
        self.day = day
        self.specs = specs
        self.engine = engine
        self.undated = undated
        self._closing = closing

    @cached_property
    def binder(self) -> StepBinder:
        from drawloom.run.step_binder import StepBinder

        return self._closing.enter_context(StepBinder(self.day, self.specs, self.engine, self.undated))

    def key(self, pipeline: Pipeline, step: Step) -> str:
        """Changes where another text of the step would be bound."""
        checks = [f"{check.name}|{check.sql}|{check.severity}|{check.reads}" for check in (*step.checks, *step.probes)]
        params = [f"{name}={value!r}" for name, value in sorted(step.params.items())]
        texts = [step.sql or "", step.backfill_sql or "", step.macros, *checks, *params, step.dialect, repr(step.into)]
        return digest([*texts, pipeline.schedule.text, pipeline.schedule.timezone, str(self.day), self.engine])


class _Run:
    """One pass over the steps of a project."""

    def __init__(self, pipelines: Iterable[Pipeline], known: KnownTables, cache: BoundCache, binders: _Binders) -> None:
        steps = [(pipeline, step) for pipeline in pipelines for step in pipeline.steps]
        self._known = known
        self._cache = cache
        self._binders = binders
        self._steps = {step.into.name.lower(): (pipeline, step) for pipeline, step in steps}
        self._existing = {name.lower(): tuple(columns) for name, columns in known.existing.items()}
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self._done: dict[str, CachedStep] = {}
        self._columns = {name.lower(): tuple(columns) for name, columns in known.others.items() if columns}
        self._columns |= {name: columns for name, columns in self._existing.items() if name not in self._steps}
        self._columns |= {name: columns for name, (_, step) in self._steps.items() if (columns := self._given(step))}

    def _given(self, step: Step) -> Columns:
        """The columns of a table that do not depend on other tables."""
        return step.into.columns or (() if step.sql is not None else self._existing.get(step.into.name.lower(), ()))

    def bind_all(self) -> None:
        """Bind every step after those that it names; those of a circle as they come."""
        todo = {name: self._names(name) for name, (_, step) in self._steps.items() if step.sql is not None}
        while todo:
            ready = [name for name, names in todo.items() if not (names & todo.keys()) - {name}] or list(todo)
            for name in ready:
                self._bind(name)
                del todo[name]
        self._cache.save(self._done)

    def _names(self, table: str) -> frozenset[str]:
        """The tables that the texts of a step name."""
        pipeline, step = self._steps[table]
        cached = self._cache.get(self._binders.key(pipeline, step))
        return cached.names if cached else self._binders.binder.names(pipeline, step)

    def _bind(self, table: str) -> None:
        pipeline, step = self._steps[table]
        key, names = self._binders.key(pipeline, step), self._names(table) - {table}
        tables = {name: self._columns[name] for name in sorted(names) if name in self._columns}
        own = self._existing.get(table, ())
        if _text(own) == _text(step.into.columns):  # as declared: the first partition changes nothing
            own = ()
        state = digest(f"{name} {_text(columns)}" for name, columns in [*tables.items(), ("", own)])
        cached = self._cache.get(key)
        if cached is None or cached.state != state:
            columns, problems = self._binders.binder.bind(pipeline, step, tables, own)
            cached = CachedStep(names | {table}, state, columns)
            self._problems[step.into.name] = tuple(sorted(problems, key=_line))
        if not self._problems.get(step.into.name):  # with problems, their places may move: bound again each time
            self._done[key] = cached
        if cached.columns:
            self._columns[table] = cached.columns

    def binding(self) -> Binding:
        """The result for the project."""
        columns = {step.into.name: self._columns.get(name, ()) for name, (_, step) in self._steps.items()}
        problems = {table: found for table, found in self._problems.items() if found}
        return Binding({table: found for table, found in columns.items() if found}, problems, tuple(self._notes()))

    def _notes(self) -> Iterator[Problem]:
        """Tables without known columns, each once with those that read it."""
        unknown = dict(self._known.unknown)
        unknown |= {
            s.into.name: s.where for n, (_, s) in self._steps.items() if s.sql is None and n not in self._columns
        }
        for table, where in unknown.items():
            steps = [step.into.name for name, (_, step) in self._steps.items() if step.sql is not None]
            readers = sorted(name for name in steps if table.lower() in self._names(name.lower()) and name != table)
            if readers:
                what = f"{', '.join(readers)} can be checked only when it runs"
                message = f"The columns of {table} are not known: the SQL of {what}."
                yield Problem("not-bound", "info", message, where, Fix("Declare its columns."))


def _line(problem: Problem) -> int:
    return problem.where.line or 0


def _text(columns: Sequence[Column]) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in columns)
