"""The features of a set, each with its definition: what the registry and the page list."""

from __future__ import annotations

from dataclasses import dataclass

from drawloom.frameworks.features.ops import TYPES, Op
from drawloom.frameworks.features.spec import Features, Label
from drawloom.frameworks.features.values import Unit, Values
from drawloom.frameworks.features.windows import Window
from drawloom.model import digest


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a set.

    Args:
        name: its column.
        measure: the measure it is of; '' where it is derived.
        op: what is computed, like sum or last_5; '' where it is derived.
        window: like 28d or ltd; '' where it is derived.
        source: the table it is made of.
        sql: the value and condition of its rows, or what it is derived by.
        description: for people.
        fingerprint: changes when its definition does.
        type: of its column; '' where it is that of the values, or derived.
    """

    name: str
    measure: str
    op: str
    window: str
    source: str
    sql: str
    description: str
    fingerprint: str
    type: str = ""


def list_features(spec: Features) -> tuple[Feature, ...]:
    """All features of a set, in the order of its columns."""
    values = Values(spec)
    of_windows = [
        _feature(spec, source.table.replace('"', ""), source.condition, unit, op, window)
        for source in values.sources
        for unit in source.units
        for op in unit.ops
        for window in unit.windows
    ]
    base = digest([one.fingerprint for one in of_windows])
    derived = [
        Feature(name, "", "", "", spec.table, sql, "", digest([base, name, sql])) for name, sql in spec.derive.items()
    ]
    return (*of_windows, *derived)


def _feature(spec: Features, table: str, rows: str, unit: Unit, op: Op, window: Window) -> Feature:
    name = unit.feature(op, window)
    sql = f"{op.text}({unit.text or '*'})" + (f" where {unit.rows_text}" if unit.rows_text else "")
    definition = [
        table,
        rows,
        unit.condition,
        unit.value or "",
        op.text,
        window.name,
        str(spec.empty.count),
        *_identity(spec),
    ]
    return Feature(
        name,
        unit.measure,
        op.text,
        window.name,
        table,
        sql,
        unit.description,
        digest(definition),
        TYPES.get(op.name, ""),
    )


def list_labels(spec: Features) -> tuple[Feature, ...]:
    """All labels of a set: like features, but their window, the horizon, begins at the moment."""
    return tuple(_label(spec, name, label) for name, label in spec.labels.items())


def _label(spec: Features, name: str, label: Label) -> Feature:
    source = spec.all_sources[spec.source_of(label)]
    sql = f"{label.op}({label.value or '*'})" + (f" where {label.where}" if label.where != "true" else "")
    definition = [source.table, source.where, label.where, label.value or "", label.op, str(label.horizon)]
    fingerprint = digest([*definition, *_identity(spec)])
    return Feature(name, name, label.op, f"{label.horizon}d", source.table, sql, label.description, fingerprint)


def _identity(spec: Features) -> list[str]:
    times = [f"{source.table} {source.time} {source.tie_breaker}" for source in spec.all_sources.values()]
    return [spec.entity.name, *spec.entity.key, *times]
