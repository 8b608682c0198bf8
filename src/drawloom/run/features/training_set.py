"""Training sets: reads the partitions that a spine needs, computes its features, and says what they were made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom._version import __version__
from drawloom.frameworks.features.catalogue import list_labels
from drawloom.frameworks.features.hooks import call_hook
from drawloom.frameworks.features.training import AsOf, Wanted
from drawloom.model import refuse
from drawloom.run.features.compute import compute
from drawloom.run.features.manifest import TRAINING_SET, Manifest
from drawloom.run.features.spine import Spine, as_spine, content_of
from drawloom.run.features.wanted import columns_of, feature_sets, find_wanted, key_of
from drawloom.specs.validation import did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.features.of_project import FeatureProject


@dataclass(frozen=True, slots=True)
class Request:
    """What a training set is asked to be.

    Args:
        features: patterns like ``riders.*``.
        labels: names of labels, like ``riders.came_back``.
        as_of: what counts for them.
        time: the column of the spine with the moment; found where it is none.
        assume_utc: whether moments without a zone are taken as UTC.
    """

    features: tuple[str, ...]
    labels: tuple[str, ...] = ()
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
    """The rows of a spine, in their order, with features as of their moments, then labels.

    Raises:
        InputError: a feature is unknown, the spine does not fit, a day is not complete, or a horizon has not passed.
    """
    wanted, spine = read_request(project, rows, request)
    columns = columns_of(wanted)
    _refuse_clashes(rows.column_names, columns)
    found, partitions = compute(project, spine, wanted, request.as_of)
    for column, values in zip(columns.values(), found.columns, strict=True):
        rows = rows.append_column(column, values)
    rows = rows.combine_chunks()
    manifest = Manifest(
        features={f"{one.spec.name}.{f.name}": f.fingerprint for one in wanted for f in one.features},
        columns=columns,
        labels=_label_fingerprints(wanted),
        key=spine.key,
        time=spine.time,
        spine_columns=tuple(spine.rows.column_names),
        spine=content_of(spine.rows),
        rows=rows.num_rows,
        accuracy=request.as_of.accuracy,
        tail=request.as_of.tail,
        as_known=request.as_of.as_known,
        assume_utc=request.assume_utc,
        partitions={table: dict(days) for table, days in partitions.items()},
        content=content_of(rows),
        drawloom=__version__,
        pyarrow=_pyarrow(),
        engine=project.engine.dialect,
    )
    return TrainingSet(rows, manifest)


def call_hooks(project: FeatureProject, made: TrainingSet) -> None:
    """Call ``on_training_set`` of each set whose features are in a training set.

    Raises:
        RunError: one of them raises; the training set must not be used.
    """
    used = {name.partition(".")[0] for name in (*made.manifest.features, *made.manifest.labels)}
    for name, spec in feature_sets(project).items():
        if name in used and spec.on_training_set:
            call_hook("on_training_set", spec.on_training_set, made)


def read_request(project: FeatureProject, rows: pa.Table, request: Request) -> tuple[list[Wanted], Spine]:
    """The features that are wanted, and the spine that the rows are.

    Raises:
        InputError: a feature is unknown, or the spine does not fit.
    """
    wanted = find_wanted(project, request.features, request.labels)
    time = find_time(rows, wanted, request.time)
    return wanted, as_spine(rows, key_of(wanted), time, assume_utc=request.assume_utc)


def _label_fingerprints(wanted: Sequence[Wanted]) -> dict[str, str]:
    found = {f"{one.spec.name}.{label.name}": label.fingerprint for one in wanted for label in list_labels(one.spec)}
    return {f"{one.spec.name}.{name}": found[f"{one.spec.name}.{name}"] for one in wanted for name in one.labels}


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


def _pyarrow() -> str:
    import pyarrow as pa

    return str(pa.__version__)
