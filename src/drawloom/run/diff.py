"""The difference between a stored partition and what its spec would write now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from drawloom.engines import quote
from drawloom.model import Column, refuse

if TYPE_CHECKING:
    from drawloom.engines.base import Staged, Task

OLD, NEW = "stored", "staged"


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between a stored partition and the one that would be written.

    ``added``, ``removed`` and ``changed`` count rows; without a key a changed row is one removed and one added.
    ``cells`` counts the changed values of each column. ``columns_added`` and ``columns_removed`` are names.
    """

    table: str
    ds: date
    stored_rows: int
    new_rows: int
    added: int
    removed: int
    changed: int
    cells: dict[str, int]
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing would change."""
        return not (self.added or self.removed or self.changed or self.columns_added or self.columns_removed)


def compare_stored(task: Task, old: Staged, new: Staged, key: tuple[str, ...]) -> Difference:
    """Compare a staged partition with the stored one."""
    task.add_view(old, OLD)
    return compare(task, new.table, new.ds, old.columns, new.columns, key)


def compare(
    task: Task, table: str, ds: date, old: Sequence[Column], new: Sequence[Column], key: tuple[str, ...]
) -> Difference:
    """Compare the tables ``stored`` and ``staged`` of a task.

    Raises:
        InputError: a key column is not in both.
    """
    shared = [column.name for column in new if column.name in {other.name for other in old}]
    for name in key:
        if name not in shared:
            raise refuse("bad-key", f"key == {name!r}, must be a column of both: {', '.join(shared)}.")
    counts = _count_by_key(task, shared, key) if key else _count_without_key(task, shared)
    rows = [task.query(f"SELECT count(*) AS n FROM {name}").to_pylist()[0]["n"] for name in (OLD, NEW)]
    names = [column.name for column in old], [column.name for column in new]
    return Difference(
        table,
        ds,
        rows[0],
        rows[1],
        counts.pop("added"),
        counts.pop("removed"),
        counts.pop("changed", 0),
        {name: n for name, n in counts.items() if n},
        tuple(name for name in names[1] if name not in names[0]),
        tuple(name for name in names[0] if name not in names[1]),
        key,
    )


def _count_without_key(task: Task, shared: Sequence[str]) -> dict[str, int]:
    columns = ", ".join(map(quote.name, shared))
    return {
        name: task.query(
            f"SELECT count(*) AS n FROM (SELECT {columns} FROM {one} EXCEPT ALL SELECT {columns} FROM {other})"
        ).to_pylist()[0]["n"]
        for name, one, other in (("added", NEW, OLD), ("removed", OLD, NEW))
    }


def _count_by_key(task: Task, shared: Sequence[str], key: tuple[str, ...]) -> dict[str, int]:
    on = " AND ".join(f"o.{quote.name(name)} IS NOT DISTINCT FROM n.{quote.name(name)}" for name in key)
    values = [name for name in shared if name not in key]
    both = "o.here AND n.here"
    differs = {name: f"o.{quote.name(name)} IS DISTINCT FROM n.{quote.name(name)}" for name in values}
    counted = [f"count(*) FILTER ({both} AND {test}) AS {quote.name('cell ' + name)}" for name, test in differs.items()]
    any_differs = " OR ".join(differs.values()) or "false"
    sql = f"""
SELECT {
        ", ".join(
            [
                "count(*) FILTER (o.here IS NULL) AS added",
                "count(*) FILTER (n.here IS NULL) AS removed",
                f"count(*) FILTER ({both} AND ({any_differs})) AS changed",
                *counted,
            ]
        )
    }
FROM (SELECT *, true AS here FROM {OLD}) AS o
FULL JOIN (SELECT *, true AS here FROM {NEW}) AS n ON {on}"""
    row: dict[str, int] = task.query(sql).to_pylist()[0]
    return {name.removeprefix("cell "): n for name, n in row.items()}
