"""The columns of a table that a step fills, each with the columns that it is copied or computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from drawloom.model import Column, Pipeline, Step
from drawloom.run.cached_lineage import cached_lineage, read_lineage
from drawloom.run.table_catalog import add_columns
from drawloom.sql.catalog import Catalog
from drawloom.sql.column_lineage import ColumnLineage

if TYPE_CHECKING:
    from drawloom.engines.base import Engine
    from drawloom.run.compile_project import Compiled
    from drawloom.run.registry import Registry
    from drawloom.specs.config import Config


class KnownProject(Protocol):
    """What of a project says which columns its tables have: a ``Project``, which itself asks for tags of columns."""

    config: Config

    @property
    def compiled(self) -> Compiled:
        """What the specs compile to."""
        ...

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """Its pipelines."""
        ...

    @property
    def catalog(self) -> Catalog:
        """The columns that are declared or were written."""
        ...

    @property
    def cache(self) -> Path:
        """The folder of what was found out."""
        ...

    @property
    def registry(self) -> Registry:
        """What was written."""
        ...

    @property
    def engine(self) -> Engine:
        """Reads the columns of files."""
        ...


_saved: WeakKeyDictionary[KnownProject, dict[str, ColumnLineage]] = WeakKeyDictionary()
_catalogs: WeakKeyDictionary[KnownProject, Catalog] = WeakKeyDictionary()
_users: WeakKeyDictionary[KnownProject, Mapping[str, Sequence[str]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """An output column, its type where it is known, and the columns that it is copied or computed from.

    ``noted_at`` are the columns from which it has its description and tags, where they are not its own.
    """

    name: str
    type: str
    copied: tuple[str, ...]
    transformed: tuple[str, ...]
    description: str = ""
    tags: tuple[str, ...] = ()
    noted_at: tuple[str, ...] = ()


def step_lineage(project: KnownProject, pipeline: Pipeline, step: Step) -> ColumnLineage:
    """Where the columns of a step with SQL come from, beside all tables of a project."""
    return read_lineage(_catalog(project), pipeline, step)


def _catalog(project: KnownProject) -> Catalog:
    """All that is known of the columns of a project's tables, before they have partitions, too."""
    if project not in _catalogs:
        external = [name for name, source in project.config.sources.items() if not source.landed]
        _catalogs[project] = add_columns(project.catalog, project.compiled.columns, external)
    return _catalogs[project]


def saved_lineage(project: KnownProject, pipeline: Pipeline, step: Step) -> ColumnLineage | None:
    """The same of a step that the project has, found once; None of one without SQL."""
    if step.sql is None:
        return None
    known = _saved.setdefault(project, {})
    if step.into.name not in known:
        known[step.into.name] = cached_lineage(_catalog(project), project.cache, pipeline, step)
    return known[step.into.name]


def known_columns(project: KnownProject, table: str) -> Sequence[Column]:
    """The columns of a table as its spec declares them, as it was written, or as they are in the files of a source."""
    declared = next((p.tables[table].into.columns for p in project.pipelines if table in p.tables), ())
    written = declared or project.registry.columns([table]).get(table)
    return written or project.compiled.columns.get(table) or project.engine.columns(table)


def column_users(project: KnownProject) -> Mapping[str, Sequence[str]]:
    """Column in lower case -> the columns of other tables that are copied or computed from it, by name."""
    if project not in _users:
        found: dict[str, set[str]] = {}
        for pipeline in project.pipelines:
            for step in pipeline.steps:
                lineage = saved_lineage(project, pipeline, step)
                own = f"{step.into.name.lower()}."
                for one in lineage.origins if lineage else ():
                    if one.origin.lower().startswith(own):
                        continue
                    found.setdefault(one.origin.lower(), set()).add(f"{step.into.name}.{one.output}")
        _users[project] = {origin: sorted(names) for origin, names in found.items()}
    return _users[project]


def column_rows(lineage: ColumnLineage | None, known: Sequence[Column]) -> list[ColumnRow]:
    """The columns in the order of the SELECT, then those of which the SELECT says nothing but ``*``."""
    by_name = {column.name.lower(): column for column in known}
    names = [*lineage.outputs] if lineage else []
    told = {name.lower() for name in names}
    names += [column.name for column in known if column.name.lower() not in told and (lineage is None or "*" in names)]
    origins = lineage.origins if lineage else ()

    def row(name: str) -> ColumnRow:
        column = by_name.get(name.lower(), Column(name, ""))
        found = {how: tuple(o.origin for o in origins if o.output == name and o.how == how) for how in _HOW}
        return ColumnRow(name, column.type, found["copied"], found["transformed"], column.description, column.tags)

    return [row(name) for name in names]


_HOW = ("copied", "transformed")
