"""The columns of a table that a step fills, each with the columns that it is copied or computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from drawloom.model import Column, InputError, Pipeline, Step
from drawloom.run.table_catalog import add_columns
from drawloom.sql.lineage import ColumnLineage, column_lineage

if TYPE_CHECKING:
    from drawloom.run.project import Project

_saved: WeakKeyDictionary[Project, dict[str, ColumnLineage]] = WeakKeyDictionary()
_users: WeakKeyDictionary[Project, Mapping[str, Sequence[str]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """An output column, its type where it is known, and the columns that it is copied or computed from."""

    name: str
    type: str
    copied: tuple[str, ...]
    transformed: tuple[str, ...]
    description: str = ""
    tags: tuple[str, ...] = ()


def step_lineage(project: Project, pipeline: Pipeline, step: Step) -> ColumnLineage:
    """Where the columns of a step with SQL come from, beside all tables of a project."""
    from drawloom.sql.script_reader import read_script

    external = [name for name, source in project.config.sources.items() if not source.landed]
    try:
        script = read_script(
            step.sql or "",
            dialect=step.dialect,
            catalog=add_columns(project.catalog, project.compiled.columns, external),
            schedule=pipeline.schedule,
            target=step.into.name,
            params=step.params,
            macros=step.macros,
        )
    except InputError as error:
        return ColumnLineage(unknown=(str(error),))
    return column_lineage(script)


def saved_lineage(project: Project, pipeline: Pipeline, step: Step) -> ColumnLineage | None:
    """The same of a step that the project has, found once; None of one without SQL."""
    if step.sql is None:
        return None
    known = _saved.setdefault(project, {})
    if step.into.name not in known:
        known[step.into.name] = step_lineage(project, pipeline, step)
    return known[step.into.name]


def column_users(project: Project) -> Mapping[str, Sequence[str]]:
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
