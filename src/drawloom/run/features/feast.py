"""``drawloom features export-feast``: all sets of features as a repository of Feast, with their rows in files of its own.

Feast takes the moment from which a row is valid from a column, which our partitions do not have: the rows are copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from drawloom.engines import quote
from drawloom.frameworks.features.catalogue import list_features
from drawloom.frameworks.features.spec import Features
from drawloom.model import KEY, refuse
from drawloom.run.features.wanted import feature_sets

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.run.project import Project

MARK = "# Written by `drawloom features export-feast`, which writes it again."
MOMENT = "event_timestamp"
ROWS = 100_000  # of a batch
DEFAULT_TTL = timedelta(days=1)  # features of a day are used until those of the next one are there
_HEAD = f"""{MARK}
from datetime import timedelta
from pathlib import Path

from feast import Entity, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Bool, Bytes, Float64, Int64, String, UnixTimestamp

DATA = Path(__file__).parent / "data"
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """A set that was exported: its days and rows."""

    set: str
    days: tuple[date, ...]
    rows: int


def export_feast(project: Project, folder: Path) -> list[Exported]:
    """Write a repository that ``feast apply`` takes, with all days of all sets of features.

    Args:
        project: the project.
        folder: a new or empty folder, or one of an earlier export, which is replaced.

    Raises:
        InputError: the folder holds something else, or no set has a partition.
    """
    module = folder / "features.py"
    written = module.is_file() and module.read_text(encoding="utf-8").startswith(MARK)
    if folder.exists() and not written and (not folder.is_dir() or any(folder.iterdir())):
        raise refuse("not-empty", f"DIR == {folder}, must be new, empty, or an earlier export.", None, "Name another.")
    sets = {name: spec for name, spec in sorted(feature_sets(project).items()) if project.engine.days(spec.table)}
    if not sets:
        raise refuse("no-partition", "No set of features has a partition, must have one.", None, "drawloom run")
    schemas: dict[str, pa.Schema] = {}
    exported = []
    for name, spec in sets.items():
        schemas[name], one = _export_set(project, spec, folder / "data" / name)
        exported.append(one)
    module.write_text(_module(project, sets, schemas), encoding="utf-8")
    (folder / "feature_store.yaml").write_text(yaml.safe_dump(_settings(project), sort_keys=False), encoding="utf-8")
    return exported


def _export_set(project: Project, spec: Features, folder: Path) -> tuple[pa.Schema, Exported]:
    """Copy all days of a set, and drop those that there are no longer."""
    folder.mkdir(parents=True, exist_ok=True)
    days = tuple(project.engine.days(spec.table))
    copied = [_copy(project, spec, day, folder / f"{day}.parquet") for day in days]
    for file in set(folder.glob("*.parquet")) - {folder / f"{day}.parquet" for day in days}:
        file.unlink()
    return copied[-1][0], Exported(spec.name, days, sum(rows for _, rows in copied))


def _settings(project: Project) -> Mapping[str, Any]:
    return {
        "project": "".join(letter if letter.isalnum() else "_" for letter in project.config.name),
        "registry": "data/registry.db",
        "provider": "local",
        "offline_store": {"type": "file"},
        "online_store": {"type": "sqlite", "path": "data/online_store.db"},
        "entity_key_serialization_version": 3,
    }


def _copy(project: Project, spec: Features, day: date, path: Path) -> tuple[pa.Schema, int]:
    """Write the rows of a day with the midnight from which they are valid; the schema, and how many they are."""
    import pyarrow.parquet as pq

    columns = ", ".join(_select(column.name, column.type) for column in project.engine.columns(spec.table))
    moment = f"CAST({KEY} AS TIMESTAMP) + INTERVAL '1' DAY AS {MOMENT}"
    source = f"FROM {quote.dotted(spec.table.split('.'))} WHERE {KEY} = {quote.day(day)}"
    staged, rows = path.with_suffix(".part"), 0
    with project.engine.task({spec.table: [day]}) as task:
        batches = (_in_utc(batch) for batch in task.batches(f"SELECT {columns}, {moment} {source}", ROWS))
        first = next(batches)
        with pq.ParquetWriter(staged, first.schema) as writer:
            for batch in _chain(first, batches):
                writer.write_table(batch)
                rows += batch.num_rows
    staged.replace(path)
    return first.schema, rows


