"""What there is to know of the statistics of a table: whether it is watched, its days, its tags, and a scan on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from drawloom.engines import quote
from drawloom.frameworks.column_tags import Tags
from drawloom.frameworks.stats.merge import Statistic, merge_states
from drawloom.frameworks.stats.metrics import Tier
from drawloom.frameworks.stats.scan import ScanPlan, scan_table
from drawloom.frameworks.stats.spec import restatements_name, states_name, stats_name
from drawloom.frameworks.stats.steps import STATE_COLUMNS, states_table
from drawloom.model import KEY, Fix, InputError, Problem, refuse
from drawloom.specs.validation import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.project import Project
    from drawloom.run.snapshot import WarehouseSnapshot


@dataclass(frozen=True, slots=True)
class TableDays:
    """A table, its days in order, and whether it has any; a table without is one partition."""

    name: str
    days: tuple[date, ...]
    by_day: bool
    snapshot: WarehouseSnapshot

    def chosen(self, day: date | None) -> date | None:
        """The day that is looked at: the given one, or the newest; None of a table without days.

        Raises:
            InputError: the table has no partition on it, or none at all.
        """
        if not self.by_day:
            return None
        if not self.days:
            raise refuse("no-partition", f"{self.name} has no partitions yet.", None, f"drawloom run {self.name}")
        if day is not None and day not in self.days:
            message = f"--ds == {day}, must be a day on which {self.name} has a partition."
            raise refuse("no-partition", message, None, f"Its newest is {self.days[-1]}.")
        return day or self.days[-1]


def find_table(project: Project, name: str) -> TableDays:
    """A table of the project: one that a spec fills, a landed one or a source.

    Raises:
        InputError: there is none of this name.
    """
    snapshot = project.snapshot()
    known = {*snapshot.contents, *project.settings.sources, *(t for p in project.pipelines for t in p.tables)}
    found = next((one for one in known if one.lower() == name.lower()), None)
    if found is None:
        message = f"table == {name!r}, must be a table of a spec, a landed one or a source."
        fix = did_you_mean(name, known) or "Land files with `drawloom land`, or declare them under `sources`."
        raise InputError(Problem("unknown-name", "error", message, fix=Fix(fix)))
    return TableDays(found, tuple(snapshot.days(found)), not snapshot.is_undated(found), snapshot)


def stored_statistics(project: Project, table: TableDays, first: date, last: date) -> pa.Table | None:
    """The statistics of the partitions of these days that are stored; None where the table is not watched."""
    member = stats_name(table.name)
    if member not in project.registry.columns([member]):
        return None
    days = f"{KEY} BETWEEN {quote.day(first)} AND {quote.day(last)}" if table.by_day else "true"
    return project.query(f"SELECT * FROM {quote.dotted(member.split('.'))} WHERE {days}")


def stored_restatements(project: Project, table: TableDays, day: date | None) -> pa.Table | None:
    """What is recorded of changes of a partition, in order; None where nothing is."""
    member = restatements_name(table.name)
    if day is None or member not in project.registry.columns([member]):
        return None
    source = quote.dotted(member.split("."))
    return project.query(f"SELECT * FROM {source} WHERE {KEY} = {quote.day(day)} ORDER BY number")


def scan_days(
    project: Project, table: TableDays, days: Sequence[date | None], tier: Tier
) -> dict[date | None, pa.Table]:
    """The states of partitions, computed now, by day."""
    engine = project.engine
    plan = ScanPlan(tier, (), tags_of_table(project, table.name), (), 50_000_000, project.settings.engine.kind)
    project.attach(table.snapshot, {table.name: tuple(days)})
    found: dict[date | None, pa.Table] = {}
    for day in days:
        with engine.task({table.name: [day] if day else None}) as task:
            where = f"{KEY} = {quote.day(day)}" if day else ""
            states = scan_table(task.query, quote.dotted(table.name.split(".")), plan, where)
        found[day] = _with_day(states_table(table.name, states, plan.engine), day)
    return found


def _with_day(states: pa.Table, day: date | None) -> pa.Table:
    import pyarrow as pa

    return states.append_column(KEY, pa.array([day] * states.num_rows, pa.date32()))


def stored_states(project: Project, table: TableDays, day: date | None) -> pa.Table | None:
    """The states of a partition that are stored; None where there are none."""
    member = states_name(table.name)
    if day is None or member not in project.registry.columns([member]):
        return None
    names = ", ".join(quote.name(column.name) for column in STATE_COLUMNS)
    sql = f"SELECT {names}, {KEY} FROM {quote.dotted(member.split('.'))} WHERE {KEY} = {quote.day(day)}"
    found = project.query(sql)
    return found if found.num_rows else None


def statistics_of(states: pa.Table) -> list[Statistic]:
    """The statistics of states, without those of slices."""
    return [one for one in merge_states(states).statistics() if not one.slice]


def tags_of_table(project: Project, table: str) -> Tags:
    """The tags of a table's columns by name in lower case, also those of what they are made of."""
    return project.compiled.tags.of_table(table) if project.compiled.tags else {}
