"""Families: tables with the rows of many members, read wherever a table can be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from drawloom.frameworks.autodag import framework as autodag
from drawloom.frameworks.pipeline_json import pipeline_from_dict, to_json
from drawloom.model import InputError, Where
from drawloom.run.plan import State
from drawloom.run.project import Project
from tests.frameworks.counters import framework as counters

DAYS = [date(2026, 1, n) for n in (1, 2, 3)]
SETTINGS = """name: counting
start: 2026-01-01
end: 2026-01-03
defaults: {owner: ana@example.com}
sources: {raw.events: {files: "input/{ds}.parquet"}}
"""
READER = """/* drawloom
table: core.sums
until: "forever: a test"
*/
SELECT counter, sum(n)::BIGINT AS n FROM counters.all WHERE ds = DATE '{{ ds }}' GROUP BY counter
"""


class CounterProject:
    """A project of counters in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "specs").mkdir(parents=True)
        (root / "input").mkdir()
        (root / "drawloom.yml").write_text(SETTINGS)
        for ds in DAYS:
            duckdb.execute(f"COPY (SELECT * FROM range({ds.day}) AS t(i)) TO '{root}/input/{ds}.parquet'")

    def counter(self, name: str, **more: Any) -> None:
        """Write the spec of a counter."""
        spec = {"kind": "counter", "name": name, "until": "forever: a test", **more}
        (self.root / f"specs/{name}.yml").write_text(json.dumps(spec))

    def sql(self, text: str, name: str = "reader") -> None:
        """Write an AutoDAG."""
        (self.root / f"specs/{name}.sql").write_text(text)

    @contextmanager
    def open(self) -> Iterator[Project]:
        """The project as it is now."""
        with Project.load(self.root) as project:
            yield project

    def run(self) -> dict[tuple[str, date], str]:
        """Write everything; the outcome by table and day."""
        with self.open() as project:
            return {(one.table, one.ds): one.outcome for one in project.run(project.plan()).results}

    def problems(self) -> list[str]:
        """The problems of the specs."""
        with self.open() as project:
            return [problem.message for problem in project.check() if problem.severity == "error"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CounterProject:
    found = {"counter": counters, "autodag": autodag}
    monkeypatch.setattr("drawloom.run.compile_project.find_frameworks", lambda: found)
    made = CounterProject(tmp_path / "project")
    made.counter("a")
    made.counter("b", factor=10)
    return made


def step(project: Project, table: str) -> Any:
    return next(p.tables[table] for p in project.pipelines if table in p.tables)


def test_a_family_is_all_rows_of_its_members(folder: CounterProject) -> None:
    folder.run()
    with folder.open() as project:
        rows = project.query('SELECT counter, n, ds FROM counters."all" ORDER BY ds, counter').to_pylist()
        assert [(row["counter"], row["n"], row["ds"].day) for row in rows] == [
            ("a", 1, 1), ("b", 10, 1), ("a", 2, 2), ("b", 20, 2), ("a", 3, 3), ("b", 30, 3),
        ]  # fmt: skip
        assert project.query("SELECT counter FROM counters.b WHERE ds = DATE '2026-01-01'").to_pylist() == [
            {"counter": "b"}
        ]
        assert [(family.name, [m.table for m in family.members]) for family in project.families] == [
            ("counters.all", ["counters.a", "counters.b"])
        ]
        assert [(t.table, t.family, t.kind, t.days) for t in project.list_tables() if t.pipeline] == [
            ("counters.a", "counters.all", "counter", 3),
            ("counters.b", "counters.all", "counter", 3),
        ]


def test_a_step_waits_for_each_member_and_for_those_only_that_it_names(folder: CounterProject) -> None:
    folder.sql(READER)
    folder.sql(READER.replace("core.sums", "core.one").replace("WHERE", "WHERE counter = 'b' AND"), "one")
    with folder.open() as project:
        assert [(r.table, str(r.days)) for r in step(project, "core.sums").reads] == [
            ("counters.a", "0"),
            ("counters.b", "0"),
        ]
        assert [r.table for r in step(project, "core.one").reads] == ["counters.b"]
        assert project.select(["counters.all"]) == project.select(["counters.a", "counters.b"])
    folder.run()
    with folder.open() as project:
        rows = project.query("SELECT * FROM core.sums JOIN core.one USING (counter, ds) WHERE ds = DATE '2026-01-03'")
        assert [(row["counter"], row["n"]) for row in rows.to_pylist()] == [("b", 30)]


def test_a_new_member_makes_only_the_days_stale_that_it_has(folder: CounterProject) -> None:
    folder.sql(READER)
    folder.run()
    folder.counter("c", start="2026-01-03")
    with folder.open() as project:
        todo = {(one.key[0], one.ds.day, one.reason) for one in project.plan().todo}
    assert todo == {
        ("counters.c", 3, "never made"),
        ("core.sums", 3, "input counters.c 2026-01-03 will be rebuilt"),
    }


def test_other_constants_reach_what_reads_the_family(folder: CounterProject) -> None:
    folder.sql(READER)
    folder.run()
    folder.counter("b", factor=10, constants={"counter": "bees"})
    assert folder.run()["core.sums", DAYS[0]] == "written"
    with folder.open() as project:
        rows = project.query("SELECT DISTINCT counter FROM core.sums ORDER BY 1").to_pylist()
    assert [row["counter"] for row in rows] == ["a", "bees"]


def test_a_member_that_lacks_a_column_gives_null(folder: CounterProject) -> None:
    folder.counter("c", columns={"m": "DOUBLE"})
    folder.run()
    with folder.open() as project:
        rows = project.query("SELECT n, m FROM counters.all WHERE ds = DATE '2026-01-02' ORDER BY counter").to_pylist()
    assert rows == [{"n": 2, "m": None}, {"n": 20, "m": None}, {"n": None, "m": 2.0}]


def test_where_no_member_is_read_there_are_no_rows(folder: CounterProject) -> None:
    folder.sql(READER.replace("WHERE", "WHERE counter = 'nobody' AND"))
    folder.run()
    with folder.open() as project:
        assert step(project, "core.sums").reads == ()
        assert project.query("SELECT count(*) AS n FROM core.sums").to_pylist() == [{"n": 0}]


def test_lineage_and_advice_know_the_members(folder: CounterProject) -> None:
    with folder.open() as project:
        found = project.advise("SELECT counter, n AS m FROM counters.all WHERE ds = DATE '{{ ds }}' AND counter = 'a'")
        assert dict(found.lineage)["m"] == ("counters.a.n",)
        assert [read.table for read in found.reads] == ["counters.a"]
        whole = project.advise("SELECT n FROM counters.all")
        (problem,) = [one for one in whole.problems if one.code == "missing-partition-filter"][:1]
        assert problem.where.line == 1


def test_python_steps_read_families_too(folder: CounterProject) -> None:
    (folder.root / "specs/calls.py").write_text(
        "from drawloom.frameworks.autodag import AutoDag\n\n\n"
        "def total(context):\n"
        "    return context.query('SELECT sum(n)::BIGINT AS n FROM counters.all')\n\n\n"
        "spec = AutoDag(table='core.total', call=total, reads={'counters.all': '-1..0'}, until='forever: a test')\n"
    )
    folder.run()
    with folder.open() as project:
        assert {read.table for read in step(project, "core.total").reads} == {"counters.a", "counters.b"}
        assert project.query("SELECT n FROM core.total ORDER BY ds").to_pylist() == [{"n": 11}, {"n": 33}, {"n": 55}]


def test_the_plan_for_airflow_has_all_of_it(folder: CounterProject) -> None:
    folder.sql(READER)
    with folder.open() as project:
        (made,) = project.select(["core.sums"])
        text = to_json(made)
        again = pipeline_from_dict(json.loads(text), Where(made.spec.file), lambda name: print)
        assert to_json(again) == text
        assert again.steps[0].families == made.steps[0].families
        (member,) = project.select(["counters.a"])
        assert (
            pipeline_from_dict(json.loads(to_json(member)), Where(), lambda _: print).steps[0].into
            == member.steps[0].into
        )


Change = Callable[[CounterProject], None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda f: f.counter("all"),
            "family == counters.all, must not have the name of a table: it is filled by",
        ),
        (
            lambda f: f.counter("c", constants={"who": "c"}),
            "constants of counters.c == who, must be those of the family counters.all: counter.",
        ),
        (
            lambda f: f.counter("c", constants={"counter": "a"}),
            "counters.c == counter = a, must differ from counters.a in the family counters.all.",
        ),
        (
            lambda f: f.counter("c", columns={"n": "DOUBLE"}),
            "counters.c.n == DOUBLE, must be BIGINT as in counters.a: both are in the family counters.all.",
        ),
        (
            lambda f: f.counter("c", columns={}),
            "columns of counters.c == not declared, must be declared with counter: it is a member of counters.all.",
        ),
        (
            lambda f: f.sql(READER.replace("core.sums", "counters.all")),
            "family == counters.all, must not have the name of a table",
        ),
        (
            lambda f: f.counter("c", family="raw.events"),
            "family == raw.events, must not have the name of a table: it is filled by another table.",
        ),
    ],
)
def test_what_is_no_family(folder: CounterProject, change: Change, message: str) -> None:
    change(folder)
    assert any(message in found for found in folder.problems()), folder.problems()


