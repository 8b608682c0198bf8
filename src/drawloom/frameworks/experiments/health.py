"""The health of a day: whether results can be trusted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from drawloom.frameworks.arrow import as_table
from drawloom.frameworks.experiments.cells import DayStatistics, Test, exposure_days
from drawloom.frameworks.experiments.tables import CHECKS
from drawloom.frameworks.experiments.wanted import plural
from drawloom.model import StepContext

if TYPE_CHECKING:
    import pyarrow as pa


ALARM = 0.001  # p-value of an alarm (Fabijan et al. 2019): looked at daily, it must be rare
SHARE = 0.01  # of rows or subjects that may be left out
FEW = 10  # of them that are too few to say anything
WEEK = 7
Outcome = Literal["ok", "warn", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was measured, from where on it is bad, and what that means."""

    check: str
    cut: str
    cut_value: str
    value: float | None
    threshold: float
    verdict: Outcome
    detail: str


def health(context: StepContext) -> pa.Table:
    """The rows of ``experiments.<name>_health`` for the day of a run."""
    settings = context.params
    statistics = DayStatistics(context.read(f"{settings['table']}_statistics"))
    counts = Counts(context.read(f"{settings['table']}_counts").to_pylist() if settings["has_units"] else (), settings)
    found = list(_findings(counts, statistics, settings, context.ds))
    names = [column.name for column in CHECKS[1:]]
    columns: dict[str, Sequence[Any]] = dict(zip(names, map(list, zip(*map(astuple, found), strict=True)), strict=True))
    return as_table(CHECKS, {"experiment": [settings["experiment"]] * len(found), **columns})


class Counts:
    """The rows of ``experiments.<name>_counts`` of one day."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], settings: Mapping[str, Any]) -> None:
        self.rows = list(rows)
        self.variants = list(settings["variants"])
        self.weights = [settings["variants"][name] for name in self.variants]

    def total(self, kind: str) -> int:
        """How many of a kind."""
        return sum(row["n"] for row in self.rows if row["kind"] == kind)

    def names(self, kind: str) -> list[str]:
        """The variants that rows of a kind have."""
        return sorted(row["variant"] for row in self.rows if row["kind"] == kind)

    def cells(self, kind: str = "units") -> dict[tuple[str, str], list[int]]:
        """Units by variant, in each cell."""
        found: dict[tuple[str, str], list[int]] = {}
        for row in self.rows:
            if row["kind"] == kind and row["variant"] in self.variants:
                cell = found.setdefault((row["cut"], row["cut_value"]), [0] * len(self.variants))
                cell[self.variants.index(row["variant"])] += row["n"]
        return dict(sorted(found.items()))


def _findings(counts: Counts, statistics: DayStatistics, settings: Mapping[str, Any], day: date) -> Iterator[Finding]:
    units = counts.cells() if settings["has_units"] else _summary_cells(statistics, settings)
    yield from _sample_ratios(units, counts)
    yield from _sample_ratios(counts.cells("day"), counts)
    if settings["has_units"]:
        yield from _left_out(counts, sum(units.get(("", ""), [])))
        yield _missing_days(counts, settings, day)
        yield from _imbalances(units)
    if settings["activation"]:
        yield _activation(statistics, settings)
    if settings["cuped"]:
        yield from _pre_exposure_bias(statistics, settings)
    yield _weeks(settings, day)


def _summary_cells(statistics: DayStatistics, settings: Mapping[str, Any]) -> dict[tuple[str, str], list[int]]:
    """The units by variant where only statistics are known: the most of any metric."""
    counts = [
        max(
            int(statistics.number("n", statistics.places([Test(metric, variant, "", "")]))[0])
            for metric in settings["roles"]
        )
        for variant in settings["variants"]
    ]
    return {("", ""): counts}


def _sample_ratios(cells: Mapping[tuple[str, str], Sequence[int]], counts: Counts) -> Iterator[Finding]:
    """Whether each cell has as many units of each variant as its weight says; a cut's cells share one chance of a false alarm."""
    from drawloom.statistics import sample_ratio

    cuts = [cut for cut, _ in cells]
    for (cut, value), observed in cells.items():
        threshold = ALARM / cuts.count(cut)
        p = float(sample_ratio([observed], [counts.weights]).p_value[0])
        split = ", ".join(f"{n:,} {name}" for name, n in zip(counts.variants, observed, strict=True))
        yield _p_finding("sample-ratio", cut, value, p, threshold, split)


