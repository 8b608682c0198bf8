"""What a spec of anomalies may say: everything else is refused, with its place and the nearest name."""

from __future__ import annotations

from datetime import date
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from drawloom.frameworks import plugins
from drawloom.frameworks.anomalies import calendars, detectors
from drawloom.frameworks.anomalies.calendars import special_days
from drawloom.frameworks.anomalies.feedback import Answers
from drawloom.frameworks.anomalies.spec import Anomalies, Direction, Watch
from drawloom.model import Problem
from drawloom.run.project import Project
from drawloom.specs.fields import Forever
from drawloom.statistics.series import forecast, zscore

SETTINGS = """name: rides
start: 2026-01-05
end: 2026-01-08
defaults: {owner: rides@example.com}
sources:
  raw.rides: {files: "landing/{ds}.csv", columns: {ride: BIGINT, country: VARCHAR, fare: DOUBLE}}
"""
METRICS = """kind: metrics
name: rides
source: raw.rides
subjects: {country: country}
metrics: {rides: {type: count}}
until: {forever: a test}
"""
STATS = """kind: stats
name: warehouse
tables: ["raw.*"]
until: {forever: a test}
"""
SQL = "SELECT country, sum(fare) AS paid FROM raw.rides WHERE ds = DATE '{{ ds }}' GROUP BY ALL"


def check(folder: Path, *lines: str, **more: str) -> list[Problem]:
    text = "\n".join(["kind: anomalies", "name: health", "until: {forever: a test}", *lines]) + "\n"
    (folder / "specs").mkdir(exist_ok=True)
    (folder / "drawloom.yml").write_text(SETTINGS)
    for name, spec in {"health": text, "metrics": METRICS, "stats": STATS, **more}.items():
        (folder / f"specs/{name}.yml").write_text(spec)
    with Project.load(folder) as project:
        return [one for one in project.check() if one.severity == "error"]


