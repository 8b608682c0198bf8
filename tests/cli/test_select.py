"""Selectors on the command line: what commands do with what they select, and with broken specs among that."""

from __future__ import annotations

import pytest

from tests.cli.sample_project import DAILY, ROLLING, SampleProject

BROKEN = "/* drawloom\ntable: core.broken\nkeep: never\nuntil: 'forever: a test'\n*/\nSELECT 1 AS one"
NO_SQL = "/* drawloom\ntable: core.no_sql\nuntil: 'forever: a test'\n*/\nSELECT FROM WHERE"
NO_COLUMN = (
    "/* drawloom\ntable: core.wrong\nuntil: 'forever: a test'\n*/\nSELECT zebra FROM raw.orders WHERE ds = '{{ ds }}'"
)


def tables(project: SampleProject, *arguments: str, code: int = 0) -> set[str]:
    return {cell["table"] for cell in project.json("plan", *arguments, code=code)["cells"]}


def test_commands_take_selectors(project: SampleProject) -> None:
    assert tables(project, "core.daily+1", "--only") == {"core.daily", "core.rolling", "core.ever"}
    assert tables(project, "raw.orders+1") == {"core.daily"}
    assert set(project.json("status", "core.[de]*")["tables"]) == {"core.daily", "core.ever"}
    compiled = project.json("compile", "core.*", "--exclude", "core.ever")["pipelines"]
    assert [pipeline["name"] for pipeline in compiled] == ["core.daily", "core.rolling"]
    results = project.json("run", "+core.rolling", "--ds", "2026-03-02")["results"]
    assert {result["table"] for result in results} == {"core.daily", "core.rolling"}
    assert tables(project, "path:specs/", "--exclude", "core.ever", "--exclude", "core.daily", "--only") == {
        "core.rolling"
    }


def test_state_changed_is_what_was_edited_since_it_was_written(project: SampleProject) -> None:
    assert set(project.json("status", "state:changed")["tables"]) == {"core.daily", "core.ever", "core.rolling"}
    project.run("run")
    assert project.json("run", "state:changed")["results"] == []
    project.write("specs/daily.sql", DAILY.replace("count(*) AS orders", "count(id) AS orders"))
    assert set(project.json("status", "state:changed")["tables"]) == {"core.daily"}
    assert set(project.json("status", "state:changed+")["tables"]) == {"core.daily", "core.ever", "core.rolling"}
    project.write("specs/daily.sql", DAILY.replace("until:", "tags: [nightly] # a comment\nuntil:"))
    assert project.json("status", "state:changed")["tables"] == {}
    project.write("specs/new.sql", DAILY.replace("core.daily", "core.new"))
    assert set(project.json("status", "state:changed")["tables"]) == {"core.new"}


def test_what_is_excluded_is_not_written_though_others_need_it(project: SampleProject) -> None:
    done = project.json("run", "--ds", "2026-03-01", "--exclude", "core.daily", code=3)
    assert done["results"] == []
    assert "waiting for core.daily 2026-03-01, which is not written now" in project.run(
        "run", "core.rolling", "--ds", "2026-03-01", "--exclude", "core.daily", code=3
    )
    status = project.json("status", "--exclude", "core.daily")["tables"]
    assert status["core.rolling"]["counts"] == {"missing": 10}, "what is looked at changes no state"
    project.run("run", "core.daily", "--ds", "2026-03-01")
    project.write("specs/daily.sql", DAILY.replace("count(*) AS orders", "count(id) AS orders"))
    done = project.json("run", "core.rolling", "--ds", "2026-03-01", "--exclude", "core.daily")
    assert [(result["table"], result["outcome"]) for result in done["results"]] == [("core.rolling", "written")]


def test_a_broken_spec_that_may_be_selected_is_told_by_the_exit_code(project: SampleProject) -> None:
    project.write("specs/wrong.sql", NO_COLUMN)
    assert tables(project, "core.*", code=2) == {"core.daily", "core.ever", "core.rolling"}
    assert tables(project, "core.*", "--exclude", "core.wrong") == {"core.daily", "core.ever", "core.rolling"}
    assert tables(project, "+core.rolling") == {"core.daily", "core.rolling"}
    assert "zebra" in project.run("plan", "core.wrong", code=2)
    assert "zebra" in project.run("plan", "+core.wrong", code=2)
    project.write("specs/broken.sql", BROKEN)
    assert tables(project, "+core.rolling", code=2) == {"core.daily", "core.rolling"}, "it may be a reader's input"
    assert tables(project, "core.rolling") == {"core.daily", "core.rolling"}
    assert "specs/broken.sql:3" in project.run("compile", "core.broken", code=2)
    all_but = ("--exclude", "core.broken", "--exclude", "core.wrong")
    assert tables(project, *all_but) == {"core.daily", "core.ever", "core.rolling"}
    project.write("specs/no_sql.sql", NO_SQL)
    assert tables(project, "core.rolling+", *all_but, code=2) == {"core.daily", "core.rolling"}, "it may read it"
    assert tables(project, "+core.rolling", *all_but) == {"core.daily", "core.rolling"}


def test_check_lists_the_problems_of_what_is_selected(project: SampleProject) -> None:
    project.write("specs/wrong.sql", NO_COLUMN)
    project.write("specs/rolling.sql", ROLLING.replace("ORDER BY", "") + "ORDER BY product\n")
    found = project.json("check", "core.rolling")
    assert {problem["file"] for problem in found["problems"]} == {"specs/rolling.sql"}
    assert found["pipelines"] == 1
    found = project.json("check", "path:specs/", "--exclude", "core.rolling", code=2)
    assert {problem["file"] for problem in found["problems"]} == {"specs/wrong.sql"}
    project.write("specs/broken.sql", BROKEN)
    assert project.json("check", "core.broken", code=2)["problems"][0]["file"] == "specs/broken.sql"
    assert {problem["file"] for problem in project.json("check", "core.daily")["problems"]} == set()


@pytest.mark.parametrize("command", [("preview", "core.*", "--ds", "2026-03-01"), ("show", "+core.daily")])
def test_commands_on_one_table_take_its_name_only(project: SampleProject, command: tuple[str, ...]) -> None:
    assert "must be a pipeline or table of this project" in project.run(*command, code=2)


def test_what_selects_nothing_is_bad_input(project: SampleProject) -> None:
    assert "There are no tags yet" in project.run("run", "tag:nightly", code=2)
    assert not (project.folder / "lake/core").exists()