def _select(name: str, kind: str) -> str:
    """A column as Feast can have it: no decimals, no dates."""
    column = quote.name(name)
    if kind.startswith("DECIMAL") or kind == "HUGEINT":
        return f"CAST({column} AS DOUBLE) AS {column}"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"CAST({column} AS TIMESTAMP) AS {column}"
    if kind in {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"}:
        return f"CAST({column} AS BIGINT) AS {column}"
    return f"CAST({column} AS DOUBLE) AS {column}" if kind in {"FLOAT", "UBIGINT"} else column


def _in_utc(batch: pa.Table) -> pa.Table:
    import pyarrow as pa

    fields = [
        pa.field(field.name, pa.timestamp("us", "UTC")) if pa.types.is_timestamp(field.type) else field
        for field in batch.schema
    ]
    return batch.cast(pa.schema(fields))


def _chain(first: pa.Table, rest: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from rest


def _module(project: Project, sets: Mapping[str, Features], schemas: Mapping[str, pa.Schema]) -> str:
    entities: dict[str, str] = {}
    views = []
    for name, spec in sorted(sets.items()):
        owner = spec.owner or project.config.defaults.owner
        names = _entity_names(spec)
        for column, entity in zip(spec.entity.key, names, strict=True):
            kind = _value_type(schemas[name].field(column).type)
            entities[entity] = f"Entity(name={entity!r}, join_keys=[{column!r}], value_type=ValueType.{kind})"
        views.append(_view(spec, owner, [f"ENTITIES[{entity!r}]" for entity in names], schemas[name]))
    listed = "".join(f"    {name!r}: {text},\n" for name, text in sorted(entities.items()))
    # Feast finds objects in the module's variables and in lists there.
    return f"{_HEAD}ENTITIES = {{\n{listed}}}\nentities = list(ENTITIES.values())\n" + "\n".join(views)


def _entity_names(spec: Features) -> Sequence[str]:
    """The entity of each key column: Feast's have one column each."""
    return [spec.entity.name] if len(spec.entity.key) == 1 else list(spec.entity.key)


def _view(spec: Features, owner: str, entities: Sequence[str], schema: pa.Schema) -> str:
    notes = {
        one.name: (one.description or f"{one.sql} of {one.source}", one.fingerprint) for one in list_features(spec)
    }
    keys = "".join(
        f"        Field(name={name!r}, dtype={_dtype(schema.field(name).type)}),\n" for name in spec.entity.key
    )
    fields = keys + "".join(
        f"        Field(name={field.name!r}, dtype={_dtype(field.type)}, description={notes[field.name][0]!r}, "
        f"tags={{'fingerprint': {notes[field.name][1]!r}}}),\n"
        for field in schema
        if field.name in notes
    )
    ttl = (spec.online.ttl if spec.online else None) or DEFAULT_TTL
    return f"""
{spec.name}_source = FileSource(
    name={f"{spec.name}_source"!r},
    path=str(DATA / {spec.name!r}),
    timestamp_field={MOMENT!r},
)
{spec.name} = FeatureView(
    name={spec.name!r},
    entities=[{", ".join(entities)}],
    ttl=timedelta(seconds={int(ttl.total_seconds())}),
    schema=[
{fields}    ],
    source={spec.name}_source,
    description={spec.description!r},
    owner={owner!r},
)
"""


def _value_type(kind: pa.DataType) -> str:
    return {"Int64": "INT64", "String": "STRING", "Float64": "DOUBLE", "Bool": "BOOL"}.get(_dtype(kind), "STRING")


def _dtype(kind: pa.DataType) -> str:
    """Feast's type of a column, as it is written in Python."""
    import pyarrow as pa

    types = pa.types
    if types.is_list(kind) or types.is_large_list(kind):
        return f"Array({_dtype(kind.value_type)})"
    known = (
        (types.is_boolean, "Bool"),
        (types.is_integer, "Int64"),
        (types.is_floating, "Float64"),
        (types.is_timestamp, "UnixTimestamp"),
        (types.is_binary, "Bytes"),
    )
    return next((name for matches, name in known if matches(kind)), "String")
