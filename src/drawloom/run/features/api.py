"""Training sets in Python: what ``Project.training_set`` takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drawloom.frameworks.features.training import Accuracy, AsOf, Tail
from drawloom.run.features.spine import load_rows
from drawloom.run.features.training_set import Request, call_hooks, make_training_set

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.features.of_project import FeatureProject


def training_set(  # noqa: PLR0913 - as many as there are options
    project: FeatureProject,
    spine: pa.Table | str,
    features: Sequence[str],
    *,
    accuracy: Accuracy = "temporal",
    tail: Tail = "exact",
    as_known: bool = False,
    labels: Sequence[str] = (),
    time: str | None = None,
    assume_utc: bool = False,
) -> pa.Table:
    """The rows of a spine, in their order, with features as of their moments.

    Args:
        project: whose features they are.
        spine: the rows: an Arrow table, a file or a SELECT.
        features: patterns like ``rider_activity.*``.
        accuracy: ``temporal`` counts all events before the moment, ``snapshot`` those of whole days before it.
        tail: whether windows begin at the very moment so many days before, or at the start of that day.
        as_known: only events count that had arrived before the moment.
        labels: names of labels, like ``rider_activity.came_back``.
        time: the column of the spine with the moment; found where it is none.
        assume_utc: whether moments without a zone are taken as UTC.

    Raises:
        InputError: a feature is unknown, the spine does not fit, or a day is not complete.
    """
    rows = load_rows(project, spine) if isinstance(spine, str) else spine
    request = Request(tuple(features), tuple(labels), AsOf(accuracy, tail, as_known), time, assume_utc)
    made = make_training_set(project, rows, request)
    call_hooks(project, made)
    return made.rows
