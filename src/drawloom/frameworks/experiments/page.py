"""The page of an experiment: the verdict, its health, and what each variant did to each metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.experiments.spec import Experiment
from drawloom.frameworks.experiments.verdict import SURE, Judge
from drawloom.frameworks.experiments.wanted import plural
from drawloom.frameworks.page import (
    Block,
    Chart,
    Choice,
    Choices,
    Colour,
    DataColumn,
    DataTable,
    Fact,
    Format,
    Page,
    Series,
    Verdict,
)

TOTAL = "total"


def experiment_page(spec: Experiment, given: Mapping[str, str]) -> Page:
    """The page of an experiment, for what the viewer has chosen.

    Raises:
        InputError: a choice is unknown.
    """
    cuts = (TOTAL, *spec.cuts, *(["activation"] if spec.activation else []))
    others = [name for name in spec.variants if name != spec.control]
    chosen = Choices.of(
        given,
        Choice("metric", tuple(spec.metrics.roles), "which metric is drawn by day"),
        Choice("variant", tuple(others), "which variant is drawn by day"),
        Choice("effect", ("relative", "absolute"), "as a share of the baseline, or in the metric's own unit"),
        Choice("cut", cuts, "what results are cut by"),
        Choice("as_of", (), "the day whose results are shown"),
    )
    view = _View(spec, chosen)
    return Page(
        title=f"{spec.name}: {spec.hypothesis}" if spec.hypothesis else spec.name,
        description=spec.description,
        choices=chosen.choices,
        verdict=Verdict(view.verdict_query(), Judge(spec, view.note), view.nothing),
        facts=tuple(_facts(view)),
        blocks=tuple(_blocks(view)),
        before=f"There are no results yet: exposures begin on {spec.start}, and `drawloom run {spec.name}` computes each day for which there is data.",
    )


@dataclass(frozen=True, slots=True)
class _View:
    """What the viewer has chosen, as SQL."""

    spec: Experiment
    chosen: Choices

    def table(self, ending: str = "") -> str:
        return sqlfiles.quote_table(self.spec.table + ending)

    @property
    def day(self) -> str:
        """The day whose results are shown."""
        chosen = self.chosen.day("as_of")
        until = f" WHERE ds <= DATE '{chosen}'" if chosen else ""
        return f"(SELECT max(ds) FROM {self.table()}{until})"

    @property
    def note(self) -> str:
        """That the day that was asked for is after the last one; empty where it is not."""
        asked = self.chosen.day("as_of")
        last = self.spec.last_day
        return (
            f"There are no results after {last}, the last day: these are the final ones."
            if asked and asked > last
            else ""
        )

    @property
    def nothing(self) -> str:
        """What is said where there are no results."""
        asked = self.chosen.day("as_of")
        if asked and asked < self.spec.start:
            return f"The experiment begins on {self.spec.start}, after {asked}: there are no results of that day."
        return "There are no results yet."

    @property
    def tone(self) -> str:
        """Whether a certain effect is better or worse, as SQL: by the direction that is wanted of its metric."""
        statistics = self.spec.statistics
        p = "coalesce(p_adjusted, p_value)"
        sure = f"{p} < {statistics.alpha}"
        if statistics.test == "bayesian":
            sure = f"(chance_to_win > {SURE} OR chance_to_win < {1 - SURE:.6g})"
        up = "(higher_is = 'better' AND effect > 0) OR (higher_is = 'worse' AND effect < 0)"
        down = "(higher_is = 'better' AND effect < 0) OR (higher_is = 'worse' AND effect > 0)"
        return f"CASE WHEN {sure} AND ({up}) THEN 'better' WHEN {sure} AND ({down}) THEN 'worse' ELSE '' END"

    @property
    def cut(self) -> str:
        return sqlfiles.quote_value("" if self.chosen["cut"] == TOTAL else self.chosen["cut"])

    @property
    def is_relative(self) -> bool:
        return self.chosen["effect"] == "relative"

    @property
    def effect(self) -> tuple[str, str, str]:
        """The columns of the effect and its interval."""
        if self.is_relative:
            return "effect_relative", "ci_low_relative", "ci_high_relative"
        return "effect", "ci_low", "ci_high"

    @property
    def order(self) -> str:
        """The metrics in the order of the spec."""
        names = enumerate(self.spec.metrics.roles)
        return f"CASE metric {' '.join(f'WHEN {sqlfiles.quote_value(name)} THEN {n}' for n, name in names)} END"

    @property
    def label(self) -> str:
        """What a row is called: its metric, and its variant and cell where there are several."""
        parts = ["metric"]
        parts += ["variant"] if len(self.spec.variants) > 2 else []
        parts += ["cut_value"] if self.chosen["cut"] != TOTAL else []
        return " || ' ' || ".join(parts)

    def verdict_query(self) -> str:
        checks = f"FROM {self.table('_health')} WHERE ds = {self.day} AND verdict = 'bad'"
        return (
            "SELECT ds, metric, role, higher_is, variant, n_baseline, n_variant, effect, effect_relative, ci_low_relative, "
            "ci_high_relative, p_value, p_adjusted, sequential_p, chance_to_win, reason, "
            f'(SELECT min("check") {checks}) AS broken, (SELECT min(detail) {checks} AND "check" = (SELECT min("check") {checks})) AS detail, '
            f"(SELECT min(detail) FROM {self.table('_health')} WHERE ds = {self.day} AND verdict = 'warn' "
            f"AND \"check\" = 'full-week') AS early "
            f"FROM {self.table()} WHERE ds = {self.day} AND cut = '' ORDER BY {self.order}, variant"
        )

    def rows(self, columns: str, condition: str = "TRUE") -> str:
        """The results of the day in the chosen cut."""
        return (
            f"SELECT {columns} FROM {self.table()} WHERE ds = {self.day} AND cut = {self.cut} AND {condition} "
            f"ORDER BY {self.order}, cut_value, variant"
        )


def _facts(view: _View) -> Iterator[Fact]:
    units = (
        f"SELECT ds, max(n_baseline) + sum(n_variant) AS units FROM (SELECT ds, variant, max(n_baseline) AS n_baseline, "
        f"max(n_variant) AS n_variant FROM {view.table()} WHERE cut = '' AND ds <= {view.day} GROUP BY ds, variant) AS v "
        "GROUP BY ds ORDER BY ds"
    )
    yield Fact(view.spec.subject or "subjects", units, "units", day="ds", compare=(1, 7), note="in all variants")
    bad = f"SELECT count(*) AS n FROM {view.table('_health')} WHERE ds = {view.day} AND verdict = 'bad'"
    yield Fact("failed health checks", bad, "n", higher_is_better=False)
    ratio = (
        f"SELECT CASE WHEN value < 0.001 THEN '<.001' ELSE CAST(CAST(value AS DECIMAL(6, 3)) AS VARCHAR) END AS p "
        f"FROM {view.table('_health')} WHERE ds = {view.day} AND \"check\" = 'sample-ratio' AND cut = ''"
    )
    split = " to ".join(f"{weight:g}" for weight in view.spec.variants.values())
    yield Fact("p of the split", ratio, "p", "text", note=f"planned {split} (sample ratio)")
    spec = view.spec
    traffic = "" if spec.traffic == 1 else f", {spec.traffic:.0%} of traffic"
    day = f"SELECT {view.day} AS ds"
    yield Fact("results of", day, "ds", "day", note=f"exposures {spec.start} to {spec.end}{traffic}")


def _blocks(view: _View) -> Iterator[Block]:
    yield _results(view)
    yield _forest(view)
    yield _metrics(view)
    yield _health(view)
    yield _series(view)
    if not view.spec.statistics.table:
        yield _exposures(view)


def _results(view: _View) -> DataTable:
    effect, low, high = view.effect
    shown: Format = "percent" if view.is_relative else "significant"
    is_bayesian = view.spec.statistics.test == "bayesian"
    p = "chance_to_win" if is_bayesian else "p_value"
    p = f"CASE WHEN {p} < 0.001 THEN '<.001' ELSE CAST(CAST({p} AS DECIMAL(6, 3)) AS VARCHAR) END AS p"
    variant = "variant, " if len(view.spec.variants) > 2 else ""
    cell = "cut_value, " if view.chosen["cut"] != TOTAL else ""
    columns = (
        f"{cell}metric, {variant}mean_baseline, mean_variant, mean_baseline + effect AS mean_adjusted, {effect} AS effect, "
        f"{low} AS low, {high} AS high, {p}, coalesce(reason, '') AS reason, {view.tone} AS tone"
    )
    return DataTable(
        "results",
        f"{'Relative' if view.is_relative else 'Absolute'} effects, against {view.spec.control}",
        view.rows(columns),
        (
            *([DataColumn("cut_value", view.chosen["cut"])] if cell else []),
            DataColumn("metric"),
            *([DataColumn("variant")] if variant else []),
            *_means(view, "variant" if variant else view.chosen["variant"]),
            DataColumn("effect", "effect", shown, "tone"),
            DataColumn("low", "low", shown),
            DataColumn("high", "high", shown),
            DataColumn("p", "chance to win" if is_bayesian else "p"),
            DataColumn("reason", "note"),
        ),
        _caption(view.spec),
    )


def _means(view: _View, variant: str) -> Iterator[DataColumn]:
    """The means: where earlier behaviour is taken out of effects, that of the variant is the one that goes with its effect."""
    yield DataColumn("mean_baseline", view.spec.control, "significant")
    if _is_adjusted(view.spec):
        yield DataColumn("mean_adjusted", f"{variant}, adjusted", "significant")
    else:
        yield DataColumn("mean_variant", variant, "significant")


def _is_adjusted(spec: Experiment) -> bool:
    return bool(spec.pre_period) and not spec.statistics.table


def _metrics(view: _View) -> DataTable:
    wanted = "CASE higher_is WHEN 'better' THEN 'higher' WHEN 'worse' THEN 'lower' ELSE 'either' END AS wanted"
    several = len(view.spec.variants) > 2
    variant = "variant" if several else view.chosen["variant"]
    return DataTable(
        "metrics",
        "Metrics and their subjects",
        view.rows(
            f"{'cut_value, ' if view.chosen['cut'] != TOTAL else ''}metric, role, {wanted}, variant, n_baseline, n_variant, mean_variant"
        ),
        (
            *([DataColumn("cut_value", view.chosen["cut"])] if view.chosen["cut"] != TOTAL else []),
            DataColumn("metric"),
            DataColumn("role"),
            DataColumn("wanted"),
            *([DataColumn("variant")] if several else []),
            DataColumn("n_baseline", f"n {view.spec.control}", "integer"),
            DataColumn("n_variant", f"n {variant}", "integer"),
            *([DataColumn("mean_variant", f"{variant}, raw mean", "significant")] if _is_adjusted(view.spec) else []),
        ),
        "A variant ships if a goal gets better and no goal or guardrail gets worse.",
    )


def _caption(spec: Experiment) -> str:
    sequential = spec.statistics.sequential
    days = "" if sequential is None else f"; those by day below hold for all {'looks' if sequential.looks else 'days'}"
    text = f"Intervals cover {1 - spec.statistics.alpha:.0%} if they are looked at once{days}."
    if spec.statistics.post_stratify:
        text += f" Effects are means of those of each {spec.statistics.post_stratify}."
    if _is_adjusted(spec):
        text += f" Effects are less what the {plural(spec.pre_period, 'day')} before explain (CUPED): the adjusted mean is the baseline's with the effect, and the raw one is listed below."
    return text


def _forest(view: _View) -> Chart:
    effect, low, high = view.effect
    columns = f"{view.label} AS label, {effect} AS effect, {low} AS low, {high} AS high"
    return Chart(
        "effects",
        "Effects and their intervals",
        "forest",
        view.rows(columns, f"{effect} IS NOT NULL"),
        "effect",
        (Series("effect", "effect", "blue", low="low", high="high"),),
        y="label",
        line=0,
        format="percent" if view.is_relative else "significant",
        empty="No effect can be computed yet; the table says why.",
    )


def _health(view: _View) -> DataTable:
    query = (
        "SELECT \"check\", CASE WHEN cut_value = '' THEN cut ELSE cut || ' ' || cut_value END AS cell, verdict, detail "
        f"FROM {view.table('_health')} WHERE ds = {view.day} AND (cut = '' OR verdict IN ('bad', 'warn')) "
        "ORDER BY CASE verdict WHEN 'bad' THEN 0 WHEN 'warn' THEN 1 WHEN 'unknown' THEN 2 ELSE 3 END, \"check\", cell"
    )
    names = ("check", "cell", "verdict", "detail")
    caption = "Of the checks by cut and by day only those that found something."
    return DataTable("health", "Health", query, tuple(DataColumn(name) for name in names), caption)


def _series(view: _View) -> Chart:
    metric, variant = sqlfiles.quote_value(view.chosen["metric"]), sqlfiles.quote_value(view.chosen["variant"])
    is_sequential = view.spec.statistics.sequential and view.spec.statistics.test == "welch"
    share = " / abs(nullif(mean_baseline, 0))" if view.is_relative else ""
    low, high = ("sequential_low", "sequential_high") if is_sequential else ("ci_low", "ci_high")
    effect = view.effect[0]
    query = (
        f"SELECT ds, {effect} AS effect, {low}{share} AS low, {high}{share} AS high FROM {view.table()} "
        f"WHERE cut = '' AND metric = {metric} AND variant = {variant} AND ds <= {view.day} ORDER BY ds"
    )
    looks = view.spec.statistics.sequential.looks if view.spec.statistics.sequential else None
    caption = (
        f"The band holds on all planned looks at once, after {', '.join(map(str, looks))} days; on other days there is none."
        if looks
        else "The band holds on all days at once: looking every day is allowed."
        if is_sequential
        else "The band holds for one look that was planned, not for looking every day."
    )
    series = (Series("effect", view.chosen["variant"], "blue", low="low", high="high"),)
    title = f"{view.chosen['metric']} by day, {view.chosen['variant']} against {view.spec.control}"
    return Chart(
        "days",
        title,
        "lines",
        query,
        "ds",
        series,
        caption,
        line=0,
        format="percent" if view.is_relative else "significant",
    )


def _exposures(view: _View) -> Chart:
    colours: tuple[Colour, ...] = ("grey", "blue", "teal", "amber", "purple", "orange", "navy", "red")
    names = list(view.spec.variants)
    columns = ", ".join(
        f"sum(CASE WHEN variant = {sqlfiles.quote_value(name)} THEN n ELSE 0 END) AS variant_{number}"
        for number, name in enumerate(names)
    )
    query = (
        f"SELECT CAST(cut_value AS DATE) AS ds, {columns} FROM {view.table('_counts')} "
        f"WHERE ds = {view.day} AND kind = 'day' GROUP BY cut_value ORDER BY 1"
    )
    series = tuple(
        Series(f"variant_{number}", name, colours[number % len(colours)], adds_up=True)
        for number, name in enumerate(names)
    )
    return Chart("exposures", "First exposures by day", "bars", query, "ds", series, empty="Nobody was exposed yet.")