def test_an_unknown_family_is_an_unknown_table(folder: CounterProject) -> None:
    folder.sql(READER.replace("counters.all", "counters.al"))
    assert any(
        "reads counters.al, which is not a table of a spec, the lake or a source" in found
        for found in folder.problems()
    )
    with folder.open() as project, pytest.raises(InputError, match=r"name == .counters\.al."):
        project.select(["counters.al"])


def test_a_member_that_reads_its_own_family_is_a_circle(folder: CounterProject) -> None:
    folder.counter("c", source="counters.all")
    assert any("reads its own day" in found or "in a circle" in found for found in folder.problems())


def test_specs_see_each_other_and_a_change_reaches_those_that_use_it(folder: CounterProject) -> None:
    folder.counter("sum", adds=["b"])
    assert folder.run()["counters.sum", DAYS[0]] == "written"
    folder.counter("b", factor=100)
    with folder.open() as project:
        assert {one.key[0] for one in project.plan().todo} == {"counters.b", "counters.sum"}
        assert {one.state for one in project.plan().todo} == {State.STALE}


def test_specs_that_use_each_other_are_refused(folder: CounterProject) -> None:
    folder.counter("x", adds=["y"])
    folder.counter("y", adds=["x"])
    (message,) = folder.problems()
    assert message == "specs == counter x -> counter y -> counter x, must not use each other in a circle."


