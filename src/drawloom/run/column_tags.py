"""The tags of all columns of a project: they follow values, through copies and expressions, from table to table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.frameworks.column_tags import OTHERS, Tags
from drawloom.model import Column, Family, InputError, Pipeline, Schedule, Step
from drawloom.run.cached_lineage import cached_lineage, select_lineage
from drawloom.sql.catalog import Catalog, find_entry
from drawloom.sql.column_lineage import ColumnLineage
from drawloom.sql.template.macro_files import Macros

if TYPE_CHECKING:
    from drawloom.specs.config import Config

Found = dict[str, frozenset[str]]
_NONE: frozenset[str] = frozenset()


class ColumnTags:
    """Which tags columns have; found once, when they are first asked for.

    A column has the tags that its spec or source says, and those of all columns that its values come from, but for those that
    are only counted. One without tags of its own has those of columns of the same name, too: of what Python computes and of
    landed files nothing else is known. ``tags: []`` says that a column has none, and nothing is handed on by it.
    Where SQL cannot be followed, its columns have the tags of everything that it reads.
    """

    def __init__(
        self,
        config: Config,
        pipelines: Sequence[Pipeline],
        families: Mapping[str, Family],
        catalog: Catalog,
        macros: Macros,
        cache: Path | None,
    ) -> None:
        self._pipelines = pipelines
        self._families = families
        self._catalog = catalog
        self._macros = macros
        self._cache = cache
        self._said = {name.lower(): _by_name(source.columns) for name, source in config.sources.items()}
        for pipeline in pipelines:
            for table, step in pipeline.tables.items():
                self._said[table.lower()] = _by_name((*step.into.described, *step.into.columns))
        self._named: dict[str, set[str]] = {}
        for columns in self._said.values():
            for name, column in columns.items():
                if column.tags:
                    self._named.setdefault(name, set()).update(column.tags)
        self._tables: dict[str, Found] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing has tags."""
        return not self._named

    def of_table(self, table: str) -> Tags:
        """The tags of a table's columns by name in lower case; those under ``*`` are of all others."""
        if self.is_empty:
            return {}
        found = self._all.get(table.lower(), {})
        names = dict.fromkeys([*self._columns(table.lower()), *self._named])
        told = {name: sorted(self._of(table.lower(), name)) for name in names}
        others = {OTHERS: sorted(found[OTHERS])} if found.get(OTHERS) else {}
        return {name: tags for name, tags in told.items() if tags or others} | others

    def of_select(self, sql: str, schedule: Schedule) -> Tags:
        """The tags of the columns of a SELECT in DuckDB's dialect; none of one that cannot be read, which is told elsewhere."""
        if self.is_empty:
            return {}
        _ = self._all
        try:
            lineage, tables = select_lineage(self._catalog, sql, schedule, self._macros.used_by(sql))
        except InputError:
            return {}
        found = self._through(lineage, tables)
        return {name: sorted(tags | (self._named.get(name) or set())) for name, tags in found.items()}

    @cached_property
    def _all(self) -> Mapping[str, Found]:
        """What columns have from others, by table: handed on until nothing changes, since tables may read each other's past."""
        filled = {
            step.into.name.lower(): (p, step) for p in self._pipelines for step in p.steps if step.sql is not None
        }
        reads = {name: _reads(step) for name, (_, step) in filled.items()}
        reads |= {name: [one.table.lower() for one in family.members] for name, family in self._families.items()}
        readers: dict[str, list[str]] = {}
        for name, tables in reads.items():
            for table in tables:
                readers.setdefault(table, []).append(name)
        lineage = {name: cached_lineage(self._catalog, self._cache, *filler) for name, filler in filled.items()}
        todo = dict.fromkeys(_upstream_first(reads))
        while todo:
            name = next(iter(todo))
            del todo[name]
            family = self._families.get(name)
            found = self._of_members(family) if family else self._through(lineage[name], reads[name])
            if found != self._tables.get(name, {}):
                self._tables[name] = found
                todo |= dict.fromkeys(readers.get(name, ()))
        return self._tables

    def _of(self, table: str, column: str) -> frozenset[str]:
        said = self._said.get(table, {}).get(column)
        if said and not said.inherits_tags:
            return _NONE
        found = self._tables.get(table, {})
        own = frozenset(said.tags) if said else _NONE
        return (own or frozenset(self._named.get(column, ()))) | found.get(column, found.get(OTHERS, _NONE))

    def _through(self, lineage: ColumnLineage, reads: Iterable[str]) -> Found:
        """The tags that the outputs of a SELECT have from what it reads."""
        anything = frozenset(tag for table in reads for name in self._columns(table) for tag in self._of(table, name))
        names = (name for name in lineage.outputs if name != "*")
        found: Found = {name.lower(): anything if name in lineage.unsure else _NONE for name in names}
        for one in lineage.origins:
            table, _, name = one.origin.lower().rpartition(".")
            if one.only_counted:
                continue
            if name == "*" and one.output == "*":
                for same in self._columns(table):
                    found[same] = found.get(same, _NONE) | self._of(table, same)
            elif name != "*":
                found[one.output.lower()] = found.get(one.output.lower(), _NONE) | self._of(table, name)
        if "*" not in lineage.outputs or "*" in lineage.unsure:
            found[OTHERS] = anything
        return found

    def _of_members(self, family: Family) -> Found:
        found: Found = {}
        for member in family.members:
            for name in self._columns(member.table.lower()):
                found[name] = found.get(name, _NONE) | self._of(member.table.lower(), name)
        return found

    def _columns(self, table: str) -> list[str]:
        """The columns of a table that anything is known of."""
        entry = find_entry(self._catalog, table)
        known = [name.lower() for name in entry.columns]
        told = (name for name in self._tables.get(table, {}) if name != OTHERS)
        return list(dict.fromkeys([*self._said.get(table, {}), *known, *told]))


def _by_name(columns: Iterable[Column]) -> dict[str, Column]:
    return {column.name.lower(): column for column in columns}


def _reads(step: Step) -> list[str]:
    return sorted({*(read.table.lower() for read in step.reads), *(family.name.lower() for family in step.families)})


def _upstream_first(reads: Mapping[str, Sequence[str]]) -> list[str]:
    """The tables that are made of others, each after those that it reads; in a circle anywhere."""
    order: dict[str, None] = {}
    seen: set[str] = set()
    for start in reads:
        stack = [(start, False)]
        while stack:
            name, is_done = stack.pop()
            if is_done:
                order[name] = None
            elif name not in seen:
                seen.add(name)
                stack += [(name, True), *((one, False) for one in reads[name] if one in reads)]
    return list(order)
