"""What may explain a failed test: rows on days that nothing reads, and columns that decide about rows and were left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drawloom.model.days import covers

if TYPE_CHECKING:
    from drawloom.run.unit_tests.resolve import Case
    from drawloom.run.unit_tests.tables import ProjectTables


def notes(case: Case, tables: ProjectTables) -> tuple[str, ...]:
    """One sentence for each."""
    return (*_unread_days(case, tables), *_left_out(case, tables))


def _unread_days(case: Case, tables: ProjectTables) -> Iterator[str]:
    read: dict[str, list[object]] = {}
    for day in case.test.ds:
        for filler in case.steps:
            for table, spans in tables.reads(filler, day):
                read.setdefault(table, []).extend(spans)
    for table, given in case.inputs.items():
        unread = sorted(ds for ds in given.days if table in read and not covers(read[table], ds))  # type: ignore[arg-type]
        if unread and given.rows:
            yield f"The rows of {table} on {', '.join(map(str, unread))} are on days that are not read."


def _left_out(case: Case, tables: ProjectTables) -> Iterator[str]:
    """Columns in conditions, joins and groups that no given row has: they are NULL everywhere."""
    for filler in case.steps:
        lineage = tables.lineage(filler)
        for column in lineage.filters if lineage else ():
            table, _, name = column.rpartition(".")
            given = case.inputs.get(tables.spelling(table))
            if not given or not given.rows or name.lower() == "ds":
                continue
            known = {one.name.lower() for one in given.columns}
            named = {key.lower() for row in given.rows for key in row.values}
            if name.lower() in known and name.lower() not in named:
                yield f"{table}.{name} is NULL in every given row, and decides which rows {filler.table} has."
