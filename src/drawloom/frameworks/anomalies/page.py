"""The page of anomalies: open alerts in words, and a series with its expected band."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.anomalies.spec import Anomalies
from drawloom.frameworks.page import (
    Block,
    Chart,
    Choice,
    Choices,
    DataColumn,
    DataTable,
    Fact,
    Judgement,
    Page,
    Row,
    Series,
    Verdict,
)

ALERT_DAYS = 28


def anomalies_page(spec: Anomalies, given: Mapping[str, str]) -> Page:
    """How things are on a day: alerts, worst first, and the series that leads the worst one."""
    chosen = Choices.of(
        given,
        Choice("as_of", (), "the last day that is shown"),
        Choice("days", ("56", "28", "182"), "how many days are drawn"),
        Choice("place", tuple(map(str, range(1, 11))), "which series is drawn: 1 is the most odd one"),
    )
    view = _View(spec, chosen)
    return Page(
        title=spec.name,
        description=spec.description,
        choices=chosen.choices,
        verdict=Verdict(view.verdict, partial(_judge, spec.detector.min_history), "Nothing was judged yet."),
        facts=tuple(_facts(view)),
        blocks=tuple(_blocks(view)),
    )


class _View:
    """What the viewer has chosen, as SQL."""

    def __init__(self, spec: Anomalies, chosen: Choices) -> None:
        self.chosen = chosen
        self.table = sqlfiles.quote_table(spec.table)
        self.alerts = sqlfiles.quote_table(f"{spec.table}_alerts")
        day = chosen.day("as_of")
        self.last = f"(SELECT max(ds) FROM {self.table}{f' WHERE ds <= DATE {day.isoformat()!r}' if day else ''})"

    @property
    def verdict(self) -> str:
        """The day, how much was judged, and its worst alert."""
        return (
            f"SELECT {self.last} AS ds, a.judged, b.alerts, c.summary FROM "
            f"(SELECT count(score) AS judged FROM {self.table} WHERE ds = {self.last}) AS a CROSS JOIN "
            f"(SELECT count(*) AS alerts FROM {self.alerts} WHERE ds = {self.last} AND status = 'open') AS b LEFT JOIN "
            f"(SELECT summary FROM {self.alerts} WHERE ds = {self.last} AND status = 'open' "
            f"ORDER BY severity, abs(score) DESC LIMIT 1) AS c ON TRUE"
        )

    def between(self, days: int) -> str:
        return f"ds > {self.last} - INTERVAL '{days}' DAY AND ds <= {self.last}"

    @property
    def series(self) -> str:
        """One series with its band: the most odd one of the last day, or the next ones."""
        place = int(self.chosen["place"])
        key = "table_name, metric, series"
        odd = (
            f"SELECT {key}, row_number() OVER (ORDER BY CASE WHEN severity = '' THEN 1 ELSE 0 END, "
            f"abs(coalesce(score, 0)) DESC, {key}) AS place FROM {self.table} WHERE ds = {self.last}"
        )
        return (
            f"SELECT a.ds, a.value, a.expected, a.lower, a.upper, a.table_name, a.metric, a.series FROM {self.table} AS a "
            f"JOIN ({odd}) AS b ON a.table_name = b.table_name AND a.metric = b.metric AND a.series = b.series "
            f"WHERE b.place = {place} AND a.{self.between(int(self.chosen['days']))} ORDER BY a.ds"
        )


def _judge(min_history: int, rows: Sequence[Row]) -> Judgement:
    row = rows[-1]
    if row["ds"] is None:
        return Judgement("Nothing was judged yet.", "unknown")
    if not row["alerts"]:
        if not row["judged"]:
            text = f"History is too short to judge {row['ds']}: {min_history} days with a value are needed before it."
            return Judgement(text, "unknown")
        return Judgement(f"Nothing is odd on {row['ds']}: {row['judged']:,} series were judged.", "good")
    more = f" And {row['alerts'] - 1} more." if row["alerts"] > 1 else ""
    return Judgement(f"On {row['ds']} {row['summary']}.{more}", "bad")


def _facts(view: _View) -> Iterator[Fact]:
    judged = (
        f"SELECT ds, count(*) FILTER (WHERE status = 'open') AS odd, count(score) AS judged FROM {view.table} "
        f"WHERE {view.between(ALERT_DAYS)} GROUP BY ds ORDER BY ds"
    )
    yield Fact("series judged", judged, "judged", "integer", "ds")
    yield Fact("odd", judged, "odd", "integer", "ds", (), False, "open on the day")


def _blocks(view: _View) -> Iterator[Block]:
    yield _alert_table(view)
    yield Chart(
        "series",
        "The most odd series, and what was expected",
        "lines",
        view.series,
        "ds",
        (Series("value", "value", "navy"), Series("expected", "expected", "grey", low="lower", high="upper")),
        "The band is what is not flagged.",
        format="significant",
    )
    yield _judgement_table(view)


def _alert_table(view: _View) -> DataTable:
    """Each alert of four weeks, as of its last day."""
    recent = (
        f"SELECT a.last_seen AS day, a.severity, a.status, a.summary, a.alert "
        f"FROM {view.alerts} AS a WHERE a.{view.between(ALERT_DAYS)} "
        f"AND a.ds = (SELECT max(b.ds) FROM {view.alerts} AS b WHERE b.alert = a.alert AND b.ds <= {view.last}) "
        "ORDER BY a.last_seen DESC, a.severity, abs(a.score) DESC"
    )
    columns = (
        DataColumn("day", "last seen", "day"),
        DataColumn("severity"),
        DataColumn("status"),
        DataColumn("summary", "what happened"),
        DataColumn("alert"),
    )
    return DataTable("alerts", "Alerts of four weeks", recent, columns, empty="Nothing was odd.")


def _judgement_table(view: _View) -> DataTable:
    """The series of the last day."""
    order = "CASE WHEN severity = '' THEN 1 ELSE 0 END, abs(coalesce(score, 0)) DESC, table_name, metric, series"
    names = "table_name, metric, series, value, expected, score, kind, status"
    columns = (
        DataColumn("table_name", "table"),
        DataColumn("metric"),
        DataColumn("series"),
        DataColumn("value", format="significant"),
        DataColumn("expected", format="significant"),
        DataColumn("score", format="decimal"),
        DataColumn("kind"),
        DataColumn("status"),
    )
    query = f"SELECT {names} FROM {view.table} WHERE ds = {view.last} ORDER BY {order} LIMIT 50"
    return DataTable("judgements", "Series of the day, the most odd first", query, columns)