def test_a_spec_that_is_not_there_is_refused_with_the_nearest(folder: CounterProject) -> None:
    folder.counter("x", adds=["bb"])
    with folder.open() as project:
        (problem,) = [one for one in project.check() if one.severity == "error"]
    assert problem.message == "counter == bb, must be the name of a spec."
    assert problem.fix
    assert "b" in problem.fix.title


def test_a_spec_that_uses_itself_is_refused(folder: CounterProject) -> None:
    folder.counter("x", adds=["x"])
    (message,) = folder.problems()
    assert message == "specs == counter x -> counter x, must not use each other in a circle."


def test_a_member_that_is_gone_or_not_read_any_more_makes_readers_stale(folder: CounterProject) -> None:
    folder.sql(READER)
    folder.sql(READER.replace("core.sums", "core.one").replace("WHERE", "WHERE counter = 'b' AND"), "one")
    folder.run()
    folder.counter("b", factor=10, constants={"counter": "bees"})
    with folder.open() as project:
        reasons = {one.key[0]: one.reason for one in project.plan().todo if one.ds == DAYS[0]}
    assert reasons["core.one"] == "input counters.b is not read any more"
    folder.run()
    (folder.root / "specs/b.yml").unlink()
    with folder.open() as project:
        reasons = {one.key[0]: one.reason for one in project.plan().todo if one.ds == DAYS[0]}
    assert reasons == {"core.sums": "input counters.b is not read any more"}


def test_the_day_may_decide_which_member_is_read(folder: CounterProject) -> None:
    folder.sql(
        READER.replace(
            "WHERE", "WHERE counter = CASE WHEN DATE '{{ ds }}' = DATE '2026-01-02' THEN 'b' ELSE 'a' END AND"
        )
    )
    folder.run()
    with folder.open() as project:
        rows = project.query("SELECT counter FROM core.sums ORDER BY ds").to_pylist()
    assert [row["counter"] for row in rows] == ["a", "b", "a"]


def test_what_a_framework_raises_is_one_problem(folder: CounterProject) -> None:
    folder.counter("x", constants={"counter": [1]})
    (message,) = folder.problems()
    assert message.startswith("The compile of counter failed: KeyError: <class 'list'> (families.py:")


def test_this_is_the_table_in_a_run(folder: CounterProject) -> None:
    folder.sql(
        "/* drawloom\ntable: core.t\nuntil: 'forever: a test'\ncolumns: {n: BIGINT}\n*/\n"
        "SELECT count(*) AS n FROM raw.events WHERE ds = DATE '{{ ds }}'\n"
        "UNION ALL SELECT n FROM {{ this }} WHERE ds = DATE '{{ ds }}' - 1"
    )
    folder.run()
    with folder.open() as project:
        assert project.query("SELECT count(*) AS n FROM core.t WHERE ds = DATE '2026-01-03'").to_pylist() == [{"n": 3}]


def test_a_changed_source_does_not_force_landed_partitions(
    folder: CounterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.run()
    landed = replace(
        counters, compile=lambda spec, project: (replace(s, landed=True) for s in counters.compile(spec, project))
    )
    monkeypatch.setattr("drawloom.run.compile_project.find_frameworks", lambda: {"counter": landed})
    with folder.open() as project:
        assert project.plan(first=DAYS[0], force_source=["raw.events"]).todo == ()
        assert len(project.plan(["counters.a"], DAYS[0], DAYS[0], force=True).todo) == 1


def test_a_reader_of_a_family_waits_while_a_member_may_be_missing(folder: CounterProject) -> None:
    folder.sql(READER)
    folder.run()
    member = folder.root / "specs/b.yml"
    member.write_text(member.read_text().replace("until", "untill"))
    with folder.open() as project:
        assert [p.code for p in project.check() if p.severity == "error" and p.where.file == "specs/reader.sql"] == [
            "unsure-family"
        ]
        assert not project.plan().todo
