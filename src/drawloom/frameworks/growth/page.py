"""The page of a growth spec: its trend, who came and who left, how engaged they are, and any cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.growth.spec import MAX_WINDOW_DAYS, Growth
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
    Tone,
    Verdict,
)

STEADY = 0.01  # a change of the actives below one in a hundred counts as none
NAMES = {1: "DAU", 7: "WAU", 28: "MAU"}
TOTAL = "total"
COMPARED = 2 * MAX_WINDOW_DAYS  # days that the verdict and the facts look at
CELLS = 12  # of a cut that are drawn by day
LISTED = 14  # days of the table; more are better looked at in the charts

NEW = Series("new", "new", "teal")
RETAINED = Series("retained", "retained", "blue")
RESURRECTED = Series("resurrected", "resurrected", "amber")
CHURNED = Series("churned", "churned", "red", below=True)
STALE = Series("stale", "stale", "grey")
ACTIVE = {1: Series("w1", "DAU", "navy"), 7: Series("w7", "WAU", "orange"), 28: Series("w28", "MAU", "purple")}


def growth_page(spec: Growth, given: Mapping[str, str]) -> Page:
    """The page of a growth spec, for what the viewer has chosen.

    Raises:
        InputError: a choice is unknown.
    """
    chosen = Choices.of(given, *_choices(spec))
    view = _View(spec, chosen)
    return Page(
        title=f"{spec.name}: {view.activity}",
        description=spec.description,
        choices=chosen.choices,
        verdict=Verdict(view.totals(view.longest, "*", days=COMPARED), _judge),
        facts=tuple(_facts(view)),
        blocks=tuple(_blocks(view)),
    )


def _choices(spec: Growth) -> Iterator[Choice]:
    windows = sorted(spec.windows, key=lambda window: (window != 7, -window))
    yield Choice("activity", tuple(spec.activities), "what they do")
    yield Choice("window", tuple(map(str, windows)), "the days within which who did it once is active")
    yield Choice(
        "step",
        tuple(spec.steps),
        "what the window is compared with to say who is new or left. day: the same window a day before; window: the one that ended where it begins",
    )
    yield Choice("cut", (TOTAL, *(",".join(cut) for cut in spec.all_cuts)), "the dimensions they are counted by")
    yield Choice("days", ("56", "14", "28", "182", "364"), "how many days are drawn")
    yield Choice("as_of", (), "the last day that is shown")


@dataclass(frozen=True, slots=True)
class _View:
    """What the viewer has chosen, as SQL."""

    spec: Growth
    chosen: Choices

    @property
    def activity(self) -> str:
        return self.chosen["activity"]

    @property
    def window(self) -> int:
        return int(self.chosen["window"])

    @property
    def longest(self) -> int:
        return max(self.spec.windows)

    @property
    def cut(self) -> tuple[str, ...]:
        return () if self.chosen["cut"] == TOTAL else tuple(self.chosen["cut"].split(","))

    @property
    def last_day(self) -> str:
        """The last day that is shown."""
        day = self.chosen.day("as_of")
        until = f" WHERE ds <= DATE '{day}'" if day else ""
        return f"(SELECT max(ds) FROM {self.table()}{until})"

    def table(self, ending: str = "") -> str:
        return sqlfiles.quote_table(self.spec.table + ending)

    def of_activity(self, ending: str = "", cut: Sequence[str] = ()) -> str:
        """The rows of the activity in a cut."""
        name, value = sqlfiles.quote_value(self.activity), sqlfiles.quote_value(",".join(cut))
        return f"{self.table(ending)} WHERE activity = {name} AND cut = {value}"

    def until(self, days: int | None = None) -> str:
        """The condition of the days that are drawn, or of so many."""
        days = days or int(self.chosen["days"])
        return f"ds > {self.last_day} - INTERVAL '{days}' DAY AND ds <= {self.last_day}"

    def totals(self, window: int, columns: str, ending: str = "", days: int | None = None) -> str:
        """A window's rows without a cut, by day."""
        step = sqlfiles.quote_value(self.chosen["step"])
        return (
            f"SELECT {columns} FROM {self.of_activity(ending)} "
            f"AND window_days = {window} AND step = {step} AND {self.until(days)} ORDER BY ds"
        )


