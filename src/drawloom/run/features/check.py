"""Checks a training set on disk: made again from the same spine, it must have the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.frameworks.features.training import AsOf
from drawloom.model import refuse
from drawloom.run.features.manifest import TRAINING_SET, Manifest
from drawloom.run.features.spine import content_of
from drawloom.run.features.training_set import Request, make_training_set

if TYPE_CHECKING:
    from drawloom.run.features.of_project import FeatureProject


def check_training_set(project: FeatureProject, folder: Path) -> list[str]:
    """What differs where the training set in a folder is made again; nothing where it is the same.

    Raises:
        InputError: there is none, or it cannot be made any more.
    """
    from pyarrow import parquet

    manifest, place = Manifest.read(folder), folder / TRAINING_SET
    if not place.is_file():
        raise refuse("bad-manifest", f"{place} does not exist, must be beside its manifest.")
    stored = parquet.read_table(place)
    as_of = AsOf(manifest.accuracy, manifest.tail, manifest.as_known)  # type: ignore[arg-type]
    features, labels = tuple(manifest.features), tuple(manifest.labels)
    request = Request(features, labels, as_of, manifest.time, manifest.assume_utc)
    made = make_training_set(project, stored.select(list(manifest.spine_columns)), request).manifest
    return [*_differences(manifest, made), *(_damage(content_of(stored), manifest))]


def _damage(content: str, manifest: Manifest) -> Iterator[str]:
    if content != manifest.content:
        yield f"{TRAINING_SET} is not what was written: its content is {content}, and was {manifest.content}"


def _differences(old: Manifest, new: Manifest) -> Iterator[str]:
    for kind, before, now in (("feature", old.features, new.features), ("label", old.labels, new.labels)):
        yield from (f"the definition of the {kind} {name} has changed" for name in before if before[name] != now[name])
    for table in sorted({*old.partitions, *new.partitions}):
        before, now = old.partitions.get(table, {}), new.partitions.get(table, {})
        changed = [ds for ds in sorted({*before, *now}) if before.get(ds) != now.get(ds)]
        if changed:
            yield f"{table} has changed on {len(changed)} days, the first is {changed[0]}"
    if old.content != new.content:
        made = f"drawloom {old.drawloom} and pyarrow {old.pyarrow}"
        yield f"the rows differ: content {new.content}, and was {old.content}, made by {made} on {old.engine}"
