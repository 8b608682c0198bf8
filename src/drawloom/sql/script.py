"""A Script: a parsed text with its reads and writes, and the places of its nodes in the user's text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from drawloom.model import Problem, Read, Schedule, Where
from drawloom.sql.catalog import Catalog

if TYPE_CHECKING:
    from sqlglot import exp

    from drawloom.sql.template.rendering import Rendered
    from drawloom.sql.template.unknown import UnknownName


@dataclass(frozen=True, slots=True)
class Write:
    """A table that a statement writes.

    ``mode`` is overwrite, append, create, view, merge, update or delete. ``partition`` maps each key of a
    PARTITION clause to a day's offset, a literal, or None where it is dynamic; None without such a clause.
    ``statement`` is the index of the statement. ``replaces``: running it again leaves the same rows, because it overwrites
    or because the rows that it appends were deleted before.
    """

    table: str
    mode: str
    partition: Mapping[str, int | str | None] | None = None
    statement: int = 0
    replaces: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class TableReference:
    """One place in a text where a table is read, and the days that are read there."""

    node: exp.Expr
    read: Read


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """A parsed text with its reads and writes; the input of lint rules.

    ``rendered`` and ``statements`` are those of the reference ``day``. ``families`` are those that are read, by their
    names in lower case; their members are among the reads. ``problems`` name what is not read. ``chosen_by`` are the
    parts of the text that may choose other days on some runs. ``days_vary``: some run may read other days than the rules of
    ``reads`` say. ``unknown_names`` have no value and are printed, by their last part; ``undecided``
    have none and decide an if or a loop of the template. ``moving_literals`` are the texts of the literals that differ
    between probe days, by their offset in the rendered text.
    """

    source: str
    dialect: str
    rendered: Rendered
    day: date
    statements: tuple[exp.Expr, ...]
    keys: tuple[str, ...] = ("ds",)
    schedule: Schedule = Schedule()
    catalog: Catalog = field(default_factory=dict)
    target: str | None = None
    file: str | None = None
    reads: tuple[Read, ...] = ()
    writes: tuple[Write, ...] = ()
    table_references: tuple[TableReference, ...] = ()
    families: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    chosen_by: tuple[str, ...] = ()
    days_vary: bool = False
    unknown_names: Mapping[str, UnknownName] = field(default_factory=dict)
    undecided: tuple[UnknownName, ...] = ()
    moving_literals: Mapping[int, Sequence[Any]] = field(default_factory=dict)

    def plain_statements(self) -> Iterator[exp.Expr]:
        """The statements that stand in the text as they are, not in quotes."""
        return (statement for statement in self.statements if "quoted" not in statement.meta)

    def tables(self) -> list[str]:
        """The names of all tables and families that it reads or writes, and of its target, in lower case."""
        names = {read.table.lower() for read in self.reads} | {write.table.lower() for write in self.writes}
        names |= set(self.families)
        return sorted(names | {self.target.lower()} if self.target else names)

    def place(self, offset: int) -> Where:
        """Line and column in the user's text of a character of the rendered text."""
        return place(self.source, self.rendered.origin(offset), self.file)

    def where(self, node: exp.Expr) -> Where:
        """Line and column of a node in the user's text; a node without a position has that of the nearest one around it."""
        current: exp.Expr | None = node
        while current is not None:
            starts = [start for start, _ in _char_spans(current)]
            if starts:
                return self.place(min(starts))
            current = current.parent
        return Where(self.file)

    def span(self, node: exp.Expr) -> tuple[int, int] | None:
        """The characters [start, end) of a node in the user's text; None where they come from a template expression."""
        spans = list(_char_spans(node))
        if not spans:
            return None
        start = min(first for first, _ in spans)
        end = _end_after_brackets(self.rendered.text, start, max(last for _, last in spans))
        if end is None or not self.rendered.is_verbatim(start, end):
            return None
        origin = self.rendered.origin(start)
        return origin, origin + end - start


def place(source: str, offset: int, file: str | None = None) -> Where:
    """Line and column, from 1, of a character of a text."""
    line = source.count("\n", 0, offset) + 1
    return Where(file, line, offset - source.rfind("\n", 0, offset))


def _char_spans(node: exp.Expr) -> Iterator[tuple[int, int]]:
    for part in node.walk():
        meta: dict[str, Any] = part.meta
        if "start" in meta:
            yield meta["start"], meta["end"] + 1


def _end_after_brackets(text: str, start: int, end: int) -> int | None:
    """The end moved right until brackets that were opened inside are closed; None where they are not."""
    depth = _bracket_depth(text[start:end])
    while depth > 0 and end < len(text):
        quote = text[end]
        if quote in "'\"`":
            end = text.find(quote, end + 1)
            if end < 0:
                return None
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[end], 0)
        end += 1
    return end if depth == 0 else None


def _bracket_depth(text: str) -> int:
    depth, quote = 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        else:
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(char, 0)
    return depth