def _judge(rows: Sequence[Row]) -> Judgement:
    """The trend, from the daily totals of the longest window over at most 56 days."""
    last = rows[-1]
    window, active, now = last["window_days"], last["active"], f"{last['active']:,}"
    if last["warmup"]:
        return Judgement(f"Too early to say: on the first {2 * window - 1} days everybody looks new.", "unknown")
    before = next((row["active"] for row in rows if row["ds"] == last["ds"] - timedelta(days=MAX_WINDOW_DAYS)), None)
    if not before:
        text = f"{now} were active within {window} days; there is nothing to compare with yet."
        return Judgement(text, "unknown")
    change = (active - before) / before
    word, tone = _direction(change)
    more = f"{abs(change):.1%} {'more' if change >= 0 else 'fewer'} than 28 days before"
    return Judgement(f"{word}: {now} were active within {window} days, {more}.{_quick_ratio_text(rows)}", tone)


def _direction(change: float) -> tuple[str, Tone]:
    if abs(change) < STEADY:
        return "Steady", "neutral"
    return ("Growing", "good") if change > 0 else ("Shrinking", "bad")


def _quick_ratio_text(rows: Sequence[Row]) -> str:
    """The quick ratio over the last 28 days, in words. Flows can be added up where each day is compared with the one before."""
    if rows[-1]["step"] != "day":
        return ""
    recent = [row for row in rows if row["ds"] > rows[-1]["ds"] - timedelta(days=MAX_WINDOW_DAYS)]
    left = sum(row["churned"] for row in recent)
    if not left:
        return " Nobody left."
    came = sum(row["new"] + row["resurrected"] for row in recent)
    return f" {came / left:.2f} came for each one that left."


def _facts(view: _View) -> Iterator[Fact]:
    for window in sorted(view.spec.windows):
        label = NAMES.get(window, f"{window}-day actives")
        query = view.totals(window, "ds, active", days=COMPARED)
        yield Fact(label, query, "active", day="ds", compare=(7, 28), higher_is_better=True)
    if "day" in view.spec.steps:
        ratio = (
            f"SELECT sum(new + resurrected) / nullif(CAST(sum(churned) AS DOUBLE), 0) AS quick_ratio "
            f"FROM {view.of_activity()} AND window_days = {view.longest} AND step = 'day' AND {view.until(MAX_WINDOW_DAYS)}"
        )
        yield Fact("quick ratio over 28 days", ratio, "quick_ratio", "decimal", note="who came for each one who left")
    if 1 in view.spec.windows and view.longest > 1:
        query = view.totals(view.longest, "ds, stickiness", "_ratios", 1)
        yield Fact(f"DAU / {NAMES.get(view.longest, f'{view.longest}-day actives')}", query, "stickiness", "decimal")


def _blocks(view: _View) -> Iterator[Block]:
    if view.cut:
        yield _cut_chart(view)
        yield _cut_table(view)
    yield _accounting(view)
    yield _actives(view)
    yield _ratios(view)
    yield _engagement(view)
    yield _states(view)
    yield _daily_table(view)


def _daily_table(view: _View) -> DataTable:
    columns = (
        "CAST(ds AS VARCHAR) || CASE WHEN warmup THEN ' (warm-up)' ELSE '' END AS day, active, new, resurrected, churned, "
        "new + resurrected - churned AS net, (new + resurrected) / nullif(CAST(churned AS DOUBLE), 0) AS quick_ratio"
    )
    counts = ("active", "new", "resurrected", "churned", "net")
    return DataTable(
        "days",
        f"Day by day, {view.window}-day window",
        f"{view.totals(view.window, columns, days=min(LISTED, int(view.chosen['days'])))} DESC",
        (
            DataColumn("day"),
            *(DataColumn(name, format="integer") for name in counts),
            DataColumn("quick_ratio", "quick ratio", "decimal"),
        ),
    )


def _accounting(view: _View) -> Chart:
    against = "that of the day before" if view.chosen["step"] == "day" else "the one before it"
    return Chart(
        "accounting",
        f"Growth accounting, {view.window}-day windows",
        "bars",
        view.totals(view.window, "ds, new, resurrected, churned, warmup"),
        "ds",
        tuple(replace(flow, adds_up=view.chosen["step"] == "day") for flow in (NEW, RESURRECTED, CHURNED)),
        f"Who came and who left: each day's {view.window}-day window against {against}. Flows of days add up; actives do not.",
        line=0,
    )


