"""Statistics for optimizers: those of partitions, written to the Hive metastore from which engines plan their queries."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from drawloom.engines.catalog.metastore import ColumnStatistics, Metastore, open_metastore
from drawloom.frameworks.stats.spec import STATS_FAMILY
from drawloom.model import KEY, refuse
from drawloom.run.stats.watched import find_table, stored_statistics
from drawloom.specs.env import expand

if TYPE_CHECKING:
    from drawloom.run.project import Project

Metrics = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Exported:
    """A table, how many of its partitions got statistics, and of how many columns at most; or why none did."""

    table: str
    partitions: int
    columns: int
    reason: str = ""


def export_statistics(project: Project, names: Sequence[str], url: str = "") -> list[Exported]:
    """Write the stored statistics of tables to a metastore.

    Args:
        project: whose engine is Spark or Trino, with tables in that metastore.
        names: of tables; without, all that a spec of the kind ``stats`` watches.
        url: of the metastore; otherwise that of the settings, or of ``DRAWLOOM_METASTORE``.

    Raises:
        InputError: the engine has no metastore, none is named, or a table is not watched.
        RunError: the metastore fails.
    """
    metastore = _metastore_url(project, url)
    watched = sorted(_watched(project))
    tables = [find_table(project, name).name for name in names] or watched
    for name in tables:
        if name not in watched:
            message = f"table == {name!r}, must be watched by a spec of the kind stats."
            raise refuse("unknown-name", message, None, f"Those that are: {', '.join(watched) or 'none yet'}.")
    with open_metastore(metastore) as opened:
        return [_export(project, opened, name) for name in tables]


def _metastore_url(project: Project, url: str) -> str:
    if project.settings.engine.kind == "duckdb":
        message = "engine == 'duckdb', must be spark or trino: a lake has no metastore."
        raise refuse("no-metastore", message, None, "DuckDB plans by the footers of files.")
    if environment := project.settings.environment:
        message = f"environment == {environment.name!r}, must be production, whose tables the metastore names."
        raise refuse("no-metastore", message)
    given = url or project.settings.engine.metastore
    found = expand(given) if given else os.environ.get("DRAWLOOM_METASTORE", "")
    if not found:
        raise refuse("no-metastore", "metastore is not known, must be a URL.", None, "--hive thrift://host:9083")
    return found


def _watched(project: Project) -> Iterator[str]:
    for pipeline in project.pipelines:
        for step in pipeline.steps:
            member = step.into.member_of
            if member and member.family == STATS_FAMILY and step.params.get("grain") == "partition":
                yield str(step.params["table"])


def _export(project: Project, metastore: Metastore, name: str) -> Exported:
    if metastore.is_iceberg(name):
        return Exported(name, 0, 0, "Iceberg keeps its own, of which Trino's ANALYZE computes distinct values")
    columns = [
        metastore.write(name, KEY, str(day), int(metrics[""]["row_count"][0]), list(_columns(metrics)))
        for day, metrics in sorted(_partitions(project, name).items())
    ]
    if project.settings.engine.kind == "trino":
        from drawloom.engines.trino import Trino

        engine = project.engine
        assert isinstance(engine, Trino)
        engine.forget(name)
    return Exported(name, len(columns), max(columns, default=0))


def _partitions(project: Project, name: str) -> Mapping[date, Metrics]:
    """The value and text of each metric, by day and column; of partitions that exist."""
    table = find_table(project, name)
    rows = stored_statistics(project, table, date.min, date.max)
    found: dict[date, dict[str, dict[str, Any]]] = {}
    for row in rows.to_pylist() if rows is not None else ():
        if row[KEY] in table.days and not row["slice"]:
            of_day = found.setdefault(row[KEY], {})
            of_day.setdefault(row["column_name"], {})[row["metric"]] = row["value"], row["value_text"]
    return found


def _columns(metrics: Metrics) -> Iterator[ColumnStatistics]:
    """Of columns whose NULLs and distinct values are known; a metastore cannot say that it does not know one."""
    for name, found in metrics.items():
        nulls, distinct, trues = (_value(found, one) for one in ("null_count", "distinct", "true_count"))
        if name and nulls is not None and (distinct is not None or trues is not None):
            longest, mean = _value(found, "len_max"), _value(found, "len_mean")
            length = None if longest is None or mean is None else (int(longest), float(mean))
            ends = [_value(found, one) for one in ("min", "max")]
            known = [None if one is None else round(one) for one in (distinct, trues)]
            yield ColumnStatistics(name, int(nulls), known[0], ends[0], ends[1], known[1], length)


def _value(found: Mapping[str, Any], metric: str) -> float | Decimal | None:
    """The number; exactly that of the text, where a float is not enough."""
    value: float | None
    value, exact = found.get(metric, (None, None))
    try:
        return Decimal(exact) if exact and value is not None else value
    except ArithmeticError:  # the text of a time
        return value
