"""Computes features and labels of a spine on the project's engine, from partitions that are complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from drawloom.frameworks.features.labels import labels_sql
from drawloom.frameworks.features.training import SPINE, AsOf, Wanted, as_of_sql, narrow
from drawloom.model import Column, Table, refuse
from drawloom.run.features.partitions import (
    Needed,
    SpineDays,
    existing,
    label_days,
    needed_days,
    require_complete,
    require_passed,
)
from drawloom.run.features.spine import Spine

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.engines.base import Task
    from drawloom.model import Inputs
    from drawloom.run.features.of_project import FeatureProject


def compute(
    project: FeatureProject, spine: Spine, wanted: Sequence[Wanted], as_of: AsOf, *, naive: bool = False
) -> tuple[pa.Table, Inputs]:
    """The features of each row of a spine, then the labels, set by set; and the content hashes of the partitions that were read.

    Args:
        project: whose partitions are read.
        spine: the rows.
        wanted: the features, set by set.
        as_of: what counts.
        naive: whether they are computed by their definition, from all events.

    Raises:
        InputError: a day is not complete, a horizon has not passed, or a set cannot be computed that way.
    """
    import pyarrow as pa

    days = SpineDays.of(spine)
    needed: Needed = {}
    for one in wanted:
        _refuse_unfit(one, as_of, naive=naive)
        for table, more in needed_days(project, narrow(one.spec, one.names), as_of, days, naive=naive).items():
            needed.setdefault(table, set()).update(more)
    of_labels = [found for one in wanted for found in label_days(one, days).values()]
    snapshot = project.snapshot({*needed, *(table for table, _ in of_labels)})
    require_complete(project, snapshot, needed)
    for one in wanted:
        require_passed(snapshot, one, days)
    for table, more in of_labels:
        needed.setdefault(table, set()).update(more)
    visible = existing(snapshot, needed)
    project.attach(snapshot, visible)
    with open_task(project, visible, spine) as task:
        parts = [task.query(sql).drop_columns(["row_id"]) for sql in _texts(wanted, as_of, naive=naive)]
    fields = [field for part in parts for field in part.schema]
    arrays = [array for part in parts for array in part.columns]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields)), snapshot.inputs(visible)


def _texts(wanted: Sequence[Wanted], as_of: AsOf, *, naive: bool) -> Iterator[str]:
    for one in wanted:
        if one.names:
            yield as_of_sql(one, as_of, naive=naive)
        if one.labels:
            yield labels_sql(one.spec, one.labels)


@contextmanager
def open_task(project: FeatureProject, visible: Mapping[str, tuple[date | None, ...]], spine: Spine) -> Iterator[Task]:
    """A task that sees these partitions, and the spine."""
    known: dict[str, tuple[Column, ...]] = {**project.source_columns, **project.registry.columns(set(visible))}
    inputs = {table: [ds for ds in days if ds] for table, days in visible.items()}
    with project.engine.task(inputs, known) as task:
        staged = task.stage_arrow(Table(f"features.{SPINE}"), project.history.start, spine.staged(), {})
        task.add_view(staged, SPINE)
        yield task


def _refuse_unfit(wanted: Wanted, as_of: AsOf, *, naive: bool) -> None:
    spec = narrow(wanted.spec, wanted.names)
    metrics = [name for name, measure in spec.measures.items() if measure.metric]
    if metrics and (as_of.accuracy == "temporal" or naive):
        message = f"--accuracy == temporal, must be snapshot for {spec.name}.{metrics[0]}: metrics are known by day."
        raise refuse("bad-accuracy", message, spec.place("measures", metrics[0]), "Use --accuracy snapshot.")
    if as_of.as_known:
        if as_of.accuracy == "snapshot":
            message = "--as-known cannot be combined with --accuracy snapshot: its days are not known by arrival."
            raise refuse("bad-accuracy", message, None, "Use --accuracy temporal.")
        late = [name for name, source in spec.all_sources.items() if source.arrived is None]
        if late:
            message = (
                f"--as-known needs `arrived` in {spec.name}, must be the column with the moment a row became known."
            )
            raise refuse("no-arrival", message, spec.place("source" if spec.source else "sources"), "Name it.")
