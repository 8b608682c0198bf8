"""What an environment's partitions have that production's have not: rows, columns, distributions, the most different rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from drawloom.engines import quote
from drawloom.engines.columns import is_number
from drawloom.model import Column
from drawloom.run.diff import NEW, OLD, Difference, compare

if TYPE_CHECKING:
    from drawloom.engines.base import Staged, Task
    from drawloom.run.environments.environment import Environment

SHOWN_ROWS = 10
_NESTED = re.compile(r"\[|^(STRUCT|MAP|UNION)\b|^(JSON|BLOB|VARIANT)$", re.IGNORECASE)
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of a column: how many are NULL, how many differ, the least and the greatest, and the mean of numbers."""

    nulls: int
    distinct: int
    least: Any = None
    greatest: Any = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class DifferentRow:
    """A row that is in both, by its key: old and new value of each column that differs. Without a key, a row of one side."""

    key: Mapping[str, Any]
    values: Mapping[str, tuple[Any, Any]]
    side: str = "changed"


@dataclass(frozen=True, slots=True)
class DayDifference:
    """One day of a table in an environment, compared with production's.

    ``rows`` is None where production has no such partition, and ``new_rows`` are those of the environment's.
    ``distributions`` has a pair, of production and of the environment, for each column that changed.
    """

    table: str
    ds: date
    new_rows: int
    rows: Difference | None = None
    distributions: Mapping[str, tuple[Distribution, Distribution]] = field(default_factory=dict)
    different: Sequence[DifferentRow] = ()


@dataclass(frozen=True, slots=True)
class TableDifference:
    """A table of an environment: the days that are equal in production, and those that are not."""

    table: str
    why: str
    same: int
    days: tuple[DayDifference, ...] = ()


def compare_environment(
    environment: Environment, names: Sequence[str] = (), *, report: Report = lambda _: None
) -> list[TableDifference]:
    """Compare the partitions of an environment with those of production, table by table.

    Days whose contents are equal are only counted; nothing is read of them.
    """
    tables = [table for pipeline in environment.select_valid(names) for table in pipeline.tables]
    own = environment.registry.records(tables)
    current = environment.production.registry.records(tables)
    found: list[TableDifference] = []
    for table in sorted(tables):
        days = {ds: r for ds, r in own.get(table, {}).items() if environment.holds(table, ds)}
        old = current.get(table, {})
        same = [ds for ds, record in days.items() if ds in old and old[ds].content == record.content]
        differing = sorted(days.keys() - set(same))
        for ds in differing:
            report(f"comparing {table} {ds}")
        compared = tuple(_compare_day(environment, table, ds) for ds in differing)
        found.append(TableDifference(table, environment.changes[table].text, len(same), compared))
    return found


def _compare_day(environment: Environment, table: str, ds: date) -> DayDifference:
    engine, step = environment.production.engine, environment.step(table)
    new, old = environment.engine.find_partition(table, ds), engine.find_partition(table, ds)
    assert new is not None, (table, ds)
    if old is None:
        return DayDifference(table, ds, new.rows)
    with engine.task({}, {}) as task:
        task.add_view(old, OLD)
        task.add_view(new, NEW)
        rows = compare(task, table, ds, old.columns, new.columns, _key(step.into.unique, old, new))
        changed = [c for c in new.columns if c.name in rows.cells] if rows.key else _shared(old, new)
        pairs = {c.name: (_distribution(task, OLD, c), _distribution(task, NEW, c)) for c in changed}
        distributions = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        different = _changed_rows(task, rows.key, changed) if rows.key else _rows_of_one_side(task, changed)
    return DayDifference(table, ds, new.rows, rows, distributions, different)


def _key(unique: Sequence[str], old: Staged, new: Staged) -> tuple[str, ...]:
    """The key of a `unique` check, where both partitions have its columns."""
    names = [{column.name for column in part.columns} for part in (old, new)]
    return tuple(unique) if all(set(unique) <= some for some in names) else ()


def _shared(old: Staged, new: Staged) -> list[Column]:
    names = {column.name for column in old.columns}
    return [column for column in new.columns if column.name in names]


