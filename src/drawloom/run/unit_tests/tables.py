"""What tests need to know of a project's tables: who fills them, their columns, and which days of which others a run reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drawloom.model import Column, DateSpan, Family, InputError, Pipeline, Step, errors
from drawloom.run.compile_project import StepAnalyzer, sql_kinds
from drawloom.run.table_catalog import add_columns

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.sql.catalog import Catalog
    from drawloom.sql.column_lineage import ColumnLineage


@dataclass(frozen=True, slots=True)
class Filler:
    """A step, and the pipeline that it belongs to."""

    pipeline: Pipeline
    step: Step

    @property
    def table(self) -> str:
        """The table that it fills."""
        return self.step.into.name


class ProjectTables:
    """The tables of a project whose specs have no errors."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._lineages: dict[str, ColumnLineage | None] = {}

    @cached_property
    def fillers(self) -> dict[str, Filler]:
        """The step of each table, by the table's name."""
        return {table: Filler(p, step) for p in self.project.valid_pipelines for table, step in p.tables.items()}

    @cached_property
    def names(self) -> dict[str, str]:
        """All tables and families in lower case -> their names as their owners spell them."""
        compiled = self.project.compiled
        families = {family.name.lower(): family.name for family in compiled.families.values()}
        return {**compiled.names, **families}

    @cached_property
    def families(self) -> Mapping[str, Family]:
        """The families by their names."""
        return {family.name: family for family in self.project.families}

    def spelling(self, table: str) -> str:
        """The table in the spelling of its owner."""
        return self.names.get(table.lower(), table)

    def find_filler(self, table: str) -> Filler:
        """The step that fills a table.

        Raises:
            InputError: there is none, or its spec has errors.
        """
        name = self.spelling(table)
        if name in self.fillers:
            return self.fillers[name]
        chosen = self.project.select_valid([name])  # raises what is wrong with a name that is unknown
        tables = ", ".join(table for pipeline in chosen for table in pipeline.tables)
        raise InputError(*_no_table(table, tables))

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns of a table without ``ds``, as far as they are known: those that its spec gives now come first."""
        project = self.project
        filler = self.fillers.get(table)
        source = project.config.sources.get(table)
        declared = (filler.step.into.columns if filler else ()) or (source.columns if source else ())
        found = declared or project.compiled.columns.get(table, ()) or project.source_columns.get(table, ())
        return tuple(found or self._written.get(table, ()))

    @cached_property
    def _written(self) -> Mapping[str, tuple[Column, ...]]:
        return self.project.registry.columns()

    def is_dated(self, table: str) -> bool:
        """Whether the table has days."""
        source = self.project.config.sources.get(table)
        return source is None or source.partitioned

    def reads(self, filler: Filler, day: date) -> Iterator[tuple[str, tuple[DateSpan, ...]]]:
        """The tables that the run of a day reads, its data checks too, with the days."""
        step = filler.step
        found = [*self.project.day_reads.on(step, day), *(read for check in step.checks for read in check.reads)]
        yield from ((read.table, read.on(day)) for read in found)

    def lineage(self, filler: Filler) -> ColumnLineage | None:
        """Where the columns of a step's table come from, and which columns decide about its rows; None for Python."""
        if filler.table not in self._lineages:
            self._lineages[filler.table] = self._column_lineage(filler)
        return self._lineages[filler.table]

    def _column_lineage(self, filler: Filler) -> ColumnLineage | None:
        from drawloom.sql.lineage import column_lineage
        from drawloom.sql.script_reader import read_script

        step = filler.step
        if step.sql is None:
            return None
        settings: dict[str, Any] = {"dialect": step.dialect, "target": step.into.name, "macros": step.macros}
        settings |= {"catalog": self.catalog, "schedule": filler.pipeline.schedule, "params": step.params}
        try:
            return column_lineage(read_script(step.sql, **settings))
        except InputError:
            return None

    @cached_property
    def catalog(self) -> Catalog:
        """The tables with their keys, and with the columns that they will have."""
        return add_columns(self.project.catalog, self.project.compiled.columns, ())

    def with_params(self, fillers: Iterable[Filler], params: Mapping[str, Any]) -> list[Filler]:
        """The steps with other values of their parameters; they may read other days then.

        Raises:
            InputError: with these values, the text of a step cannot be read.
        """
        return [self._with_params(filler, params) if params else filler for filler in fillers]

    def _with_params(self, filler: Filler, params: Mapping[str, Any]) -> Filler:
        changed = {name: value for name, value in params.items() if name in filler.step.params}
        if not changed:
            return filler
        compiled, project = self.project.compiled, self.project
        step = replace(filler.step, params={**filler.step.params, **changed})
        kinds = sql_kinds(compiled.frameworks, (filler.pipeline,))
        analyzer = StepAnalyzer(
            compiled.catalog, compiled.names, compiled.families, project.cache, project.settings.engine.kind, kinds
        )
        made = analyzer.analyze_pipeline(replace(filler.pipeline, steps=(step,)))
        if wrong := errors(analyzer.problems):
            raise InputError(*wrong)
        return Filler(filler.pipeline, made.steps[0])


def _no_table(table: str, tables: str) -> Iterator[Any]:
    from drawloom.model import Fix, Problem

    message = f"table == {table}, must be the name of one table."
    yield Problem("unknown-name", "error", message, fix=Fix(f"It has the tables {tables}."))
