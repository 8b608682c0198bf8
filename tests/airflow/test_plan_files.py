"""The plan files that pipelines are compiled to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from drawloom.airflow.plan_files import dag_definition
from drawloom.frameworks.pipeline_json import pipeline_from_dict, pipeline_to_dict
from drawloom.model import (
    Bound,
    Check,
    Column,
    Days,
    Pipeline,
    RangeBound,
    RangeRead,
    Read,
    Schedule,
    Step,
    Table,
    Where,
)
from drawloom.run.project import Project

START = date(2026, 1, 1)


def step(name: str, *reads: Read, **more: Any) -> Step:
    return Step(name, Table(name), sql="SELECT 1", reads=reads, **more)


def offset(table: str, first: int, last: int = 0) -> Read:
    return Read(table, Days.span(first, last), "offset")


def dag(*steps: Step, **more: Any) -> dict[str, Any]:
    return dag_definition(Pipeline("p", "autodag", steps, **more), "shop.", "shop", START, None)


def test_there_is_one_wait_for_each_table_and_set_of_days() -> None:
    found = dag(
        step("a.one", offset("raw.x", 0), offset("raw.y", -6)),
        step("a.two", offset("raw.x", 0)),
        step("a.three", offset("raw.x", -6), offset("a.one", 0), offset("a.two", -7, -7)),
    )
    assert [(wait["id"], wait["table"], wait["days"], wait["steps"]) for wait in found["waits"]] == [
        ("wait.a.two", "a.two", "-7", ["a.three"]),
        ("wait.raw.x.-6..0", "raw.x", "-6..0", ["a.three"]),
        ("wait.raw.x.0", "raw.x", "0", ["a.one", "a.two"]),
        ("wait.raw.y", "raw.y", "-6..0", ["a.one"]),
    ]
    (three,) = [one for one in found["steps"] if one["name"] == "a.three"]
    assert three["after"] == ["a.one"]
    assert three["waits"] == ["wait.a.two", "wait.raw.x.-6..0"]


def test_a_dag_has_the_tags_of_its_pipeline() -> None:
    assert dag(step("a.one"), tags=("nightly", "shop"))["tags"] == ["autodag", "drawloom", "nightly", "shop"]


def test_depends_on_overrides_or_removes_waits() -> None:
    given = {"raw.x": Days.of(-1), "raw.y": None}
    found = dag(step("a.one", offset("raw.x", 0), Read("raw.y"), depends_on=given))
    assert [(wait["table"], wait["days"]) for wait in found["waits"]] == [("raw.x", "-1")]


def test_other_reads_than_offsets_are_named() -> None:
    reads = (
        Read("raw.a"),
        Read("raw.c", how="calendar", calendar=((Bound("month"), Bound()),)),
        Read("raw.f", how="fixed", dates=((START, START),)),
    )
    assert [wait["days"] for wait in dag(step("a.one", *reads))["waits"]] == ["all", "calendar", "fixed"]


@pytest.mark.parametrize(
    ("schedule", "cron"),
    [("@daily", "0 0 * * *"), ("@weekly", "0 0 * * 1"), ("@monthly", "0 0 1 * *"), ("30 5 * * *", "30 5 * * *")],
)
def test_schedules_become_crons(schedule: str, cron: str) -> None:
    assert dag(step("a.one"), schedule=Schedule.parse(schedule))["cron"] == cron


def test_alerts_imply_a_deadline() -> None:
    assert dag(step("a.one"))["deadline"] is None
    assert dag(step("a.one"), alerts=("a@example.com",))["deadline"] == 86_400
    weekly = dag(step("a.one"), alerts=("a@example.com",), schedule=Schedule.parse("@weekly"))
    assert weekly["deadline"] == 7 * 86_400
    assert dag(step("a.one"), deadline=timedelta(hours=2))["deadline"] == 7200


def test_more_than_thirty_steps_are_grouped_by_schema() -> None:
    many = [step(f"{schema}.t{n}") for schema in ("a", "b") for n in range(16)]
    assert {one["group"] for one in dag(*many)["steps"]} == {"a", "b"}
    assert {one["group"] for one in dag(*many[:30])["steps"]} == {None}


def test_a_day_is_filled_when_it_is_over() -> None:
    found = dag(step("a.one"), start=date(2026, 3, 1), until=date(2026, 3, 31))
    assert (found["start"], found["end"]) == ("2026-03-02", "2026-04-01")


def test_a_pipeline_survives_the_round_trip() -> None:
    full = Step(
        "core.t",
        Table("core.t", (Column("a", "BIGINT", "é"),), ("a",), ("a",), "x", "text", 90, True),
        sql="SELECT 1",
        reads=(
            Read("raw.a", how="fixed", dates=((START, None),)),
            Read("raw.m", how="calendar", calendar=((Bound("month", 1, -1), None),)),
            Read("raw.z", Days.span(-6, 0), "offset"),
        ),
        backfill_sql="SELECT 2",
        backfill_reads=(RangeRead("raw.a"), RangeRead("raw.z", RangeBound("start", Bound(days=-6)), RangeBound("end"))),
        checks=(Check("c", "SELECT 1", "warn", (offset("core.t", -7, -7),), by_row=True),),
        params={"a": 1},
        depends_on={"raw.a": None, "raw.z": Days.of(0)},
        fingerprint="abc",
        where=Where("specs/a.sql"),
    )
    call = replace(
        full, name="core.u", into=Table("core.u"), sql=None, backfill_sql=None, backfill_reads=None, call=print
    )
    pipeline = Pipeline(
        "p", "autodag", (full, call), Schedule.parse("@weekly"), START, date(2026, 12, 31), "me", "what", 3, ("a@b.c",),
        timedelta(hours=1), Where("specs/a.sql"), print, print,
    )  # fmt: skip
    plan = json.loads(json.dumps(pipeline_to_dict(pipeline), default=str))
    assert pipeline_from_dict(plan, Where("specs/a.sql"), lambda name: {"builtins:print": print}[name]) == pipeline


def test_a_bad_prefix_is_refused(project: Path, tmp_path: Path) -> None:
    from drawloom.airflow.install import install
    from drawloom.model import InputError

    with Project.load(project) as opened:
        for prefix in ("white space", "ü", "a" * 101):
            with pytest.raises(InputError, match="must be at most 100 letters, digits"):
                install(opened, tmp_path / "dags", prefix)
