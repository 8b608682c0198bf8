"""An AutoDAG spec is compiled to a pipeline of one step."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from drawloom.frameworks.autodag import AutoDag, framework
from drawloom.frameworks.base import ProjectContext, compile_spec
from drawloom.model import Column, Days, InputError, Pipeline, Read, StepContext
from drawloom.specs.config import Defaults
from drawloom.specs.load import sql_document

PROJECT = ProjectContext("rides", date(2026, 1, 1), Defaults(owner="team"), today=date(2026, 6, 1))


def rows(context: StepContext) -> pa.Table:
    return context.read("raw.rides")


def compiled(**fields: Any) -> Pipeline:
    return compile_spec(framework, AutoDag(**{"table": "core.t", "until": "2026-07-01", **fields}), PROJECT)


def test_the_step() -> None:
    made = compiled(
        sql="SELECT 1", columns={"id": "int"}, cluster=["id"], keep="7d", checks=[{"unique": ["id"]}],
        depends_on={"raw.x": "-1", "raw.y": "none"}, params={"a": 1}, dialect="hive", description="d",
    )  # fmt: skip
    (step,) = made.steps
    assert (made.name, made.kind, step.name, step.dialect, step.params) == (
        "core.t",
        "autodag",
        "core.t",
        "hive",
        {"a": 1},
    )
    assert (step.into.columns, step.into.cluster, step.into.unique) == ((Column("id", "INTEGER"),), ("id",), ("id",))
    assert (step.into.owner, step.into.description, step.into.keep) == ("team", "d", 7)
    assert step.depends_on == {"raw.x": Days.of(-1), "raw.y": None}
    assert [check.name for check in step.checks] == ["unique(id)"]
    assert (step.sql, step.reads, step.call) == ("SELECT 1", (), None)


def test_a_python_step_declares_what_it_reads() -> None:
    (step,) = compiled(call=rows, reads={"raw.rides": "-6..0", "raw.all": "*..*"}).steps
    assert step.call is rows
    assert step.reads == (Read("raw.all", Days.parse("*..*"), "offset"), Read("raw.rides", Days.span(-6, 0), "offset"))
    assert step.fingerprint


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sql": "DROP TABLE x"}, "sql == DROP ..., must be one SELECT"),
        (
            {"sql": "SELECT 1", "columns": {"a": "int"}, "cluster": ["b"]},
            "cluster == b, must name columns of the table",
        ),
        (
            {"sql": "SELECT 1", "schedule": "@monthly", "checks": [{"same_weekday": {"min": 1}}]},
            "not be used on a monthly",
        ),
        ({"sql": "SELECT 1", "schedule": "0 * * * *"}, "must be a day, a week or a month to run"),
    ],
)
def test_refusals(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        compiled(**fields)


def test_all_problems_have_their_lines() -> None:
    text = (
        "/* drawloom\ntable: core.t\nschedule: @hourly\nuntil: 2030-01-01\n*/\nSELECT *\nFROM 'x.csv';\nDROP TABLE a\n"
    )
    document = sql_document(text, "specs/a.sql")
    with pytest.raises(InputError) as caught:
        compile_spec(framework, AutoDag.model_validate(document.data, context=document), PROJECT)
    assert [str(problem.where) for problem in caught.value.problems] == [
        "specs/a.sql:3", "specs/a.sql:4", "specs/a.sql:8:1",
    ]  # fmt: skip
