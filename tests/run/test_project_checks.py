"""Owners, missing tables and circles."""

from __future__ import annotations

from drawloom.model import ALL, Days, Pipeline, Read, Step, Table, Where
from drawloom.run.project_checks import check_project


def reads(table: str, days: str = "0") -> Read:
    return Read(table, Days.parse(days), "offset")


def pipeline(table: str, *found: Read, name: str = "", file: str = "", **step: object) -> Pipeline:
    where = Where(file or f"specs/{table}.sql", 1)
    made = Step(table, Table(table), sql="SELECT 1", reads=found, where=where, fingerprint="x", **step)  # type: ignore[arg-type]
    return Pipeline(name or table, "autodag", (made,), spec=where)


def messages(*pipelines: Pipeline, sources: tuple[str, ...] = (), lake: tuple[str, ...] = ()) -> list[str]:
    return [str(problem) for problem in check_project(pipelines, sources, lake)]


def test_a_valid_project_has_no_problems() -> None:
    made = pipeline("core.a", reads("raw.x"), reads("Raw.Y", "-6..0"), reads("core.a", "-1"))
    assert messages(made, pipeline("core.b", reads("core.A")), sources=("raw.x",), lake=("raw.y",)) == []


def test_two_owners() -> None:
    first, second = messages(pipeline("core.a", file="specs/1.sql"), pipeline("Core.A", file="specs/2.sql"))
    assert first.startswith(
        "specs/1.sql:1: table == core.a, must have one owner: it is also filled by specs/2.sql:1 (as"
    )
    assert second.startswith(
        "specs/2.sql:1: table == Core.A, must have one owner: it is also filled by specs/1.sql:1 (as core.a)."
    )


def test_tables_that_engines_pass_over() -> None:
    (problem,) = messages(pipeline("_core.t"))
    assert problem.startswith("specs/_core.t.sql:1: table == _core.t, must be schema.table, neither of them beginning")
    (problem,) = messages(pipeline("core._t"))
    assert "beginning with a _" in problem
    assert messages(pipeline("core.t", reads("raw._loads")), sources=("raw._loads",)) == []


def test_a_source_is_an_owner() -> None:
    (problem,) = messages(pipeline("core.a"), sources=("CORE.A",))
    assert "must have one owner: it is also a source in drawloom.yml" in problem


def test_two_pipelines_of_one_name() -> None:
    (problem,) = messages(pipeline("core.a", name="x"), pipeline("core.b", name="X"))
    assert "name == X, must not be that of the pipeline in specs/core.a.sql:1" in problem


def test_missing_tables() -> None:
    (problem,) = messages(pipeline("core.a", reads("raw.ride")), sources=("raw.rides",))
    assert problem == (
        "specs/core.a.sql:1: core.a reads raw.ride, which is not a table of a spec, the lake or a source. Did you mean raw.rides? "
        "Or: write a spec that fills it, land it with `drawloom land`, or declare it under `sources` in drawloom.yml."
    )
    (problem,) = messages(pipeline("core.a", reads("zzz")))
    assert "which is not a table of a spec, the lake or a source. Write a spec" in problem


def test_each_circle_is_told_where_its_tables_are() -> None:
    one = pipeline("core.a", reads("core.b")), pipeline("core.b", reads("core.a"))
    two = pipeline("core.y", reads("core.z")), pipeline("core.z", reads("core.y"))
    found = messages(pipeline("core.first"), *one, *two)
    assert [text.partition(":")[0] for text in found] == [
        *("specs/core.a.sql", "specs/core.b.sql"),
        *("specs/core.y.sql", "specs/core.z.sql"),
    ]


def test_circles() -> None:
    problem, *others = messages(
        pipeline("core.a", reads("core.b")),
        pipeline("core.b", reads("core.c")),
        pipeline("core.c", reads("core.a", "-6..0")),
    )
    assert "must not wait for each other in a circle" in problem
    assert len(others) == 2
    assert messages(pipeline("core.a", reads("core.b")), pipeline("core.b", reads("core.a", "-1"))) == []
    problem, _ = messages(pipeline("core.a", Read("core.b", ALL, "all")), pipeline("core.b", reads("core.a")))
    assert "circle" in problem


def test_reading_the_own_day_is_refused() -> None:
    for read in (reads("core.a"), reads("core.a", "*..*"), Read("core.A")):
        (problem,) = messages(pipeline("core.a", read))
        assert "core.a reads its own day; it can only read earlier days of itself" in problem
    assert messages(pipeline("core.a", Read("core.a", ALL, "fixed"))) == []


def test_depends_on_of_tables_that_are_not_read() -> None:
    (problem,) = messages(
        pipeline("core.a", reads("raw.x"), depends_on={"raw.y": None, "RAW.x": Days.of(0)}), sources=("raw.x",)
    )
    assert "depends_on == raw.y, must be a table that the SQL of core.a reads. Did you mean raw.x?" in problem


def test_an_empty_project() -> None:
    assert messages() == []


def test_a_landed_step_has_no_backfill_sql() -> None:
    assert messages(pipeline("raw.a", landed=True)) == []
    (problem,) = messages(pipeline("raw.a", landed=True, backfill_sql="SELECT 1"))
    assert "raw.a is landed and cannot have backfill SQL: its past days cannot be computed." in problem
