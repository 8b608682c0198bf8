"""Detectors by name: those of ``drawloom.statistics.series``, and those of other packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.anomalies.spec import Anomalies
from drawloom.frameworks.plugins import find_plugins
from drawloom.model import Fix, Problem
from drawloom.specs.validation import did_you_mean

if TYPE_CHECKING:
    from drawloom.statistics.arrays import Array
    from drawloom.statistics.series import Judged

GROUP = "drawloom.detectors"
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "weekday_robust": (),
    "zscore": ("days",),
    "change": ("days", "most"),
    "forecast": ("days", "season"),
    "threshold": ("low", "high"),
}
DAYS = {"zscore": 28, "change": 7, "forecast": 180, "threshold": 0}
PLUGIN_DAYS = 180
Detect = Callable[["Array", Mapping[str, Any]], "Judged"]
"""Judges the last column of series x days. The mapping has warn, min_history, month_days, special, and the settings."""


def detector_problems(spec: Anomalies) -> Iterator[Problem]:
    """An unknown detector, and settings that it does not have."""
    kind = spec.detector.kind
    plugins, wrong = find_plugins(GROUP, check_detector)
    if kind not in SETTINGS and kind not in plugins:
        yield from (problem for problem in wrong if kind in problem.message)
        names = [*SETTINGS, *plugins]
        fix = Fix(did_you_mean(kind, names) or f"There are: {', '.join(names)}.")
        rule = f"must be {', '.join(SETTINGS)}, or an entry point of the group {GROUP}"
        yield spec.problem(("detector",), kind, rule, fix)
        return
    known = SETTINGS.get(kind)
    for name in spec.detector.settings if known is not None else ():
        if name not in (known or ()):
            fix = Fix(did_you_mean(name, known or ()) or f"It has {', '.join(known or ()) or 'none'}.")
            yield spec.problem(("detector", "settings", name), name, f"must be a setting of {kind}", fix)
    if kind == "forecast":
        yield from _forecast_problems(spec)
    if kind == "threshold" and not spec.detector.settings:
        yield spec.problem(("detector",), kind, "must have `settings`: low, high or both")


def _forecast_problems(spec: Anomalies) -> Iterator[Problem]:
    if find_spec("statsmodels") is None:
        fix = Fix("Run pip install 'drawloom[forecasts]', or leave `detector` out.")
        yield spec.problem(("detector",), "forecast", "must have the package statsmodels", fix)
    own = spec.detector.settings
    season = own.get("season", 7)
    if season < 2 or season % 1:
        yield spec.problem(("detector", "settings", "season"), season, "must be whole days, at least 2")
    elif (days := own.get("days", DAYS["forecast"])) < 2 * season or days % 1:
        rule = f"must be whole days, at least two seasons of {season:g}: nothing would be judged"
        yield spec.problem(("detector", "settings", "days"), days, rule)


def check_detector(name: str, loaded: object) -> Detect:
    """The detector that an entry point loads: a function of series x days, and a mapping."""
    if not callable(loaded):
        raise TypeError(f"{name} is not a function of (values, settings)")
    return loaded


def detector_history(spec: Anomalies) -> int:
    """How many days before a judged one are read."""
    from drawloom.statistics.series import Weekday

    if spec.detector.kind == "weekday_robust":
        return max(Weekday().history, spec.detector.min_history)
    days = DAYS.get(spec.detector.kind, PLUGIN_DAYS)
    return max(int(spec.detector.settings.get("days", days)), days and spec.detector.min_history)


def detect(kind: str, values: Array, settings: Mapping[str, Any]) -> Judged:
    """The judgement of the last day of each series, at the threshold ``warn``."""
    from drawloom.statistics import series

    own, warn, least = settings["settings"], settings["warn"], settings["min_history"]
    match kind:
        case "weekday_robust":
            usual = series.Weekday()
            slow = warn * usual.slow_threshold / usual.threshold
            chosen = series.Weekday(threshold=warn, slow_threshold=slow, min_history=least)
            return series.weekday_robust(
                values, settings=chosen, month_days=settings["month_days"], special=settings["special"]
            )
        case "zscore":
            return series.zscore(values, limit=warn, days=int(own.get("days", 28)), min_history=least)
        case "change":
            return series.change(values, most=own.get("most", 0.5), days=int(own.get("days", 7)), limit=warn)
        case "forecast":
            whole = {name: int(value) for name, value in own.items()}
            return series.forecast(values, limit=warn, min_history=least, **whole)
        case "threshold":
            return series.threshold(values, low=own.get("low", float("-inf")), high=own.get("high", float("inf")))
    plugins, _ = find_plugins(GROUP, check_detector)
    return plugins[kind](values, settings)
