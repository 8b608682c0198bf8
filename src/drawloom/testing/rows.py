"""Rows of a case: as files with types, as contents of partitions, and what differs between two of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from drawloom.frameworks import sqlfiles
from drawloom.model import KEY, DrawloomError
from drawloom.run.plan import State
from drawloom.run.project import Project
from drawloom.run.unit_tests.compare import is_equal
from drawloom.testing.laws import BrokenLawError, Law

Row = Mapping[str, Any]
Rows = Sequence[Row]
Key = tuple[str, date]
SHOWN = 3  # rows and partitions of an error


@dataclass(frozen=True, slots=True)
class Partition:
    """The content hash of a partition, and its rows."""

    content: str
    rows: Rows


Contents = Mapping[Key, Partition]


def typed_rows(table: str, rows: Rows, types: Mapping[str, str]) -> pa.Table:
    """The rows as Arrow, without ``ds``; columns whose DuckDB type is named are cast to it.

    Raises:
        ValueError: a column has no values, so that its type must be given.
    """
    import duckdb

    names = [name for name in dict.fromkeys([*(name for row in rows for name in row), *types]) if name != KEY]
    arrow = pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})
    untyped = [field.name for field in arrow.schema if pa.types.is_null(field.type) and field.name not in types]
    if untyped or not names:
        raise ValueError(
            f"types of {table} == {dict(types)}, must name the type of {', '.join(untyped) or 'a column'}."
        )
    items = (f"{sqlfiles.quote_name(name)}::{types[name]} AS {sqlfiles.quote_name(name)}" for name in types)
    replaced = f"* REPLACE ({', '.join(items)})" if types else "*"
    return duckdb.from_arrow(arrow).select(replaced).to_arrow_table()


def read_contents(project: Project) -> Contents:
    """The contents of the project's tables. Landed ones are left out: they cannot be computed again."""
    steps = [step for pipeline in project.pipelines for step in pipeline.steps if not step.landed]
    records = project.registry.records({step.into.name for step in steps})
    rows = {table: rows_by_day(project.query(f"SELECT * FROM {sqlfiles.quote_table(table)}")) for table in records}
    return {
        (table, ds): Partition(record.content, rows[table].get(ds, ()))
        for table, days in records.items()
        for ds, record in days.items()
    }


def compare_contents(law: Law, what: str, expected: Contents, found: Contents) -> None:
    """Check a law: the same partitions came out with the same contents."""
    changed = sorted(key for key in expected.keys() & found.keys() if expected[key].content != found[key].content)
    if changed:
        differences = describe_difference(expected[changed[0]].rows, found[changed[0]].rows)
        differences = differences or "equal rows, but in another order, of other types or with other last digits"
        raise BrokenLawError(law, f"{what} gives other contents of {name_partitions(changed)}: {differences}.")
    if other := expected.keys() ^ found.keys():
        more_or_less = "more" if other & found.keys() else "less"
        raise BrokenLawError(law, f"{what} gives {more_or_less} partitions: {name_partitions(other)}.")


def compare_rows(project: Project, table: str, expected: Rows | Mapping[date, Rows]) -> None:
    """Check the law ``expected`` for a table."""
    try:
        answer = project.query(f"SELECT * FROM {sqlfiles.quote_table(table)}")
    except DrawloomError as error:
        raise BrokenLawError("expected", f"{table} cannot be read{_states(project, table)}: {error}") from error
    found = rows_by_day(answer)
    wanted = expected if isinstance(expected, Mapping) else _group_expected(table, expected, list(found))
    columns = dict.fromkeys(name for rows in wanted.values() for row in rows for name in row)
    if missing_columns := [name for name in columns if name not in answer.column_names]:
        raise BrokenLawError("expected", f"{table} lacks the columns {', '.join(missing_columns)}.")
    for ds, rows in wanted.items():
        got = [{name: row[name] for name in columns} for row in found.get(ds, ())]
        if difference := describe_difference(rows, got):
            raise BrokenLawError("expected", f"{table} {ds}{_states(project, table, ds)} has other rows: {difference}.")


def _states(project: Project, table: str, ds: date | None = None) -> str:
    """Why partitions of a table, or that of a day, are missing; empty where none is."""
    partitions = [p for p in project.status().partitions if p.key[0] == table and ds in {None, p.ds}]
    if not partitions and table in {step.into.name for pipeline in project.pipelines for step in pipeline.steps}:
        return " (no partition is scheduled)"
    return next((f" ({p.ds} is {p.state}: {p.reason})" for p in partitions if p.state is not State.FRESH), "")


def _group_expected(table: str, rows: Rows, days: Sequence[date]) -> Mapping[date, Rows]:
    if not rows:
        return dict.fromkeys(days, ())
    if KEY in rows[0]:
        return _group(rows)
    if len(days) != 1:
        raise BrokenLawError("expected", f"{table} has {len(days)} days with rows, so that expected rows must have ds.")
    return {days[0]: rows}


def rows_by_day(answer: pa.Table) -> Mapping[date, Rows]:
    """The rows of a query by their day."""
    return _group(answer.to_pylist())


def _group(rows: Rows) -> Mapping[date, Rows]:
    found: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[KEY]].append(row)
    return found


def describe_difference(expected: Rows, found: Rows) -> str:
    """Which rows are missing and which are unexpected, in any order; empty where there are none."""
    missing, unexpected = _unmatched(expected, found), _unmatched(found, expected)
    texts = [("missing", missing), ("unexpected", unexpected)]
    return "; ".join(f"{len(rows)} {what}: {_show(rows)}" for what, rows in texts if rows)


def _unmatched(rows: Rows, others: Rows) -> Rows:
    left = list(others)
    unmatched = []
    for row in rows:
        equal = next((n for n, other in enumerate(left) if _equal_rows(row, other)), None)
        if equal is None:
            unmatched.append(row)
        else:
            del left[equal]
    return unmatched


def _equal_rows(row: Row, other: Row) -> bool:
    """Whether they are equal in the columns that both name."""
    return all(is_equal(row[name], other[name]) for name in row.keys() & other.keys())


def _show(rows: Rows) -> str:
    return ", ".join(map(_show_row, rows[:SHOWN])) + (", ..." if len(rows) > SHOWN else "")


def _show_row(row: Row) -> str:
    values = (f"{name}={value if isinstance(value, date) else repr(value)}" for name, value in row.items())
    return f"({', '.join(values)})"


def name_partitions(keys: Iterable[Key]) -> str:
    """The first of these partitions, and how many more there are."""
    listed = sorted(f"{table} {ds}" for table, ds in keys)
    return ", ".join(listed[:SHOWN]) + (f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else "")