def _actives(view: _View) -> Chart:
    windows = [window for window in sorted(view.spec.windows) if window in ACTIVE] or [view.longest]
    columns = ", ".join(f"max(CASE WHEN window_days = {window} THEN active END) AS w{window}" for window in windows)
    step = sqlfiles.quote_value(view.chosen["step"])
    longest = Series(f"w{view.longest}", f"{view.longest}-day actives", "purple")
    return Chart(
        "actives",
        "Daily, weekly and monthly actives",
        "lines",
        f"SELECT ds, {columns} FROM {view.of_activity()} AND step = {step} AND {view.until()} GROUP BY ds ORDER BY ds",
        "ds",
        tuple(ACTIVE.get(window, longest) for window in windows),
        "Active within 1, 7 and 28 days, which leaves weekdays out of the longer ones.",
    )


def _ratios(view: _View) -> Chart:
    return Chart(
        "ratios",
        "Quick ratio",
        "lines",
        view.totals(view.window, "ds, quick_ratio", "_ratios"),
        "ds",
        (Series("quick_ratio", "quick ratio", "navy"),),
        "Who came for each one who left. Above 1 the actives grow; a gap is a day on which nobody left.",
        line=1,
        format="decimal",
    )


def _engagement(view: _View) -> Chart:
    window = 7 if view.window <= 7 else 28
    return Chart(
        "engagement",
        f"L{window}: active days out of {window}",
        "histogram",
        f"SELECT days_active, entities FROM {view.of_activity('_engagement')} AND window_days = {window} "
        f"AND ds = {view.last_day} ORDER BY days_active",
        "days_active",
        (Series("entities", "entities", "blue"),),
        "The last day's entities by how many days they were active on. A tail that rises to the right is a habit.",
    )


def _states(view: _View) -> Chart:
    return Chart(
        "states",
        "Everybody, by state",
        "areas",
        view.totals(view.window, "ds, new, resurrected, retained, churned, stale"),
        "ds",
        (NEW, RESURRECTED, RETAINED, Series("churned", "churned", "red"), STALE),
        "All who were ever active: the part that is stale was active neither now nor a step before.",
    )


def _cut_chart(view: _View) -> Chart:
    """The largest cells of the last day by day."""
    step = sqlfiles.quote_value(view.chosen["step"])
    names = sqlfiles.quote_names(view.cut)
    label = " || ', ' || ".join(f"r.{sqlfiles.quote_name(name)}" for name in view.cut)
    same = " AND ".join(f"r.{sqlfiles.quote_name(name)} = l.{sqlfiles.quote_name(name)}" for name in view.cut)
    rows = f"FROM {view.of_activity('', view.cut)} AND window_days = {view.window} AND step = {step}"
    largest = f"SELECT {names}, active AS last_active {rows} AND ds = {view.last_day} ORDER BY active DESC, {names} LIMIT {CELLS}"
    query = (
        f"SELECT {label} AS cell, r.ds AS ds, r.active AS active FROM (SELECT ds, {names}, active {rows} AND {view.until()}) AS r "
        f"JOIN ({largest}) AS l ON {same} ORDER BY l.last_active DESC, cell, r.ds"
    )
    return Chart(
        "cut",
        f"Actives by {', '.join(view.cut)}, {view.window}-day window",
        "heatmap",
        query,
        "ds",
        (),
        f"The {CELLS} largest cells of the last day, the darker the more.",
        y="cell",
        value="active",
    )


def _cut_table(view: _View) -> DataTable:
    names, first, step = (
        sqlfiles.quote_names(view.cut),
        sqlfiles.quote_name(view.cut[0]),
        sqlfiles.quote_value(view.chosen["step"]),
    )
    counts = ("active", "new", "resurrected", "churned")
    return DataTable(
        "cells",
        f"By {', '.join(view.cut)}",
        f"SELECT {names}, active, new, resurrected, churned, net_moved FROM {view.of_activity('', view.cut)} "
        f"AND window_days = {view.window} AND step = {step} AND ds = {view.last_day} "
        f"ORDER BY CASE WHEN {first} = '(other)' THEN 1 ELSE 0 END, active DESC, {names}",
        (
            *(DataColumn(name) for name in view.cut),
            *(DataColumn(name, format="integer") for name in counts),
            DataColumn("net_moved", "moved in", "integer"),
        ),
        "The last day's cells, '(other)' last. Moved in: who was active before in another cell, less those who went.",
    )
