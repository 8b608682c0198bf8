"""Training sets: reads the partitions that a spine needs, computes its features, and says what they were made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom._version import __version__
from drawloom.frameworks.features.training import SPINE, AsOf, Wanted, as_of_sql, narrow
from drawloom.model import Column, Table, refuse
from drawloom.run.features.manifest import TRAINING_SET, Manifest
from drawloom.run.features.partitions import Needed, SpineDays, existing, needed_days, require_complete
from drawloom.run.features.spine import Spine, as_spine, content_of
from drawloom.run.features.wanted import columns_of, find_features, key_of
from drawloom.specs.validation import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.engines.base import Task
    from drawloom.run.features.of_project import FeatureProject


@dataclass(frozen=True, slots=True)
class Request:
    """What a training set is asked to be.

    Args:
        features: patterns like ``riders.*``.
        as_of: what counts for them.
        time: the column of the spine with the moment; found where it is none.
        assume_utc: whether moments without a zone are taken as UTC.
    """

    features: tuple[str, ...]
    as_of: AsOf = AsOf()
    time: str | None = None
    assume_utc: bool = False


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """The rows of a spine with features, and what they were made of."""

    rows: pa.Table
    manifest: Manifest

    def write(self, folder: Path) -> None:
        """Write both into a folder."""
        from pyarrow import parquet

        folder.mkdir(parents=True, exist_ok=True)
        parquet.write_table(self.rows, folder / TRAINING_SET, compression="zstd")
        self.manifest.write(folder)


def make_training_set(project: FeatureProject, rows: pa.Table, request: Request) -> TrainingSet:
    """The rows of a spine, in their order, with features as of their moments.

    Raises:
        InputError: a feature is unknown, the spine does not fit, or a day is not complete.
    """
    wanted = find_features(project, request.features)
    spine = as_spine(rows, key_of(wanted), find_time(rows, wanted, request.time), assume_utc=request.assume_utc)
    columns = columns_of(wanted)
    _refuse_clashes(rows.column_names, columns)
    found, partitions = compute(project, spine, wanted, request.as_of)
    for column, values in zip(columns.values(), found.columns, strict=True):
        rows = rows.append_column(column, values)
    rows = rows.combine_chunks()
    manifest = Manifest(
        features={f"{one.spec.name}.{f.name}": f.fingerprint for one in wanted for f in one.features},
        columns=columns,
        labels={},
        key=spine.key,
        time=spine.time,
        spine_columns=tuple(spine.rows.column_names),
        spine=content_of(spine.rows),
        rows=rows.num_rows,
        accuracy=request.as_of.accuracy,
        tail=request.as_of.tail,
        as_known=request.as_of.as_known,
        assume_utc=request.assume_utc,
        partitions=partitions,
        content=content_of(rows),
        drawloom=__version__,
        pyarrow=_pyarrow(),
    )
    return TrainingSet(rows, manifest)


def compute(
    project: FeatureProject, spine: Spine, wanted: Sequence[Wanted], as_of: AsOf, *, naive: bool = False
) -> tuple[pa.Table, dict[str, dict[str, str]]]:
    """The features of each row of a spine, and the content hashes of the partitions that were read.

    Args:
        project: whose partitions are read.
        spine: the rows.
        wanted: the features, set by set.
        as_of: what counts.
        naive: whether they are computed by their definition, from all events.

    Raises:
        InputError: a day is not complete, or a set cannot be computed that way.
    """
    import pyarrow as pa

    days = SpineDays.of(spine)
    needed: Needed = {}
    for one in wanted:
        spec = narrow(one.spec, one.names)
        _refuse_unfit(one, as_of, naive=naive)
        for table, more in needed_days(project, spec, as_of, days, naive=naive).items():
            needed.setdefault(table, set()).update(more)
    snapshot = project.snapshot(set(needed))
    require_complete(project, snapshot, needed)
    visible = existing(snapshot, needed)
    project.attach(snapshot, visible)
    parts = []
    with open_task(project, visible, spine) as task:
        for one in wanted:
            found = task.query(as_of_sql(one, as_of, naive=naive, in_order=project.engine.dialect == "duckdb"))
            assert found.num_rows == spine.rows.num_rows
            parts.append(found.drop_columns(["row_id"]))
    fields = [field for part in parts for field in part.schema]
    arrays = [array for part in parts for array in part.columns]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields)), {
        table: dict(days) for table, days in snapshot.inputs(visible).items()
    }


@contextmanager
def open_task(project: FeatureProject, visible: Mapping[str, tuple[date | None, ...]], spine: Spine) -> Iterator[Task]:
    """A task that sees these partitions, and the spine."""
    known: dict[str, tuple[Column, ...]] = {**project.source_columns, **project.registry.columns(set(visible))}
    inputs = {table: [ds for ds in days if ds] for table, days in visible.items()}
    with project.engine.task(inputs, known) as task:
        staged = task.stage_arrow(Table(f"features.{SPINE}"), project.history.start, spine.staged(), {})
        task.add_view(staged, SPINE)
        yield task


def find_time(rows: pa.Table, wanted: Sequence[Wanted], named: str | None) -> str:
    """The column of a spine with the moment: the one that is named, that of the events, or the only one there is.

    Raises:
        InputError: there is none, or there are several.
    """
    import pyarrow as pa

    names = rows.column_names
    if named:
        if named not in names:
            fix = did_you_mean(named, names) or f"It has {', '.join(names)}."
            raise refuse("bad-spine", f"--time == {named}, must be a column of the spine.", None, fix)
        return named
    for one in wanted:
        for source in one.spec.all_sources.values():
            if source.time in names:
                return source.time
    found = [field.name for field in rows.schema if pa.types.is_timestamp(field.type)]
    if len(found) == 1:
        return str(found[0])
    message = f"spine == {', '.join(names)}, must have one column with the moment, and has {len(found)}."
    raise refuse("bad-spine", message, None, "Name it with --time.")


def _refuse_clashes(names: Sequence[str], columns: Mapping[str, str]) -> None:
    taken = {name.lower() for name in names}
    for feature, column in columns.items():
        if column.lower() in taken:
            message = f"spine.{column} == a column of the spine, must not be called like the feature {feature}: what is known beforehand would leak into it."
            raise refuse("leak", message, None, "Rename it in the spine.")


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


def _pyarrow() -> str:
    import pyarrow as pa

    return str(pa.__version__)
