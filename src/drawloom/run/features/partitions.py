"""Which partitions a training set reads, and whether all of them are there: a day that is not over has no features yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import drawloom.frameworks.features.training as plans
from drawloom.frameworks.features.spec import Features
from drawloom.frameworks.features.values import Values
from drawloom.model import InputError, refuse

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.features.of_project import FeatureProject
    from drawloom.run.features.spine import Spine
    from drawloom.run.snapshot import WarehouseSnapshot

Needed = dict[str, set[date]]
ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SpineDays:
    """The days of the moments of a spine; ``begun`` are those of moments that are not their midnight."""

    all: frozenset[date]
    begun: frozenset[date]

    @classmethod
    def of(cls, spine: Spine) -> SpineDays:
        """Those of a spine."""
        import pyarrow as pa
        import pyarrow.compute as pc

        later: pa.ChunkedArray = pc.not_equal(spine.moments, spine.days.cast(pa.timestamp("us")))
        return cls(_distinct(spine.days), _distinct(spine.days.filter(later)))


def _distinct(days: pa.ChunkedArray) -> frozenset[date]:
    return frozenset(days.unique().to_pylist())


def needed_days(
    project: FeatureProject, spec: Features, as_of: plans.AsOf, days: SpineDays, *, naive: bool = False
) -> Needed:
    """The days of each table that features of a set read.

    Args:
        project: whose history begins on some day.
        spec: the set, narrowed to what is wanted.
        as_of: what counts.
        days: those of the spine.
        naive: whether all events are read, as by the definition.
    """
    first = max(spec.start or project.history.start, project.history.start)
    before = {ds - ONE for ds in days.all}
    if as_of.accuracy == "snapshot" and not naive:
        return {spec.table: {ds for ds in before if ds >= first}}
    sources = [source.table for source in spec.all_sources.values()]
    if naive or as_of.as_known:
        events = set(_range(first, max(days.begun | before, default=first)))
        return dict.fromkeys(sources, events)
    values = Values(spec)
    whole = set(_range(first, max(before, default=first)))
    tables = {"days": True, "values": bool(values.valued), "latest": bool(values.listed)}
    edges = set(days.begun)
    if as_of.tail == "exact":
        edges |= {ds - timedelta(days=window.days or 0) for ds in days.begun for window in values.windows}
    found = {spec.table + ending: whole for key, ending in plans.DAY_TABLES.items() if tables[key]}
    return {**found, **{table: {ds for ds in edges if ds >= first} for table in sources}}


def label_days(wanted: plans.Wanted, days: SpineDays) -> dict[str, tuple[str, set[date]]]:
    """The table of each label, and the days of it that its horizon reaches into."""
    spec = wanted.spec
    found = {}
    for name in wanted.labels:
        label = spec.labels[name]
        reach = {ds + timedelta(days=n) for ds in days.all for n in range(label.horizon)}
        ends = {ds + timedelta(days=label.horizon) for ds in days.begun}
        found[name] = spec.all_sources[spec.source_of(label)].table, reach | ends
    return found


def require_passed(snapshot: WarehouseSnapshot, wanted: plans.Wanted, days: SpineDays) -> None:
    """Refuse labels whose horizon has not passed: what will happen is not known yet.

    Raises:
        InputError: a day of a horizon is not complete.
    """
    for name, (table, reach) in label_days(wanted, days).items():
        missing = min((ds for ds in reach if not _is_complete(snapshot, table, ds)), default=None)
        if missing is not None:
            horizon = wanted.spec.labels[name].horizon
            of_row = min(ds for ds in days.all if ds >= missing - timedelta(days=horizon))
            last = max(snapshot.days(table), default=None)
            message = (
                f"labels.{name}.horizon == {horizon}d, must have passed for all rows: for the moment on {of_row} it "
                f"needs {table} {missing}, and the last complete day is {last or 'none'}."
            )
            fix = f"Leave out rows after {last - timedelta(days=horizon)}." if last else f"Land {table} first."
            raise refuse("leak", message, wanted.spec.place("labels", name), fix)


def _range(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def require_complete(
    project: FeatureProject, snapshot: WarehouseSnapshot, needed: Mapping[str, Collection[date]]
) -> None:
    """Refuse days that are not complete: what happened on them is not known yet.

    Raises:
        InputError: a day has no partition, or is after the last day that is complete.
    """
    for table, days in needed.items():
        missing = [ds for ds in sorted(days) if not _is_complete(snapshot, table, ds)]
        if missing:
            raise _incomplete(project, snapshot, table, missing)


def _is_complete(snapshot: WarehouseSnapshot, table: str, ds: date) -> bool:
    """Whether a day is there; of a source with gaps, a day without rows is once a later one is."""
    if snapshot.has(table, ds):
        return True
    return table in snapshot.sources_with_gaps and ds < max(snapshot.days(table), default=date.min)


def _incomplete(
    project: FeatureProject, snapshot: WarehouseSnapshot, table: str, missing: Sequence[date]
) -> InputError:
    last = max(snapshot.days(table), default=None)
    known = f"its last complete day is {last}" if last else "it has no partition"
    message = f"{table} {missing[0]} is not complete, must be there for features as of later moments: {known}."
    owned = {step.into.name for pipeline in project.compiled.pipelines for step in pipeline.steps}
    fix = f"Fill it: `drawloom run {table} --to {missing[-1]}`." if table in owned else "Land that day first."
    if missing[0] > project.history.end:
        fix = f"Leave out rows of the spine after {project.history.end}, the last day of history."
    return refuse("incomplete-day", message, None, fix)


def existing(snapshot: WarehouseSnapshot, needed: Mapping[str, Collection[date]]) -> dict[str, tuple[date | None, ...]]:
    """Those of the partitions that exist: of a source with gaps not every day does."""
    return {table: tuple(sorted(ds for ds in days if snapshot.has(table, ds))) for table, days in needed.items()}