def _distribution(task: Task, name: str, column: Column) -> Distribution:
    value = quote.name(column.name)
    mean = f"avg(CAST({value} AS DOUBLE))" if is_number(column.type) else "CAST(NULL AS DOUBLE)"
    ends = f"CAST(min({value}) AS VARCHAR), CAST(max({value}) AS VARCHAR)"
    if _NESTED.search(column.type):  # they have no order everywhere
        ends = "CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR)"
    sql = f"SELECT count(*) - count({value}), count(DISTINCT {value}), {ends}, {mean} FROM {name}"
    return Distribution(*task.fetch(sql)[0])


def _changed_rows(task: Task, key: Sequence[str], changed: Sequence[Column]) -> list[DifferentRow]:
    """The rows with most changed values, and of those the ones whose numbers changed most in proportion."""
    if not changed:
        return []
    on = " AND ".join(f"o.{quote.name(k)} IS NOT DISTINCT FROM n.{quote.name(k)}" for k in key)
    differs = [f"CASE WHEN {_side('o', c)} IS DISTINCT FROM {_side('n', c)} THEN 1 ELSE 0 END" for c in changed]
    order = f"{' + '.join(differs)} DESC, {_proportion(changed)} DESC, {', '.join(f'n.{quote.name(k)}' for k in key)}"
    items = [f"n.{quote.name(k)} AS {quote.name(f'key {k}')}" for k in key]
    items += [
        f"CAST({_side(side, c)} AS VARCHAR) AS {quote.name(f'{side} {c.name}')}" for c in changed for side in "on"
    ]
    condition = " OR ".join(f"{_side('o', c)} IS DISTINCT FROM {_side('n', c)}" for c in changed)
    sql = f"SELECT {', '.join(items)} FROM {OLD} AS o JOIN {NEW} AS n ON {on} WHERE {condition} ORDER BY {order} LIMIT {SHOWN_ROWS}"
    return [_different_row(row, key, changed) for row in task.query(sql).to_pylist()]


def _different_row(row: Mapping[str, Any], key: Sequence[str], changed: Sequence[Column]) -> DifferentRow:
    pairs = {c.name: (row[f"o {c.name}"], row[f"n {c.name}"]) for c in changed}
    return DifferentRow({k: row[f"key {k}"] for k in key}, {n: pair for n, pair in pairs.items() if pair[0] != pair[1]})


def _proportion(changed: Iterable[Column]) -> str:
    """By how much numbers changed, in proportion to their size; 0 where none did."""
    parts = [
        f"coalesce(abs({new} - {old}) / nullif(abs({new}) + abs({old}), 0), 0)"
        for c in changed
        if is_number(c.type)
        for old, new in [(f"CAST({_side('o', c)} AS DOUBLE)", f"CAST({_side('n', c)} AS DOUBLE)")]
    ]
    return " + ".join(parts) or "0"


def _side(side: str, column: Column) -> str:
    return f"{side}.{quote.name(column.name)}"


def _rows_of_one_side(task: Task, shared: Sequence[Column]) -> list[DifferentRow]:
    """Where rows have no key: some that only one side has."""
    if not shared:
        return []
    names = ", ".join(quote.name(column.name) for column in shared)
    texts = ", ".join(f"CAST({quote.name(c.name)} AS VARCHAR) AS {quote.name(c.name)}" for c in shared)
    found: list[DifferentRow] = []
    for side, one, other in (("removed", OLD, NEW), ("added", NEW, OLD)):
        rows = f"SELECT {names} FROM {one} EXCEPT ALL SELECT {names} FROM {other}"
        sql = f"SELECT {texts} FROM ({rows}) AS q ORDER BY {', '.join(map(str, range(1, len(shared) + 1)))} LIMIT {SHOWN_ROWS // 2}"
        for row in task.query(sql).to_pylist():
            pair = {n: (v, None) if side == "removed" else (None, v) for n, v in row.items()}
            found.append(DifferentRow({}, pair, side))
    return found