def _p_finding(check: str, cut: str, value: str, p: float, threshold: float, detail: str) -> Finding:
    if math.isnan(p):
        return Finding(check, cut, value, None, threshold, "unknown", f"{detail}: too few to say")
    if p < threshold:
        return Finding(check, cut, value, p, threshold, "bad", f"{detail}: by chance that happens with p = {p:.2g}")
    return Finding(check, cut, value, p, threshold, "ok", detail)


_LEFT_OUT = {
    "several-variants": (
        "subject was seen in several variants and is",
        "subjects were seen in several variants and are",
    ),
    "outside": (
        "row has a moment outside of the experiment and is",
        "rows have a moment outside of the experiment and are",
    ),
    "no-id": ("row has no id and is", "rows have no id and are"),
    "several-subjects": ("id is mapped to several subjects and is", "ids are mapped to several subjects and are"),
}


def _left_out(counts: Counts, units: int) -> Iterator[Finding]:
    for kind, (one, many) in _LEFT_OUT.items():
        n = counts.total(kind)
        share = n / (n + units) if n else 0.0
        verdict: Outcome = "warn" if n >= FEW and share > SHARE else "ok"
        yield Finding(kind, "", "", share, SHARE, verdict, f"{n:,} {one if n == 1 else many} left out" if n else "none")
    unknown = counts.total("unknown-variants")
    names = ", ".join(counts.names("unknown-variants")[:5])
    ids = "1 id has" if unknown == 1 else f"{unknown:,} ids have"
    detail = f"{ids} a variant that the experiment does not have: {names}" if unknown else "none"
    yield Finding("unknown-variants", "", "", float(unknown), 1, "warn" if unknown else "ok", detail)


def _missing_days(counts: Counts, settings: Mapping[str, Any], day: date) -> Finding:
    expected = exposure_days(settings, day)
    missing = expected - counts.total("days")
    have = "has" if missing == 1 else "have"
    detail = f"all {expected} days have assignments" if expected > 1 else "the first day has assignments"
    detail = f"{missing} of {plural(expected, 'day')} {have} no assignments" if missing else detail
    return Finding("missing-days", "", "", float(missing), 1, "warn" if missing else "ok", detail)


def _imbalances(cells: Mapping[tuple[str, str], Sequence[int]]) -> Iterator[Finding]:
    """Whether each cut's values are spread over the variants as the units are."""
    from drawloom.statistics import independence

    for cut in sorted({cut for cut, _ in cells if cut}):
        p = independence([observed for (name, _), observed in cells.items() if name == cut])
        yield _p_finding("covariate-imbalance", cut, "", p, ALARM, f"{cut} by variant")


def _activation(statistics: DayStatistics, settings: Mapping[str, Any]) -> Finding:
    from drawloom.statistics import independence

    metric = next(iter(settings["roles"]))
    table = [
        [
            float(statistics.number("n", statistics.places([Test(metric, variant, "activation", value)]))[0])
            for variant in settings["variants"]
        ]
        for value in ("activated", "not activated")
    ]
    shares = ", ".join(
        f"{on / (on + off):.1%} {name}" for name, on, off in zip(settings["variants"], *table, strict=True) if on + off
    )
    return _p_finding(
        "activation-imbalance", "activation", "", independence(table), ALARM, f"activated: {shares or 'nobody'}"
    )


def _pre_exposure_bias(statistics: DayStatistics, settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether variants differed before anybody was exposed."""
    from drawloom.statistics import compare_means

    others = [variant for variant in settings["variants"] if variant != settings["baseline"]]
    metrics = [name for name, kind in settings["types"].items() if kind not in {"ratio", "quantile"}]
    threshold = ALARM / max(len(metrics) * len(others), 1)
    for metric in metrics:
        arms = [
            statistics.moments("x", statistics.places([Test(metric, name, "", "") for name in names]))
            for names in ([settings["baseline"]] * len(others), others)
        ]
        p_values = compare_means(arms[0], arms[1]).p_value
        known = [float(p) for p in p_values if not math.isnan(p)]
        yield _p_finding(
            "pre-exposure-bias",
            "metric",
            metric,
            min(known, default=float("nan")),
            threshold,
            f"{metric} before exposure",
        )


def _weeks(settings: Mapping[str, Any], day: date) -> Finding:
    days = exposure_days(settings, day)
    detail = plural(days, "day") if days >= WEEK else f"{days} of 7 days: weekdays differ, so wait for a whole week"
    return Finding("full-week", "", "", float(days), WEEK, "ok" if days >= WEEK else "warn", detail)
