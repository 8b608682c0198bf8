"""The page of a spec of statistics, and the statistics on the page of a table that is watched."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean
from typing import Any

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.page import (
    Choice,
    Choices,
    DataColumn,
    DataTable,
    Judgement,
    Page,
    Row,
    Verdict,
)
from drawloom.frameworks.stats.match import fits
from drawloom.frameworks.stats.spec import STATS_FAMILY, Stats

DAYS = 28
MOST = 60  # columns on a page
BARS = "▁▂▃▄▅▆▇█"
SHOWN = ("row_count", "null_ratio", "distinct", "mean", "stddev", "true_ratio", "len_mean")
MUCH_NULL = 0.05  # more or less of NULLs, as a share of rows
MUCH_ROWS = 0.5  # more or less rows, as a share of those before
LEAST = 1e-6
MUCH_MEAN = 1.0  # of the standard deviation before


def stats_page(spec: Stats, given: Mapping[str, str]) -> Page:
    """What needs attention, all tables, and their columns, those first that have moved most since another day.

    Raises:
        InputError: a choice is unknown.
    """
    chosen = Choices.of(
        given,
        Choice("as_of", (), "the day that is looked at"),
        Choice("against", (), "the day it is compared with; the mean of the week before otherwise"),
    )
    as_of, against = chosen.day("as_of"), chosen.day("against")
    query = _query(as_of, against)

    def columns(rows: Sequence[Row]) -> list[Moved]:
        return sorted(_moved([row for row in rows if _is_watched(spec, row)], against), key=lambda one: one.order)

    return Page(
        title=spec.name,
        description=spec.description or "Statistics of every partition of the tables that are watched.",
        choices=chosen.choices,
        verdict=Verdict(query, lambda rows: _judge(columns(rows)), "There are no statistics yet."),
        blocks=tuple(_blocks(query, columns)),
    )


def _blocks(query: str, columns: Callable[[Sequence[Row]], list[Moved]]) -> Iterator[DataTable]:
    yield DataTable(
        "attention",
        "Needs attention",
        query,
        (_TABLE, _NAME, _NOW, _WAS, _WHY),
        empty="Nothing has moved much.",
        compute=lambda rows: [one.row() for one in columns(rows) if one.reasons][:MOST],
    )
    yield DataTable(
        "tables",
        "Tables",
        query,
        (_TABLE, DataColumn("day", "newest", "day"), _NOW, _WAS, DataColumn("trend", "rows by day")),
        compute=lambda rows: [one.row() for one in columns(rows) if not one.column],
    )
    yield DataTable(
        "columns",
        "Columns",
        query,
        (_TABLE, _NAME, _NOW, _WAS, DataColumn("trend", "nulls by day")),
        f"At most {MOST}, those first that have moved most.",
        compute=lambda rows: [one.row() for one in columns(rows) if one.column][:MOST],
    )


_TABLE, _NAME = DataColumn("table", is_table=True), DataColumn("column")
_NOW, _WAS, _WHY = DataColumn("now"), DataColumn("was", "before"), DataColumn("why", "what moved")


def statistics_block(member: str) -> DataTable:
    """The statistics of a table that is watched, for its page: a row for each column, out of the table with its statistics."""
    table = sqlfiles.quote_table(member)
    metrics = ("null_ratio", "distinct", "min", "mean", "max", "true_ratio", "len_mean")
    items = ", ".join(_shown(name) for name in metrics)
    query = (
        f"SELECT column_name, {items} FROM {table} WHERE ds = (SELECT max(ds) FROM {table}) AND slice = '' AND column_name <> '' "
        "GROUP BY column_name ORDER BY column_name"
    )
    columns = (
        DataColumn("column_name", "column"),
        DataColumn("null_ratio", "nulls", "percent"),
        DataColumn("distinct", "distinct", "integer"),
        DataColumn("min"),
        DataColumn("typical"),
        DataColumn("max"),
    )
    return DataTable("statistics", "Statistics of the newest partition", query, columns, compute=_typical)


def _shown(metric: str) -> str:
    name, quoted = sqlfiles.quote_value(metric), sqlfiles.quote_name(metric)
    # Texts are values of rows, which are not shown here.
    text = "CASE WHEN value IS NOT NULL THEN coalesce(value_text, CAST(value AS VARCHAR)) END"
    text = text if metric in {"min", "max"} else "value"
    return f"max(CASE WHEN metric = {name} THEN {text} END) AS {quoted}"


def _typical(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Texts that are short enough, and the mean, or the share of what is true, or the length of texts."""
    found = []
    for row in rows:
        typical = ""
        if row["mean"] is not None:
            typical = f"{row['mean']:,.0f}" if abs(row["mean"]) >= 10_000 else f"{row['mean']:.4g}"
        elif row["true_ratio"] is not None:
            typical = f"{row['true_ratio']:.1%} true"
        elif row["len_mean"] is not None:
            typical = f"{row['len_mean']:.3g} letters"
        ends = {name: _short(row[name]) for name in ("min", "max")}
        found.append({**row, "typical": typical, **ends})
    return found


def _short(text: str | None) -> str:
    whole = (text or "").removesuffix(".0")
    return whole if len(whole) <= 20 else f"{whole[:19]}…"


