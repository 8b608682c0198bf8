"""Which tables a spec watches, and which rules and slices are about each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from drawloom.frameworks.base import KnownTable, ProjectContext
from drawloom.frameworks.column_tags import Tags
from drawloom.frameworks.stats.rules import Rule
from drawloom.frameworks.stats.scan import Slice
from drawloom.frameworks.stats.spec import Stats
from drawloom.model import Problem
from drawloom.specs.validation import did_you_mean

NOT_WATCHED = ("stats", "anomalies")  # kinds whose tables are about statistics, and are compiled after them


@dataclass(frozen=True, slots=True)
class Watched:
    """A table that is watched, and what the spec says of it."""

    table: KnownTable
    rules: tuple[Rule, ...]
    slices: tuple[Slice, ...]
    tags: Tags


def find_watched(spec: Stats, project: ProjectContext) -> tuple[list[Watched], list[Problem]]:
    """The tables that a spec watches, by name, and what is wrong with its patterns, rules and slices."""
    known = sorted(project.tables(NOT_WATCHED), key=lambda table: table.name.lower())
    chosen = _chosen(spec, known)
    watched = [
        Watched(table, tuple(_rules(spec, table)), tuple(_slices(spec, table)), project.tags_of_table(table.name))
        for table in chosen
    ]
    return watched, [*_pattern_problems(spec, known, chosen), *_name_problems(spec, chosen)]


def fits(table: str, pattern: str) -> bool:
    """Whether a table fits a pattern; case does not matter."""
    return fnmatchcase(table.lower(), pattern.removeprefix("-").lower())


def _chosen(spec: Stats, known: Sequence[KnownTable]) -> list[KnownTable]:
    """A pattern that begins with - leaves tables out wherever it stands."""
    wanted = [pattern for pattern in spec.tables if not pattern.startswith("-")]
    unwanted = [pattern for pattern in spec.tables if pattern.startswith("-")]
    return [
        table
        for table in known
        if any(fits(table.name, one) for one in wanted) and not any(fits(table.name, one) for one in unwanted)
    ]


def names_table(written: str, table: str) -> bool:
    """Whether a table is meant: by its name, or by the part after the schema."""
    return written.lower() in {table.lower(), table.lower().rpartition(".")[2]}


def _rules(spec: Stats, table: KnownTable) -> Iterator[Rule]:
    for rule in spec.rules:
        match, column = rule.match, ""
        if match.column:
            of_table, _, column = match.column.rpartition(".")
            if not names_table(of_table, table.name):
                continue
        yield Rule(
            match.name or "",
            match.type or "",
            match.tag or "",
            column,
            rule.add,
            rule.drop,
            rule.sample,
            rule.expressions,
        )


def _slices(spec: Stats, table: KnownTable) -> Iterator[Slice]:
    for written, one in spec.slices.items():
        if names_table(written, table.name):
            pairs = (text.rpartition(".") for text in one.metrics if "." in text)
            yield Slice(one.by, tuple((column, metric) for column, _, metric in pairs), one.top)


def _pattern_problems(spec: Stats, known: Sequence[KnownTable], chosen: Sequence[KnownTable]) -> Iterator[Problem]:
    names = [table.name for table in known]
    for number, pattern in enumerate(spec.tables):
        if not any(fits(name, pattern) for name in names):
            offer = did_you_mean(pattern.removeprefix("-"), names)
            fix = offer or f"There are: {', '.join(names) or 'none yet'}."
            yield spec.problem(("tables", number), pattern, "must fit a table of a spec, the lake or a source", fix)
    if not chosen and all(any(fits(name, pattern) for name in names) for pattern in spec.tables):
        yield spec.problem(("tables",), ", ".join(spec.tables), "must leave at least one table")


def _name_problems(spec: Stats, chosen: Sequence[KnownTable]) -> Iterator[Problem]:
    for number, rule in enumerate(spec.rules):
        if rule.match.column:
            table, _, column = rule.match.column.rpartition(".")
            yield from _column_problems(spec, ("rules", number, "match", "column"), table, [column], chosen)
    for written, one in spec.slices.items():
        columns = [one.by, *(text.rpartition(".")[0] for text in one.metrics if "." in text)]
        yield from _column_problems(spec, ("slices", written), written, columns, chosen)


def _column_problems(
    spec: Stats, place: tuple[str | int, ...], written: str, columns: Sequence[str], chosen: Sequence[KnownTable]
) -> Iterator[Problem]:
    """A table that is not watched, or columns that it lacks, where its columns are known."""
    found = [table for table in chosen if names_table(written, table.name)]
    if not found:
        names = [table.name for table in chosen]
        fix = did_you_mean(written, [*names, *(name.rpartition(".")[2] for name in names)])
        yield spec.problem(place, written, "must be a table that is watched", fix or f"There are: {', '.join(names)}.")
    for table in found:
        names = [column.name for column in table.columns]
        for column in columns if names and all(one.type for one in table.columns) else ():
            if column.partition(".")[0].lower() not in {name.lower() for name in names}:
                offer = did_you_mean(column, names)
                yield spec.problem(place, column, f"must be a column of {table.name}", offer)
