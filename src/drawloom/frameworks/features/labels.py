"""Labels of training sets: the SQL of what happened from the moments of a spine on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.features.ops import Op
from drawloom.frameworks.features.spec import Features, Label
from drawloom.frameworks.features.values import FeatureColumn, SourceRows, Unit, source_rows
from drawloom.frameworks.features.windows import Window
from drawloom.frameworks.fields import condition_sql

FILE = Path(__file__).parent / "labels.sql"


def labels_sql(spec: Features, names: Sequence[str], days: str = "TRUE") -> str:
    """The SELECT of row_id and these labels of each row of the spine, in order; see ``training`` for the spine.

    ``days`` is a condition of the days of the sources that are read.
    """
    quoted = [sqlfiles.quote_name(name) for name in names]
    text = sqlfiles.render_sql(
        FILE, f=_Labels(spec, {name: spec.labels[name] for name in names}), names=quoted, days=days
    )
    return sqlfiles.fill_day(text, date.min)


class _Labels:
    """The values that the template uses as ``f``."""

    derived = ()

    def __init__(self, spec: Features, labels: dict[str, Label]) -> None:
        self.keys = [sqlfiles.quote_name(column) for column in spec.entity.key]
        of_sources: dict[str, list[Unit]] = {}
        for name, label in labels.items():
            of_sources.setdefault(spec.source_of(label), []).append(_unit(name, label))
        self.sources = tuple(
            source_rows(spec, number, spec.all_sources[source], units)
            for number, (source, units) in enumerate(of_sources.items(), 1)
        )
        self.labels = [
            FeatureColumn(self.name(unit), _result(labels[unit.key].op, f"labels_{source.number}.{self.name(unit)}"))
            for source in self.sources
            for unit in source.units
        ]

    def name(self, unit: Unit) -> str:
        """The column of a label."""
        return sqlfiles.quote_name(unit.key)

    def longest(self, source: SourceRows) -> int:
        """The longest horizon of a source, in days."""
        return max(window.days or 0 for unit in source.units for window in unit.windows)


def _unit(name: str, label: Label) -> Unit:
    value = condition_sql(label.value) if label.value else None
    op = Op("sum" if label.op == "sum" else "count")
    return Unit(name, name, "", condition_sql(label.where), value, (op,), (Window(label.horizon),))


def _result(op: str, column: str) -> str:
    return {"any": f"coalesce({column}, 0) > 0", "count": f"coalesce({column}, 0)", "sum": column}[op]
