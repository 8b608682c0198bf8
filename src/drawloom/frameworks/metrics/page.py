"""The page of a source's metrics: what there is, and the days of one metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.metrics.spec import COMBINED_BY_MAX, Metric, Metrics
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

COMPARED = 7  # days that the verdict compares the last one with


def metrics_page(spec: Metrics, given: Mapping[str, str]) -> Page:
    """The metrics of a source, and one of them by day, for one type of subjects.

    Raises:
        InputError: a choice is unknown.
    """
    shown = [name for name, metric in spec.metrics.items() if metric.type != "ratio"]
    chosen = Choices.of(
        given,
        Choice("metric", tuple(shown) or tuple(spec.metrics), "which metric is drawn"),
        Choice("subject", tuple(spec.subjects), "whose values"),
        Choice("days", ("56", "14", "28", "182", "364"), "how many days are drawn"),
        Choice("as_of", (), "the last day that is shown"),
    )
    view = _View(spec, chosen)
    return Page(
        title=f"{spec.name}: {view.name}",
        description=view.metric.description or spec.description,
        choices=chosen.choices,
        verdict=Verdict(view.daily("ds, value, subjects", COMPARED + 1), _judge, "Nothing was measured yet."),
        facts=tuple(_facts(view)),
        blocks=tuple(_blocks(view)),
    )


class _View:
    """What the viewer has chosen, as SQL."""

    def __init__(self, spec: Metrics, chosen: Choices) -> None:
        self.spec, self.chosen = spec, chosen
        self.name = chosen["metric"]
        self.table = sqlfiles.quote_table(spec.table)

    @property
    def metric(self) -> Metric:
        return self.spec.metrics[self.name]

    @property
    def last_day(self) -> str:
        day = self.chosen.day("as_of")
        return f"(SELECT max(ds) FROM {self.table}{f' WHERE ds <= DATE {day.isoformat()!r}' if day else ''})"

    @property
    def total(self) -> str:
        """The value of all subjects on a day."""
        if self.metric.type in COMBINED_BY_MAX:
            return "CAST(count(DISTINCT subject) AS DOUBLE)" if self.metric.type == "any" else "max(value)"
        return "sum(value * events) / sum(events)" if self.metric.type == "quantile" else "sum(value)"

    def daily(self, columns: str, days: int | None = None) -> str:
        """The chosen metric by day."""
        of_metric = f"metric = {sqlfiles.quote_value(self.name)} AND subject_type = {sqlfiles.quote_value(self.chosen['subject'])}"
        between = f"ds > {self.last_day} - INTERVAL '{days or int(self.chosen['days'])}' DAY AND ds <= {self.last_day}"
        return (
            f"SELECT {columns} FROM (SELECT ds, {self.total} AS value, count(DISTINCT subject) AS subjects, sum(events) AS events "
            f"FROM {self.table} WHERE {of_metric} AND {between} GROUP BY ds) AS daily ORDER BY ds"
        )


def _judge(rows: Sequence[Row]) -> Judgement:
    last, before = rows[-1], rows[:-1]
    text = f"{last['value']:,.6g} on {last['ds']}, of {last['subjects']:,} subjects"
    if len(before) < COMPARED:
        return Judgement(f"{text}; too few days to compare with.", "unknown")
    usual = sum(row["value"] for row in before) / len(before)
    if not usual:
        return Judgement(f"{text}; the week before had none.", "neutral")
    return Judgement(
        f"{text}, {abs(last['value'] / usual - 1):.1%} {'above' if last['value'] >= usual else 'below'} the week before."
    )


def _facts(view: _View) -> Iterator[Fact]:
    higher = {"better": True, "worse": False, "neutral": None}[view.metric.higher_is]
    yield Fact(view.name, view.daily("ds, value", 56), "value", "decimal", "ds", (7, 28), higher)
    yield Fact(
        view.chosen["subject"],
        view.daily("ds, subjects", 56),
        "subjects",
        "integer",
        "ds",
        (7, 28),
        note="with a value",
    )


def _blocks(view: _View) -> Iterator[Block]:
    yield _definitions(view.spec)
    yield Chart(
        "daily",
        f"{view.name} by day",
        "lines",
        view.daily("ds, value"),
        "ds",
        (Series("value", view.name, "blue", adds_up=view.metric.type in {"count", "sum"}),),
        "The mean of the values, of a quantile." if view.metric.type == "quantile" else "",
        format="decimal",
    )


def _definitions(spec: Metrics) -> DataTable:
    """What the metrics are, from the spec: a query of constants, like every other table of a page."""
    rows = ", ".join(
        f"({', '.join(sqlfiles.quote_value(text) for text in (name, describe(metric), metric.tier, metric.owner or spec.owner))})"
        for name, metric in spec.metrics.items()
    )
    query = f"SELECT metric, definition, tier, owner FROM (VALUES {rows}) AS m(metric, definition, tier, owner)"
    names = ("metric", "definition", "tier", "owner")
    return DataTable("metrics", "Metrics", query, tuple(DataColumn(name) for name in names))


def describe(metric: Metric) -> str:
    """A metric in one line."""
    if metric.type == "ratio":
        return f"{metric.numerator} / {metric.denominator}"
    what = f"{metric.type} of {metric.value}" if metric.value else metric.type
    what = f"{metric.q:g} {what}" if metric.q else what
    return what if metric.where == "true" else f"{what} where {metric.where}"
