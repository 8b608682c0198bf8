"""Judged days of a project: cooldowns, directions, mutes, special days, vanished series, causes of sums and ratios."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from drawloom.frameworks.pipeline_json import function_name, pipeline_from_dict, to_json
from drawloom.run.project import Project

START, DAYS = date(2026, 1, 5), 40
HOLIDAY, SPIKE, AGAIN, LATER, LAST = (START + timedelta(days=n) for n in (30, 33, 35, 38, 39))
NAMES = ("spikes", "falls", "rises", "muted", "holiday", "steady")


def _sql(name: str) -> dict[str, Any]:
    sql = f"SELECT v FROM raw.numbers WHERE ds = DATE '{{{{ ds }}}}' AND name = '{name}'"
    return {"sql": sql, "name": name, "value": "v"}


SPEC = {
    "kind": "anomalies",
    "name": "health",
    "until": {"forever": "a test"},
    "watch": [
        *map(_sql, NAMES),
        {
            "sql": "SELECT country, app, w AS visits, v AS orders FROM raw.numbers WHERE ds = DATE '{{ ds }}' AND name = 'orders'",
            "name": "conversion",
            "value": "orders",
            "per": "visits",
        },
        {
            "sql": "SELECT country, app, v AS orders FROM raw.numbers WHERE ds = DATE '{{ ds }}' AND name = 'orders'",
            "name": "orders",
            "series": ["app"],
            "value": "orders",
        },
    ],
    "direction": {"v": "both"},
    "calendar": [HOLIDAY],
    "alert": {"mute": [{"table": "muted", "until": LAST, "reason": "migration"}], "most": 3},
    "explain": {"dimensions": ["country", "app"]},
    "detector": {"kind": "weekday_robust", "min_history": 21},
}
WEEK = (1.0, 1.1, 1.05, 1.2, 1.3, 0.6, 0.5)


def factor(name: str, ds: date) -> float:
    """What is odd."""
    odd: Mapping[tuple[str, date], float] = {
        ("spikes", SPIKE): 2.5,
        ("spikes", AGAIN): 2.2,
        ("spikes", LATER): 2.0,
        ("falls", LATER): 0.3,
        ("rises", LATER): 1.6,
        ("muted", LATER): 4.0,
        ("holiday", HOLIDAY): 1.12,
    }
    return odd.get((name, ds), 1.0)


def rows_of(ds: date, random: np.random.Generator) -> list[dict[str, Any]]:
    week = WEEK[ds.weekday()]
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "v": 1000 * week * factor(name, ds) * random.normal(1, 0.015),
            "w": 0.0,
            "country": "-",
            "app": "-",
        }
        for name in NAMES
    ]
    for country, size in (("US", 600), ("DE", 300), ("FR", 100)):
        for app in ("web", "ios"):
            visits = size * week * random.normal(1, 0.01)
            rate = 0.02 if (ds, country, app) == (LAST, "US", "ios") else 0.1 if app == "web" else 0.2
            row = {"name": "orders", "country": country, "app": app, "w": visits, "v": visits * rate}
            if not (ds == LATER and app == "ios"):
                rows.append(row)
    return rows


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("judge")
    for name in ("specs", "landing"):
        (folder / name).mkdir()
    random = np.random.default_rng(3)
    for n in range(DAYS):
        ds = START + timedelta(days=n)
        pq.write_table(pa.Table.from_pylist(rows_of(ds, random)), folder / f"landing/{ds}.parquet")
    settings = {
        "name": "judge",
        "start": START,
        "end": LAST,
        "defaults": {"owner": "a@example.com", "retries": 0},
        "sources": {"raw.numbers": {"files": "landing/{ds}.parquet"}},
    }
    (folder / "drawloom.yml").write_text(yaml.safe_dump(settings))
    (folder / "specs/health.yml").write_text(yaml.safe_dump(SPEC))
    found = Project.load(folder)
    assert [str(one) for one in found.check() if one.severity == "error"] == []
    assert {one.outcome for one in found.run(found.plan(), jobs=1).results} == {"written"}
    return found


def judged(project: Project, where: str) -> list[dict[str, Any]]:
    rows = project.query(f"SELECT * FROM anomalies.health WHERE {where} ORDER BY ds, table_name, series")
    return list(rows.to_pylist())


def test_flags_within_the_cooldown_are_one_alert(project: Project) -> None:
    first, again, later = judged(project, "table_name = 'spikes' AND kind <> ''")
    assert [row["ds"] for row in (first, again, later)] == [SPIKE, AGAIN, LATER]
    assert first["alert"] == again["alert"] != later["alert"]
    assert (again["first_seen"], again["last_seen"]) == (SPIKE, AGAIN)
    assert later["first_seen"] == LATER


def test_nothing_else_is_flagged(project: Project) -> None:
    odd = judged(project, "kind <> ''")
    assert {(row["table_name"], row["series"], row["ds"]) for row in odd} == {
        ("spikes", "", SPIKE),
        ("spikes", "", AGAIN),
        *((name, "", LATER) for name in ("spikes", "falls", "rises", "muted", "conversion")),
        ("orders", "app=ios", LATER),
        ("conversion", "", LAST),
        ("orders", "app=ios", LAST),
    }
    assert {row["status"] for row in judged(project, "ds < DATE '2026-01-26'")} == {"unjudged"}


def test_what_is_muted_makes_no_alert(project: Project) -> None:
    (row,) = judged(project, "table_name = 'muted' AND kind <> ''")
    assert (row["status"], row["alert"], row["severity"]) == ("muted", None, "error")


def test_only_the_most_odd_alerts_of_a_day_are_open(project: Project) -> None:
    rows = project.query(f"SELECT * FROM anomalies.health_alerts WHERE ds = DATE '{LATER}'").to_pylist()
    held = {row["table_name"] for row in rows if row["status"] == "held"}
    opened = {row["table_name"] for row in rows if row["status"] == "open"}
    assert len(opened) == 3
    assert opened | held == {"spikes", "falls", "rises", "conversion", "orders"}
    assert "rises" in held


def test_a_series_that_vanishes_is_zero(project: Project) -> None:
    (row,) = judged(project, f"table_name = 'orders' AND series = 'app=ios' AND ds = DATE '{LATER}'")
    assert (row["value"], row["kind"], row["severity"]) == (0.0, "drop", "error")


def test_a_ratio_is_explained_by_the_slice_whose_own_ratio_fell(project: Project) -> None:
    (row,) = judged(project, f"table_name = 'conversion' AND ds = DATE '{LAST}'")
    found = json.loads(row["explanation"])
    assert [(one["slice"], one["value"], one["effect"]) for one in found["causes"]] == [
        ("country & app", "US & ios", "rate")
    ]
    assert found["explained"] == pytest.approx(1, abs=0.1)
    (told,) = project.query(
        f"SELECT summary FROM meta.alerts WHERE table_name = 'conversion' AND ds = DATE '{LAST}'"
    ).to_pylist()
    assert told["summary"].endswith("country & app = US & ios (its own ratio) explains all of it")


def test_a_ratio_is_explained_by_shares_that_moved(project: Project) -> None:
    (row,) = judged(project, f"table_name = 'conversion' AND ds = DATE '{LATER}'")
    assert {one["effect"] for one in json.loads(row["explanation"])["causes"]} == {"mix"}


def test_a_special_day_must_be_twice_as_far_off(project: Project) -> None:
    (row,) = judged(project, f"table_name = 'holiday' AND ds = DATE '{HOLIDAY}'")
    assert row["status"] == "fine"
    usual = judged(project, f"table_name = 'steady' AND ds = DATE '{HOLIDAY}'")[0]
    assert row["upper"] / row["expected"] > usual["upper"] / usual["expected"]


def test_the_page_is_drawn(project: Project) -> None:
    from drawloom.run.pages import load_page

    page = load_page(project, "health", {"as_of": str(LAST)})
    assert page.verdict is not None
    assert page.verdict.tone == "bad"
    assert "conversion" in page.verdict.text or "orders" in page.verdict.text
    quiet = load_page(project, "health", {"as_of": str(START + timedelta(days=25))})
    assert quiet.verdict is not None
    assert quiet.verdict.tone == "good"
    early = load_page(project, "health", {"as_of": str(START + timedelta(days=5))})
    assert early.verdict is not None
    assert early.verdict.text == "History is too short to judge 2026-01-10: 21 days with a value are needed before it."


def test_a_plan_is_the_same_after_json(project: Project) -> None:
    (pipeline,) = project.pipelines
    functions = {function_name(step.call): step.call for step in pipeline.steps if step.call}
    again = pipeline_from_dict(json.loads(to_json(pipeline)), pipeline.spec, functions.__getitem__)
    assert to_json(again) == to_json(pipeline)
    assert again.fingerprint == pipeline.fingerprint