def _query(as_of: date | None, against: date | None) -> str:
    """The metrics of the last weeks of all tables, by day."""
    last = f"DATE '{as_of}'" if as_of else f"(SELECT max(ds) FROM {STATS_FAMILY} WHERE grain = 'partition')"
    days = f"ds > {last} - INTERVAL '{DAYS}' DAY AND ds <= {last}"
    also = f" OR ds = DATE '{against}'" if against else ""
    metrics = ", ".join(map(sqlfiles.quote_value, SHOWN))
    return (
        f"SELECT table_name, column_name, ds, metric, value FROM {STATS_FAMILY} "
        f"WHERE grain = 'partition' AND slice = '' AND metric IN ({metrics}) AND ({days}{also}) "
        "ORDER BY table_name, column_name, metric, ds"
    )


def _is_watched(spec: Stats, row: Row) -> bool:
    """Whether it is about a table of this spec, and not of another one."""
    wanted = [pattern for pattern in spec.tables if not pattern.startswith("-")]
    return any(fits(row["table_name"], pattern) for pattern in wanted) and not any(
        fits(row["table_name"], pattern) for pattern in spec.tables if pattern.startswith("-")
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """A column, or a table where that is '', on its newest day beside what was before, and what has moved much."""

    table: str
    column: str
    day: date
    now: float | None
    was: float | None
    size: float
    reasons: tuple[str, ...]
    trend: str

    @property
    def order(self) -> tuple[bool, float, str, str]:
        """What needs attention first, then what has moved most."""
        return not self.reasons, -self.size, self.table, self.column

    def row(self) -> dict[str, Any]:
        """As a row of a table."""
        return {
            "table": self.table,
            "column": self.column,
            "day": self.day,
            "now": self._text(self.now),
            "was": self._text(self.was),
            "why": ", ".join(self.reasons),
            "trend": self.trend,
        }

    def _text(self, value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:.1%} NULL" if self.column else f"{value:,.0f} rows"


Series = dict[date, float]


def _moved(rows: Sequence[Row], against: date | None) -> Iterator[Moved]:
    found: dict[tuple[str, str], dict[str, Series]] = {}
    for row in rows:
        if row["value"] is not None:
            of_column = found.setdefault((row["table_name"], row["column_name"]), {})
            of_column.setdefault(row["metric"], {})[row["ds"]] = row["value"]
    for (table, column), metrics in found.items():
        main = metrics.get("null_ratio" if column else "row_count", {})
        days = sorted(day for day in main if day != against)
        if days:
            counts = found.get((table, ""), {}).get("row_count", {})
            size, reasons = _compare({**metrics, "rows": counts}, days[-1], against, column)
            trend = bars([main[day] for day in days])
            was = _before(main, days[-1], against)
            yield Moved(table, column, days[-1], main[days[-1]], was, size, tuple(reasons), trend)


def _before(series: Series, day: date, against: date | None) -> float | None:
    """The value on the other day, or the mean of the seven days before that have one."""
    if against:
        return series.get(against)
    earlier = [series[one] for one in sorted(series) if one < day][-7:]
    return fmean(earlier) if earlier else None


def _compare(metrics: Mapping[str, Series], day: date, against: date | None, column: str) -> tuple[float, list[str]]:
    """How far the metrics have moved, in units of what is much, and what to say of those that have moved so much."""
    size, reasons = 0.0, []
    for name, least, words in _WATCHED if column else _WATCHED_OF_TABLES:
        series = metrics.get(name, {})
        now, was = series.get(day), _before(series, day, against)
        if now is None or was is None or (name == "mean" and column.lower().endswith("id")):  # ids grow
            continue
        moved = _distance(name, now, was, _before(metrics.get("stddev", {}), day, against)) / least
        if name == "distinct":  # of fewer rows there are fewer
            rows = metrics["rows"].get(day), _before(metrics["rows"], day, against)
            of_rows = _distance(name, now / rows[0], was / rows[1], None) if rows[0] and rows[1] else moved
            moved = min(moved, of_rows)
        size = max(size, moved)
        if moved >= 1:
            reasons.append(words[now > was])
    return size, reasons


_WATCHED_OF_TABLES = (("row_count", MUCH_ROWS, ("fewer rows", "more rows")),)
_WATCHED = (
    ("null_ratio", MUCH_NULL, ("fewer NULLs", "more NULLs")),
    ("mean", MUCH_MEAN, ("lower mean", "higher mean")),
    ("distinct", 1.0, ("fewer distinct values", "more distinct values")),
    ("true_ratio", 0.1, ("fewer are true", "more are true")),
    ("len_mean", 3.0, ("shorter texts", "longer texts")),
)


def _distance(name: str, now: float, was: float, spread: float | None) -> float:
    if name in {"null_ratio", "true_ratio"}:
        return abs(now - was)
    if name == "mean":
        return abs(now - was) / spread if spread else float(now != was)
    if name == "row_count":
        return abs(now - was) / was if was else float(now > 0)
    return abs(math.log2(max(now, LEAST) / max(was, LEAST)))  # 1: doubled or halved


def _judge(found: Sequence[Moved]) -> Judgement:
    moved = [one for one in found if one.reasons]
    tables = {one.table for one in found}
    watched = f"{len(tables)} {'table' if len(tables) == 1 else 'tables'} watched"
    if not moved:
        return Judgement(f"{watched}; nothing has moved much.", "good")
    first = moved[0]
    name = f"{first.table}.{first.column}".removesuffix(".")
    return Judgement(f"{watched}; {len(moved)} need attention, first {name}: {', '.join(first.reasons)}.", "bad")


def bars(values: Sequence[float]) -> str:
    """A line of bars, a letter for each value, from zero to the largest."""
    most = max((value for value in values if value is not None), default=0.0)
    return "".join(BARS[round((len(BARS) - 1) * value / most)] if most else BARS[0] for value in values)
