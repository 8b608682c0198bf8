"""What people said of columns: their descriptions and tags, which flow to plain copies of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from drawloom.model import Column, Step
from drawloom.run.step_columns import ColumnRow, KnownProject, column_rows, known_columns, saved_lineage

if TYPE_CHECKING:
    pass

_made: WeakKeyDictionary[KnownProject, ColumnNotes] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ColumnNote:
    """The description and the tags of a column, and the columns that it has them from; none where they are its own."""

    description: str = ""
    tags: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


class ColumnNotes:
    """The notes of all columns of a project. The lineage of a step is read when it is first needed."""

    def __init__(self, project: KnownProject) -> None:
        self._project = project
        self._steps = {step.into.name.lower(): (p, step) for p in project.pipelines for step in p.steps}
        self._sources = {name.lower(): source.columns for name, source in project.config.sources.items()}
        self._found: dict[str, ColumnNote] = {}

    def of(self, table: str, column: str) -> ColumnNote:
        """What is said of a column: by its own spec, or by that of the column that it is a copy of."""
        name = f"{table}.{column}".lower()
        if name not in self._found:
            self._found[name] = ColumnNote()  # also for a table that copies its own past
            self._found[name] = self._inherit(name, self._said(table, column))
        return self._found[name]

    def _said(self, table: str, column: str) -> Column:
        filler = self._steps.get(table.lower())
        columns: Sequence[Column] = self._sources.get(table.lower(), ())
        if filler:
            return filler[1].into.said_of(column) or Column(column, "")
        if family := self._project.compiled.families.get(table.lower()):
            columns = family.columns
        return next((one for one in columns if one.name.lower() == column.lower()), Column(column, ""))

    def _inherit(self, name: str, own: Column) -> ColumnNote:
        note = ColumnNote(own.description, own.tags)
        takes_tags = not own.tags and own.inherits_tags
        if own.description and not takes_tags:
            return note
        copied, only_copied = self._copied(name)
        above = [(origin, self.of(*split_name(origin))) for origin in copied]
        described = {one.description for _, one in above}
        used = []
        if not own.description and only_copied and len(described) == 1:
            note = replace(note, description=described.pop())
            used += above if note.description else []
        if takes_tags:
            tagged = [(origin, one) for origin, one in above if one.tags]
            note = replace(note, tags=_each_once(tag for _, one in tagged for tag in one.tags))
            used += tagged
        return replace(note, origins=_each_once(end for origin, one in used for end in one.origins or (origin,)))

    def _copied(self, name: str) -> tuple[list[str], bool]:
        """The columns of other tables that a column is copied from, and whether it is nothing else."""
        filler = self._steps.get(split_name(name)[0])
        lineage = saved_lineage(self._project, *filler) if filler else None
        column = split_name(name)[1]
        made = [one for one in lineage.origins if one.output.lower() == column] if lineage else []
        others = [one for one in made if one.origin.lower() != name]
        return [one.origin for one in others if one.how == "copied"], all(one.how == "copied" for one in others)


def column_notes(project: KnownProject) -> ColumnNotes:
    """The notes of a project, found once."""
    return _made.setdefault(project, ColumnNotes(project))


def split_name(column: str) -> tuple[str, str]:
    """The table and the column of a name like ``core.rides.fare``."""
    table, _, name = column.rpartition(".")
    return table, name


def with_notes(project: KnownProject, table: str, rows: Iterable[ColumnRow]) -> list[ColumnRow]:
    """Columns with what is said of them, also by those that they are copies of."""
    notes = column_notes(project)
    found = [(row, notes.of(table, row.name)) for row in rows]
    return [replace(row, description=n.description, tags=n.tags, noted_at=n.origins) for row, n in found]


def columns_of_page(project: KnownProject, name: str) -> tuple[str, list[ColumnRow]]:
    """The table that a name means, or the one table of a pipeline, with its columns as far as they are known; else none."""
    names = {table.lower(): table for pipeline in project.pipelines for table in pipeline.tables}
    names |= {p.name.lower(): p.steps[0].into.name for p in project.pipelines if len(p.steps) == 1}
    table = names.get(name.lower(), "")
    return table, with_notes(project, table, column_rows(None, known_columns(project, table))) if table else []


def noted_columns(project: KnownProject, step: Step) -> list[Column]:
    """The columns of a step's table as far as they are known, with their own descriptions and tags and those that they inherit."""
    notes = column_notes(project)
    found = [(column, notes.of(step.into.name, column.name)) for column in known_columns(project, step.into.name)]
    return [replace(column, description=note.description, tags=note.tags) for column, note in found]


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
