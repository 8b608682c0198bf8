"""Proofs of features: a sample of entities is computed again by the definition, from all events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.features.catalogue import list_features
from drawloom.frameworks.features.spec import Features
from drawloom.frameworks.features.training import AsOf, Wanted, narrow
from drawloom.frameworks.features.values import Values
from drawloom.model import refuse
from drawloom.run.features.compare import Comparison, compare, is_sampled, sample_mask
from drawloom.run.features.compute import compute
from drawloom.run.features.spine import POPULATION_TIME, Spine, as_spine
from drawloom.run.features.training_set import Request, TrainingSet, read_request
from drawloom.run.features.wanted import find_set

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.features.of_project import FeatureProject


@dataclass(frozen=True, slots=True)
class Proof:
    """What came out of a comparison with the definition.

    Args:
        entities: how many were compared.
        features: the comparison of each.
        missing: entities that should have a row and have none.
        extra: entities that should have no row.
    """

    entities: int
    features: tuple[Comparison, ...]
    missing: int = 0
    extra: int = 0

    @property
    def is_equal(self) -> bool:
        """Whether all is as the definition says."""
        return not (self.missing or self.extra) and all(one.is_equal for one in self.features)


def prove_training_set(project: FeatureProject, made: TrainingSet, request: Request, share: float) -> Proof:
    """Compare a training set with the definition, for a share of its entities.

    Raises:
        InputError: the events that it takes are not there any more.
    """
    rows = made.rows.select(list(made.manifest.spine_columns))
    wanted, spine = read_request(project, rows, request)
    mask = sample_mask(spine, share)
    sample, found = spine.filter(mask), made.rows.filter(mask)
    features = [Wanted(one.spec, one.names) for one in wanted if one.names]
    as_of = AsOf("temporal", request.as_of.tail, request.as_of.as_known)
    if request.as_of.accuracy == "snapshot":
        sample = at_midnight(sample)
    expected, _ = compute(project, sample, features, as_of, naive=True)
    names = [f"{one.spec.name}.{name}" for one in features for name in one.names]
    columns = [made.manifest.columns[name] for name in names]
    return Proof(_entities(sample), _compare(names, found.select(columns).columns, expected.columns))


def at_midnight(spine: Spine) -> Spine:
    """The spine with the midnight before each moment: what a snapshot is as of."""
    import pyarrow as pa

    return Spine(spine.rows, spine.key, spine.time, spine.days.cast(pa.timestamp("us")), spine.days)


def prove_day(project: FeatureProject, name: str, ds: date | None, share: float) -> tuple[date, Proof]:
    """Compare the features of a day, the newest one by default, with the definition, for a share of the entities.

    Raises:
        InputError: there is no such set or day, or its features are of metrics.
    """
    spec = find_set(project, name)
    days = project.snapshot({spec.table}).days(spec.table)
    day = ds or max(days, default=None)
    if day is None or day not in days:
        known = f"it has {days[0]} .. {days[-1]}" if days else "it has no partition"
        raise refuse("no-partition", f"--ds == {day}, must be a day of {spec.table}: {known}.")
    names = _of_events(spec)
    stored = _sample(project.query(_stored_sql(spec, names, day)), spec, share)
    seen = _sample(project.query(_seen_sql(spec, day)), spec, share)
    moment = datetime.combine(day + timedelta(days=1), time(), UTC)
    rows = stored.select(list(spec.entity.key))
    spine = as_spine(rows.append_column(POPULATION_TIME, _constant(moment, rows)), spec.entity.key, POPULATION_TIME)
    expected, _ = compute(project, spine, [Wanted(spec, names)], AsOf(), naive=True)
    keys, known_keys = (set(_keys(table, spec)) for table in (stored, seen))
    found = [stored.column(name) for name in names]
    features = _compare([f"{spec.name}.{name}" for name in names], found, expected.columns)
    return day, Proof(len(keys), features, len(known_keys - keys), len(keys - known_keys))


def _of_events(spec: Features) -> tuple[str, ...]:
    names = tuple(feature.name for feature in list_features(spec))
    by_name = {name: narrow(spec, [name]) for name in names}
    found = tuple(name for name, part in by_name.items() if not any(m.metric for m in part.measures.values()))
    if not found:
        message = f"{spec.name} == features of metrics, must have features of events: metrics are checked by their own."
        raise refuse("no-definition", message, spec.place("measures"))
    return found


def _stored_sql(spec: Features, names: Sequence[str], day: date) -> str:
    columns = sqlfiles.quote_names((*spec.entity.key, *names))
    return f"SELECT {columns} FROM {sqlfiles.quote_table(spec.table)} WHERE ds = DATE '{day}'"


def _seen_sql(spec: Features, day: date) -> str:
    """The entities with an event that counts, up to a day."""
    since = f" AND ds > DATE '{day}' - INTERVAL '{spec.active}' DAY" if spec.active else ""
    parts = []
    for source in Values(spec).sources:
        keys = ", ".join(f"{key} AS {name}" for key, name in zip(source.keys, Values(spec).keys, strict=True))
        there = "".join(f" AND {key} IS NOT NULL" for key in source.keys)
        of_day = f" AND CAST({source.time} AS DATE) = ds" if source.time else ""
        where = f"ds <= DATE '{day}'{since} AND {source.condition}{of_day}{there}"
        parts.append(f"SELECT {keys} FROM {source.table} WHERE {where}")
    return sqlfiles.fill_day(" UNION ".join(parts), day)


def _sample(rows: pa.Table, spec: Features, share: float) -> pa.Table:
    import pyarrow as pa

    sampled = is_sampled(share)
    return rows.filter(pa.array([sampled(key) for key in _keys(rows, spec)], pa.bool_()))


def _keys(rows: pa.Table, spec: Features) -> list[tuple[object, ...]]:
    return list(zip(*(rows.column(name).to_pylist() for name in spec.entity.key), strict=True))


def _constant(moment: datetime, rows: pa.Table) -> pa.Array:
    import pyarrow as pa

    return pa.array([moment] * rows.num_rows, pa.timestamp("us", "UTC"))


def _compare(
    names: Sequence[str], found: Sequence[pa.ChunkedArray], expected: Sequence[pa.ChunkedArray]
) -> tuple[Comparison, ...]:
    triples = zip(names, found, expected, strict=True)
    return tuple(compare(name, one.to_pylist(), other.to_pylist()) for name, one, other in triples)


def _entities(spine: Spine) -> int:
    return len(set(zip(*(spine.rows.column(name).to_pylist() for name in spine.key), strict=True)))
