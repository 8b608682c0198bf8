"""Which alerts of a day are news, in words; and changes that are too small to be told."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from drawloom.model import Step
from drawloom.run.anomalies.news import has_alerts, message, new_alerts
from drawloom.run.project import Project
from tests.run.anomalies.test_incidents import DAILY, HEALTH, LAST, SETTINGS, START, write_day

ALERTS = "anomalies.health_alerts"


def write_project(folder: Path, health: str = HEALTH, days: int = 8, odd: tuple[date, ...] = (LAST,)) -> Path:
    """A project with days of which some have lost most of their rows."""
    (folder / "specs").mkdir(parents=True)
    (folder / "landing").mkdir()
    (folder / "drawloom.yml").write_text(SETTINGS.replace(f"end: {LAST}", f"end: {START + timedelta(days=days - 1)}"))
    (folder / "specs/rides.sql").write_text(DAILY)
    (folder / "specs/health.yml").write_text(health)
    for ds in (START + timedelta(days=n) for n in range(days)):
        write_day(folder, ds, us=1 if ds in odd else 8 + ds.day % 2)
    return folder


def judged(project: Project) -> Step:
    """The step of alerts, after all was run."""
    project.run(project.plan(), jobs=1)
    return next(step for p in project.pipelines for step in p.steps if step.into.name == ALERTS)


def test_an_alert_is_news_on_its_first_day_only(tmp_path: Path) -> None:
    after = LAST + timedelta(days=1)
    with Project.load(write_project(tmp_path / "rides", days=9, odd=(LAST, after))) as project:
        step = judged(project)
        assert [s.into.name for p in project.pipelines for s in p.steps if has_alerts(s)] == [ALERTS]
        first = new_alerts(project, step, LAST)
        assert [one["table_name"] for one in first.values()] == ["raw.rides", "core.rides"]
        rows = project.query(f"SELECT alert FROM {ALERTS} WHERE ds = DATE '{after}'").to_pylist()
        assert {row["alert"] for row in rows} <= set(first)
        assert new_alerts(project, step, after) == {}
        assert new_alerts(project, step, after + timedelta(days=7)) == {}
        lines = message("health", LAST, list(first.values())).splitlines()
    assert lines[0] == f"health {LAST}: 2 alerts"
    assert lines[1].startswith("error ")
    assert "rows of raw.rides fell to" in lines[1]


def test_what_is_held_or_below_the_severity_is_no_news(tmp_path: Path) -> None:
    with Project.load(write_project(tmp_path / "most", f"{HEALTH}alert: {{most: 1}}\n")) as project:
        assert len(new_alerts(project, judged(project), LAST)) == 1
    with Project.load(write_project(tmp_path / "nobody", f"{HEALTH}alert: {{tell: nobody}}\n")) as project:
        assert new_alerts(project, judged(project), LAST) == {}


@pytest.mark.parametrize(
    ("change", "tables"),
    [
        ("{absolute: 100}", []),
        ("{relative: 0.9}", []),
        ("{relative: 0.5, absolute: 5}", ["core.rides", "raw.rides"]),
    ],
)
def test_a_change_that_is_small_is_not_flagged_however_odd(change: str, tables: list[str], tmp_path: Path) -> None:
    with Project.load(write_project(tmp_path / "rides", f"{HEALTH}min_change: {change}\n")) as project:
        step = judged(project)
        assert sorted(one["table_name"] for one in new_alerts(project, step, LAST).values()) == tables
