"""The page of a set of features: the catalogue, and one feature: its days, its distribution, how to use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.features.catalogue import Feature, list_features
from drawloom.frameworks.features.scoring.page import scoring_blocks
from drawloom.frameworks.features.spec import Features
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

COMPARED = 7  # days between the last day and the one that drift is measured against
BINS = 20  # of a distribution
FEW = 0.0001  # the share that an empty bin counts as, where distributions are compared
DRIFTED, MOVED = 0.25, 0.1  # population stability indexes from which one speaks of a shift, and of a small one
NUMERIC = frozenset(
    {"count", "sum", "avg", "stddev", "n_distinct"}
)  # whose features are numbers whatever the values are


def features_page(spec: Features, given: Mapping[str, str]) -> Page:
    """The catalogue of a set, and one of its features.

    Raises:
        InputError: a choice is unknown.
    """
    features = list_features(spec)
    chosen = Choices.of(
        given,
        Choice("feature", tuple(feature.name for feature in features), "which feature is shown"),
        Choice("days", ("56", "14", "28", "182", "364"), "how many days are drawn"),
        Choice("as_of", (), "the last day that is shown"),
    )
    view = _View(spec, features, chosen)
    return Page(
        title=f"{spec.name}: {view.feature.name}",
        description=view.feature.description or spec.description,
        choices=chosen.choices,
        verdict=Verdict(view.drift, view.judge, "No features were computed yet."),
        facts=tuple(_facts(view)),
        blocks=tuple(_blocks(view)),
    )


class _View:
    """What the viewer has chosen, as SQL."""

    def __init__(self, spec: Features, features: Sequence[Feature], chosen: Choices) -> None:
        self.spec, self.features, self.chosen = spec, features, chosen
        self.feature = next(one for one in features if one.name == chosen["feature"])
        self.table, self.registry = sqlfiles.quote_table(spec.table), sqlfiles.quote_table(f"{spec.table}_registry")
        self.column = sqlfiles.quote_name(self.feature.name)
        self.is_number = self.feature.op in NUMERIC

    @property
    def last_day(self) -> str:
        """The last day that is shown, as a query of one value."""
        day = self.chosen.day("as_of")
        return f"(SELECT max(ds) FROM {self.table}{f' WHERE ds <= DATE {day.isoformat()!r}' if day else ''})"

    @property
    def day_before(self) -> str:
        """The day that drift is measured against."""
        return f"{self.last_day} - INTERVAL '{COMPARED}' DAY"

    def daily(self, columns: str, days: int | None = None) -> str:
        """Numbers of the feature by day."""
        between = f"ds > {self.last_day} - INTERVAL '{days or int(self.chosen['days'])}' DAY AND ds <= {self.last_day}"
        mean = f"avg(CAST({self.column} AS DOUBLE))" if self.is_number else "CAST(NULL AS DOUBLE)"
        return (
            f"SELECT {columns} FROM (SELECT ds, count(*) AS entities, "
            f"1 - CAST(count({self.column}) AS DOUBLE) / count(*) AS missing, {mean} AS mean "
            f"FROM {self.table} WHERE {between} GROUP BY ds) AS daily ORDER BY ds"
        )

    @property
    def bins(self) -> str:
        """The entities of the last day and of the one before by equal bins of the last day's values, as ``binned``."""
        value = f"CAST({self.column} AS DOUBLE)"
        place = f"floor((v.value - r.low) / nullif(r.high - r.low, 0) * {BINS})"
        return (
            f"WITH v AS (SELECT ds = {self.last_day} AS is_last, {value} AS value FROM {self.table} "
            f"WHERE ds IN ({self.last_day}, CAST({self.day_before} AS DATE)) AND {self.column} IS NOT NULL), "
            "r AS (SELECT min(value) AS low, max(value) AS high FROM v WHERE is_last), "
            f"placed AS (SELECT v.is_last, r.low, r.high, CASE WHEN r.high = r.low OR v.value < r.low THEN 0 "
            f"WHEN v.value >= r.high THEN {BINS - 1} ELSE {place} END AS bin FROM v CROSS JOIN r), "
            "binned AS (SELECT low + bin * (high - low) / "
            f"{BINS} AS value, count(CASE WHEN is_last THEN 1 END) AS entities, "
            "count(CASE WHEN NOT is_last THEN 1 END) AS entities_before FROM placed GROUP BY low, high, bin) "
        )

    @property
    def drift(self) -> str:
        """One row: entities, and the share without the feature, on the last day and before; how far values have moved."""
        if not self.is_number:
            return self.daily("ds, entities, missing, CAST(NULL AS DOUBLE) AS psi", COMPARED + 1)
        shares = ", ".join(
            f"greatest(CAST({name} AS DOUBLE) / nullif(sum({name}) OVER (), 0), {FEW}) AS {short}"
            for name, short in (("entities", "p"), ("entities_before", "q"))
        )
        psi = f"{self.bins}, shares AS (SELECT {shares} FROM binned) SELECT sum((p - q) * ln(p / q)) AS psi FROM shares"
        return (
            f"SELECT d.ds, d.entities, d.missing, x.psi FROM ({self.daily('ds, entities, missing', COMPARED + 1)}) AS d "
            f"CROSS JOIN ({psi}) AS x ORDER BY d.ds"
        )

    def judge(self, rows: Sequence[Row]) -> Judgement:
        """How much of it there is, and whether it has moved."""
        last = rows[-1]
        text = f"{1 - last['missing']:.1%} of {last['entities']:,} {self.spec.entity.name} rows have it on {last['ds']}"
        if len(rows) <= COMPARED or (self.is_number and last["psi"] is None):
            return Judgement(f"{text}; too few days to say whether it moves.", "unknown")
        moved = abs(last["missing"] - rows[0]["missing"])
        if (last["psi"] or 0) >= DRIFTED or moved >= MOVED:
            return Judgement(f"{text}; it has shifted since {rows[0]['ds']}.", "bad")
        if (last["psi"] or 0) >= MOVED:
            return Judgement(f"{text}; it has moved a little since {rows[0]['ds']}.", "neutral")
        return Judgement(f"{text}; it is as it was on {rows[0]['ds']}.", "good")


