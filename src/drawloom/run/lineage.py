"""Lineage of tables and of columns over a project: what something is made of, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from drawloom.model import Pipeline, Step, refuse
from drawloom.run.column_notes import column_notes, split_name
from drawloom.run.step_columns import saved_lineage
from drawloom.run.table_graph import table_inputs

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.sql.column_lineage import ColumnLineage

ALL = 1_000  # hops: more than any project has


@dataclass(frozen=True, slots=True)
class Edge:
    """``target`` is made of ``source``; both are tables, or columns like ``core.rides.fare``.

    ``how``: ``read`` between tables; of columns ``copied``, ``transformed``, or ``filtered`` where the source decides which
    rows there are.
    """

    source: str
    target: str
    how: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a table or a column is made of (``up``), and what is made of it (``down``): edges, nearest first.

    ``unknown`` says why not all is known, by table. ``tags`` are those of the columns in it that have some, their own or those
    of what they are copies of.
    """

    name: str
    up: tuple[Edge, ...] = ()
    down: tuple[Edge, ...] = ()
    unknown: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges."""
        return self.up + self.down


def find_lineage(project: Project, name: str, *, up: bool = True, down: bool = True, depth: int = ALL) -> Lineage:
    """The lineage of a table, or of a column, over at most so many hops.

    Raises:
        InputError: there is no such table or column.
    """
    tables = _known_tables(project)
    if table := tables.get(name.lower()):
        walk = _Tables(project)
        return Lineage(
            table, tuple(walk.up(table, depth)) if up else (), tuple(walk.down(table, depth)) if down else ()
        )
    owner, _, column = name.rpartition(".")
    if not (table := tables.get(owner.lower())):
        near = ", ".join(sorted(tables.values())[:10])
        raise refuse(
            "unknown-name", f"name == {name!r}, must be a table or a column of one.", None, f"There are: {near}."
        )
    columns = _Columns(project)
    found = columns.spelled(table, column)
    above = tuple(columns.up(table, found, depth)) if up else ()
    below = tuple(columns.down(table, found, depth)) if down else ()
    lineage = Lineage(f"{table}.{found}", above, below, tuple(columns.unknown.values()))
    return replace(lineage, tags=_tags(project, lineage))


def _tags(project: Project, lineage: Lineage) -> dict[str, tuple[str, ...]]:
    notes = column_notes(project)
    names = [lineage.name, *(end for edge in lineage.edges for end in (edge.source, edge.target))]
    found = {name: notes.of(*split_name(name)).tags for name in dict.fromkeys(names)}
    return {name: tags for name, tags in found.items() if tags}


def _known_tables(project: Project) -> dict[str, str]:
    inputs = table_inputs(project.pipelines)
    names = {*inputs, *(table for tables in inputs.values() for table in tables), *project.settings.sources}
    return {name.lower(): name for name in names}


class _Tables:
    def __init__(self, project: Project) -> None:
        self._inputs = table_inputs(project.pipelines)

    def up(self, table: str, depth: int) -> Iterator[Edge]:
        yield from _walk(
            table, depth, lambda one: [Edge(source, one, "read") for source in sorted(self._inputs.get(one, ()))]
        )

    def down(self, table: str, depth: int) -> Iterator[Edge]:
        def readers(one: str) -> list[Edge]:
            return [Edge(one, made, "read") for made, inputs in sorted(self._inputs.items()) if one in inputs]

        yield from _walk(table, depth, readers, upwards=False)


class _Columns:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._steps = {s.into.name.lower(): (p, s) for p in project.pipelines for s in p.steps}
        self._readers: dict[str, list[tuple[Pipeline, Step]]] = {}
        for pipeline, step in self._steps.values():
            for table in {read.table.lower() for read in step.reads}:
                self._readers.setdefault(table, []).append((pipeline, step))
        self.unknown: dict[str, str] = {}

    def spelled(self, table: str, column: str) -> str:
        """The column as its table has it.

        Raises:
            InputError: the table has no such column.
        """
        known = [c.name for c in self._project.compiled.columns.get(table, ())]
        known = known or [c.name for c in self._project.registry.columns([table]).get(table, ())]
        if lineage := self._lineage(table):
            known += [name for name in lineage.outputs if name != "*"]
        names = {name.lower(): name for name in reversed(known)}
        if names and column.lower() not in names:
            there = ", ".join(dict.fromkeys(known))
            raise refuse(
                "unknown-name", f"column == {column!r}, must be a column of {table}.", None, f"There are: {there}."
            )
        return names.get(column.lower(), column)

    def up(self, table: str, column: str, depth: int) -> Iterator[Edge]:
        yield from _walk(f"{table}.{column}", depth, self._sources)

    def down(self, table: str, column: str, depth: int) -> Iterator[Edge]:
        yield from _walk(f"{table}.{column}", depth, self._uses, upwards=False)

    def _sources(self, name: str) -> list[Edge]:
        table, _, column = name.rpartition(".")
        lineage = self._lineage(table)
        if lineage is None:
            return []
        made = [one for one in lineage.origins if one.output.lower() == column.lower()]
        found = [Edge(one.origin, name, one.how) for one in made if one.origin.lower() != name.lower()]
        seen = {edge.source.lower() for edge in found} | {name.lower()}
        return found + [Edge(one, name, "filtered") for one in lineage.filters if one.lower() not in seen]

    def _uses(self, name: str) -> list[Edge]:
        table = name.rpartition(".")[0]
        found: list[Edge] = []
        for _, step in sorted(self._readers.get(table.lower(), ()), key=lambda pair: pair[1].into.name):
            lineage, made = self._lineage(step.into.name), step.into.name
            if lineage is None:
                continue
            uses = [one for one in lineage.origins if one.origin.lower() == name.lower()]
            found += [Edge(name, f"{made}.{one.output}", one.how) for one in uses if f"{made}.{one.output}" != name]
            if name.lower() in {one.lower() for one in lineage.filters}:
                found.append(Edge(name, made, "filtered"))
        return found

    def _lineage(self, table: str) -> ColumnLineage | None:
        owner = self._steps.get(table.lower())
        if owner is None:
            return None
        found = saved_lineage(self._project, *owner)
        if found is None:
            self.unknown[table] = f"{table} is filled by Python, whose columns cannot be followed."
        elif found.unknown:
            self.unknown[table] = f"{table}: {' '.join(found.unknown)}"
        return found


def _walk(start: str, depth: int, neighbours: Callable[[str], list[Edge]], *, upwards: bool = True) -> Iterator[Edge]:
    """The edges around a name, nearest first. Columns that only filter are told, and not followed."""
    seen, rim = {start.lower()}, [start]
    for _ in range(depth):
        found = [edge for name in rim for edge in neighbours(name)]
        yield from found
        ends = [edge.source if upwards else edge.target for edge in found if edge.how != "filtered"]
        rim = [name for name in dict.fromkeys(ends) if name.lower() not in seen]
        seen |= {name.lower() for name in rim}
        if not rim:
            return