REFUSED = {
    "no watch": (["watch: []"], "watch == [], must not be empty"),
    "no way": (["watch:", "  - {value: fare}"], "a kind of spec, like {growth: riders}"),
    "typo of a way": (["watch:", "  - {tabel: raw.rides}"], "watch[0] == tabel, must be table, sql, stats"),
    "unknown spec": (
        ["watch:", "  - {metrics: ride}"],
        "metrics == ride, must be the name of a spec. Did you mean rides?",
    ),
    "a table's key at a SELECT": (
        ["watch:", f'  - {{sql: "{SQL}", value: paid, values: [x]}}'],
        "`values`, which says nothing",
    ),
    "a SELECT without value": (["watch:", f'  - {{sql: "{SQL}"}}'], "must have `value`"),
    "an unknown column": (
        ["watch:", f'  - {{sql: "{SQL}", value: payd}}'],
        "payd, must be a column of the SELECT. Did you mean paid?",
    ),
    "an unknown series": (
        ["watch:", f'  - {{sql: "{SQL}", value: paid, series: [land]}}'],
        "land, must be a column of the SELECT",
    ),
    "no SQL": (["watch:", '  - {sql: "SELEC 1", value: paid}'], "'SELEC 1', must be SQL"),
    "an unknown column of a spec": (
        ["watch:", "  - {metrics: rides, values: [vale]}"],
        "must be a column of metrics.rides. Did you mean value?",
    ),
    "an unknown table of a spec": (["watch:", "  - {metrics: rides, of: metrics.other}"], "must be a table of rides"),
    "a pattern that matches nothing": (["watch:", "  - {stats: 'core.*'}"], "must match a table with statistics"),
    "twice": (["watch:", "  - {table: raw.rides}", "  - {table: raw.rides}"], "must not watch row_count a second time"),
    "statistics twice": (["watch:", "  - {stats: 'raw.*'}", "  - {stats: 'raw.r*'}"], "two items match its statistics"),
    "an unknown detector": (["watch: [{table: raw.rides}]", "detector: weekday_robst"], "Did you mean weekday_robust?"),
    "a setting it has not": (
        ["watch: [{table: raw.rides}]", "detector: {kind: zscore, settings: {day: 9}}"],
        "must be a setting of zscore. Did you mean days?",
    ),
    "a setting that forecasts have not": (
        ["watch: [{table: raw.rides}]", "detector: {kind: forecast, settings: {seasn: 9}}"],
        "must be a setting of forecast. Did you mean season?",
    ),
    "a season of a day": (
        ["watch: [{table: raw.rides}]", "detector: {kind: forecast, settings: {season: 1}}"],
        "must be whole days, at least 2",
    ),
    "half a day of history": (
        ["watch: [{table: raw.rides}]", "detector: {kind: forecast, settings: {days: 20.5}}"],
        "must be whole days, at least two seasons of 7",
    ),
    "a history shorter than two seasons": (
        ["watch: [{table: raw.rides}]", "detector: {kind: forecast, settings: {days: 13}}"],
        "at least two seasons of 7: nothing would be judged",
    ),
    "a threshold without limits": (
        ["watch: [{table: raw.rides}]", "detector: threshold"],
        "must have `settings`: low, high or both",
    ),
    "a clock": (["watch: [{table: raw.rides}]", 'expect: {by: "6:00"}'], "must be a time of day like 06:00"),
    "an error below a warning": (
        ["watch: [{table: raw.rides}]", "severity: {warn: 5, error: 4}"],
        "an error of at least warn, 5",
    ),
    "a way that is none": (["watch: [{table: raw.rides}]", "direction: sideways"], "direction"),
    "weekly": (["watch: [{table: raw.rides}]", "schedule: '@weekly'"], "must be @daily: days are judged"),
    "too many dimensions": (
        ["watch: [{table: raw.rides}]", "explain: {dimensions: [a, b, c, d, e]}"],
        "must be at most four",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_refused_with_its_line(case: str, tmp_path: Path) -> None:
    lines, message = REFUSED[case]
    found = check(tmp_path, *lines)
    assert any(message in str(one) for one in found), "\n".join(map(str, found))
    assert all(one.where.file == "specs/health.yml" and (one.where.line or 0) > 1 for one in found)


def test_what_another_spec_watches_is_refused(tmp_path: Path) -> None:
    other = "kind: anomalies\nname: other\nuntil: {forever: a test}\nwatch: [{table: raw.rides}]\n"
    (problem, _) = check(tmp_path, "watch: [{table: raw.rides}]", other=other)
    assert "raw.rides, must not be watched by other as well" in str(problem)


def test_a_country_has_its_holidays_and_must_be_known(tmp_path: Path) -> None:
    (problem,) = check(tmp_path, "watch: [{table: raw.rides}]", "calendar: Utopia")
    assert "calendar == Utopia, must be the code of a country" in str(problem)
    assert check(tmp_path, "watch: [{table: raw.rides}]", "calendar: US") == []
    with Project.load(tmp_path) as project:
        spec = next(one for one in project.compiled.specs.values() if isinstance(one, Anomalies))
    assert {date(2026, 7, 3), date(2026, 7, 4), date(2026, 12, 25)} <= set(special_days(spec))
    assert date(2026, 12, 24) not in special_days(spec)


def test_without_the_package_a_country_is_refused_and_a_list_of_days_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendars, "find_spec", lambda _: None)
    (problem,) = check(tmp_path, "watch: [{table: raw.rides}]", "calendar: US")
    assert "pip install 'drawloom[calendars]'" in str(problem)
    assert check(tmp_path, "watch: [{table: raw.rides}]", "calendar: [2026-01-01]") == []


def test_forecasts_need_their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "watch: [{table: raw.rides}]", "detector: {kind: forecast, settings: {season: 7, days: 90}}"
    assert check(tmp_path, *lines) == []
    monkeypatch.setattr(detectors, "find_spec", lambda _: None)
    (problem,) = check(tmp_path, *lines)
    assert "detector == forecast, must have the package statsmodels" in str(problem)
    assert "pip install 'drawloom[forecasts]'" in str(problem)


def test_the_settings_of_a_forecast_reach_it() -> None:
    values = np.tile([1.0, 2.0, 3.0, 4.0], (1, 20)) + np.random.default_rng(3).normal(0, 0.01, (1, 80))
    given = {"settings": {"season": 4, "days": 60}, "warn": 4.5, "min_history": 21}
    found = detectors.detect("forecast", values, given)
    assert found.expected[0, 0] == pytest.approx(4, abs=0.05)
    assert found.score.tolist() == forecast(values, season=4, days=60, min_history=21).score.tolist()


def test_everything_that_can_be_watched(tmp_path: Path) -> None:
    items = [
        "watch:",
        "  - {table: raw.rides, values: [fare], series: [country]}",
        "  - {metrics: rides}",
        "  - {stats: ['raw.*', '-raw.debug'], metrics: [row_count, '*.null_ratio']}",
        f'  - {{sql: "{SQL}", name: fares, value: paid, series: [country]}}',
    ]
    assert [str(one) for one in check(tmp_path, *items) if "debug" not in str(one)] == []


def test_a_detector_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("mine", f"{__name__}:my_detector", "drawloom.detectors")
    monkeypatch.setattr(plugins, "_entry_points", lambda group: (point,) if group == point.group else real(group))
    assert check(tmp_path, "watch: [{table: raw.rides}]", "detector: mine") == []


real = plugins._entry_points


def my_detector(values: object, settings: object) -> object:
    return zscore(values)  # type: ignore[arg-type]


def test_directions_are_found_by_patterns() -> None:
    watch = (Watch(table="core.rides"),)
    ways: dict[str, Direction] = {"null_ratio": "up", "fare*": "down"}
    spec = Anomalies(name="health", watch=watch, until=Forever("a test"), direction=ways)
    assert [spec.direction_of(m) for m in ("rider.null_ratio", "fare.mean", "row_count")] == ["up", "down", "both"]


def test_answers_are_of_their_series_and_days() -> None:
    from datetime import date

    key, other = ("core.rides", "fare", ""), ("core.rides", "row_count", "")
    day = {"first": "2026-01-05", "last": "2026-01-06", "series": [list(key)]}
    said = [
        {**day, "alert": "a", "verdict": verdict, "until": "2026-01-20"} for verdict in ("wrong", "mute", "expected")
    ]
    later = Answers(said, date(2026, 1, 10))
    assert (later.factor(key), later.factor(other)) == (1.25, 1.0)
    assert (later.is_muted(key), later.is_muted(other)) == (True, False)
    assert later.expected_days(key) == [(date(2026, 1, 5), date(2026, 1, 6))]
    assert (later.verdict(key), Answers(said, date(2026, 1, 6)).verdict(key)) == ("", "expected")
    assert Answers(said * 9, date(2026, 1, 21)).factor(key) == 2.0
    assert not Answers(said, date(2026, 1, 21)).is_muted(key)