def _facts(view: _View) -> Iterator[Fact]:
    name = view.spec.entity.name
    yield Fact(f"{name} rows", view.daily("ds, entities", 56), "entities", "integer", "ds", (7, 28))
    yield Fact("missing", view.daily("ds, missing", 56), "missing", "percent", "ds", (7, 28), False)
    if view.is_number:
        yield Fact("mean", view.daily("ds, mean", 56), "mean", "significant", "ds", (7, 28))
        note = f"population stability index against {COMPARED} days before; from {DRIFTED} on it has shifted"
        yield Fact("drift", view.drift, "psi", "decimal", note=note)


def _blocks(view: _View) -> Iterator[Block]:
    if view.is_number:
        yield Chart(
            "mean",
            f"{view.feature.name}: the mean by day",
            "lines",
            view.daily("ds, mean"),
            "ds",
            (Series("mean", "mean", "blue"),),
            f"Over each {view.spec.entity.name} that has it.",
            format="significant",
        )
        yield Chart(
            "distribution",
            "Distribution on the last day",
            "histogram",
            f"{view.bins}SELECT value, entities FROM binned ORDER BY value",
            "value",
            (Series("entities", view.spec.entity.name, "teal"),),
            f"{BINS} bins of the same width, by where each begins.",
        )
    else:
        yield _frequent_values(view)
    yield Chart(
        "missing",
        "Missing by day",
        "lines",
        view.daily("ds, missing"),
        "ds",
        (Series("missing", "share without it", "amber"),),
        "Sums of nothing are missing; counts of nothing are 0.",
        format="percent",
    )
    yield _definition(view)
    yield from scoring_blocks(view.spec, int(view.chosen["days"]))
    yield _catalogue(view)


def _frequent_values(view: _View) -> DataTable:
    value = f"array_to_string({view.column}, ', ')" if view.feature.type == "VARCHAR[]" else view.column
    query = (
        f"SELECT value, count(*) AS entities FROM (SELECT {value} AS value FROM {view.table} WHERE ds = {view.last_day}) AS v "
        f"WHERE value IS NOT NULL GROUP BY value ORDER BY entities DESC, value LIMIT {BINS}"
    )
    columns = (DataColumn("value"), DataColumn("entities", view.spec.entity.name, "integer"))
    return DataTable("values", "Most frequent values on the last day", query, columns)


def _definition(view: _View) -> DataTable:
    feature, spec = view.feature, view.spec
    using = f"drawloom features training-set --spine rows.parquet --features {spec.name}.{feature.name} -o training"
    rows = (
        ("definition", feature.sql),
        ("window", feature.window),
        ("source", feature.source),
        ("fingerprint", feature.fingerprint[:8]),
        ("in training", using),
        ("in scoring", f"scoring: {{features: [{spec.name}.{feature.name}]}}"),
    )
    return _constants("definition", "Definition and use", ("what", "is"), [row for row in rows if row[1]])


def _catalogue(view: _View) -> DataTable:
    query = (
        'SELECT r.feature, r.sql, r.null_ratio, b.null_ratio AS null_ratio_before, r."distinct", r.used_by '
        f"FROM {view.registry} AS r LEFT JOIN (SELECT feature, null_ratio FROM {view.registry} WHERE ds = CAST({view.day_before} AS DATE)) AS b "
        f"ON b.feature = r.feature WHERE r.ds = {view.last_day} ORDER BY r.feature"
    )
    columns = (
        DataColumn("feature"),
        DataColumn("sql", "definition"),
        DataColumn("null_ratio", "missing", "percent"),
        DataColumn("null_ratio_before", f"{COMPARED} days before", "percent"),
        DataColumn("distinct", "values", "integer"),
        DataColumn("used_by", "models"),
    )
    return DataTable("catalogue", "All features of the set", query, columns)


def _constants(name: str, title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> DataTable:
    """A table of what the spec says: a query of constants, like every other table of a page."""
    values = ", ".join(f"({', '.join(map(sqlfiles.quote_value, row))})" for row in rows)
    names = sqlfiles.quote_names(columns)
    query = f"SELECT {names} FROM (VALUES {values}) AS c({names})"
    return DataTable(name, title, query, tuple(DataColumn(column) for column in columns))
