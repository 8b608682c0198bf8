"""The canonical JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from drawloom.frameworks.pipeline_json import function_name, pipeline_from_dict, pipeline_to_dict, to_json
from drawloom.model import Bound, Check, Column, Days, Pipeline, Read, Schedule, Step, Table, Where

STEP = Step(
    name="core.t",
    into=Table("core.t", (Column("a", "BIGINT", "é"),), ("a",), ("a",), "x", "text\n", 90),
    sql="\n\nSELECT 1\n",
    reads=(
        Read("raw.z", Days.span(-6, 0), "offset"),
        Read("raw.a", how="fixed", dates=((date(2026, 1, 1), None),)),
        Read("raw.m", how="calendar", calendar=((Bound("month"), None),)),
        Read("raw.since", how="calendar", calendar=((None, Bound()),), within=(date(2026, 1, 8), None)),
    ),
    checks=(Check("c", "SELECT 1\n", "warn", (Read("core.t", Days.of(-7), "offset"),)),),
    params={"b": date(2026, 1, 1), "a": 1},
    depends_on={"raw.z": Days.of(0), "raw.a": None},
    where=Where("/somewhere/a.sql", 3),
)
PIPELINE = Pipeline(
    "core.t", "autodag", (STEP,), Schedule.parse("@weekly"), spec=Where("/somewhere/a.sql"), on_success=print
)


def test_the_time_zone_is_kept() -> None:
    berlin = replace(PIPELINE, schedule=Schedule.parse("@weekly", "Europe/Berlin"), on_success=None)
    step = replace(STEP, where=Where())
    again = pipeline_from_dict(json.loads(to_json(replace(berlin, steps=(step,)))), Where(), lambda _: print)
    assert again.schedule == berlin.schedule
    assert "timezone" not in json.loads(to_json(PIPELINE))


def test_the_json_is_plain_and_complete() -> None:
    plan = json.loads(to_json(PIPELINE))
    (step,) = plan["steps"]
    assert plan["schedule"] == "@weekly"
    assert plan["waits"] == {"raw.z": "-6..0"}
    assert plan["on_success"] == "builtins:print"
    assert plan["on_failure"] == ""
    assert step["sql"] == "SELECT 1"
    assert [read["table"] for read in step["reads"]] == ["raw.a", "raw.m", "raw.since", "raw.z"]
    assert step["reads"][0]["dates"] == [["2026-01-01", None]]
    assert step["reads"][1]["calendar"] == [[{"anchor": "month", "months": 0, "days": 0}, None]]
    assert "within" not in step["reads"][1]
    assert step["reads"][2]["within"] == ["2026-01-08", None]
    assert step["params"] == {"a": 1, "b": "2026-01-01"}
    assert step["depends_on"] == {"raw.a": "none", "raw.z": "0"}
    assert step["into"]["columns"] == [{"name": "a", "type": "BIGINT", "description": "é"}]
    assert step["checks"][0]["reads"][0]["days"] == "-7"


def test_tags_are_kept() -> None:
    tagged = replace(PIPELINE, tags=("nightly", "finance"), on_success=None, steps=(replace(STEP, where=Where()),))
    again = pipeline_from_dict(json.loads(to_json(tagged)), Where(), lambda _: print)
    assert again.tags == ("nightly", "finance")
    assert again.fingerprint == PIPELINE.fingerprint
    assert "tags" not in json.loads(to_json(PIPELINE))


def test_keys_are_sorted_and_paths_left_out() -> None:
    text = to_json(PIPELINE)
    assert "somewhere" not in text
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert set(pipeline_to_dict(PIPELINE)) >= {"name", "kind", "steps", "edges", "fingerprint"}


def test_what_has_no_canonical_form_is_refused() -> None:
    broken = Pipeline("x", "y", (Step("x", Table("a.b"), sql="SELECT 1", params={"a": object()}),))
    with pytest.raises(TypeError, match="has no canonical form"):
        to_json(broken)


def test_names_of_functions() -> None:
    assert function_name(test_names_of_functions) == f"{__name__}:test_names_of_functions"
    assert function_name(None) == ""
