"""What the run of a day reads is what its text says on that very day, whatever rule was inferred from other days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from drawloom.model import Days, Pipeline, Read, Step, Table
from drawloom.run import day_reads as module
from drawloom.run.day_reads import DayReads
from drawloom.run.plan import Plan, State
from drawloom.run.project import Project
from drawloom.sql import analyze, script_reader
from drawloom.sql.template.rendering import render
from tests.run.odd_days import FIRST, ODD, TEXTS, days, text_of, write_day, write_project


def written(project: Project, name: str) -> dict[date, list[tuple[object, ...]]]:
    rows = project.query(f"SELECT ds, * EXCLUDE (ds) FROM core.{name} ORDER BY ALL").to_pylist()
    found: dict[date, list[tuple[object, ...]]] = {}
    for row in rows:
        found.setdefault(row.pop("ds"), []).append(tuple(row.values()))
    return found


def expected(name: str) -> dict[date, list[tuple[object, ...]]]:
    """What DuckDB computes for each day where it sees all days."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA m; CREATE TABLE m.a (ds DATE, id BIGINT, v BIGINT)")
        connection.executemany("INSERT INTO m.a VALUES (?, ?, 1)", [[day, day.toordinal()] for day in days()])
        answers = {
            day: connection.execute(f"{render(text_of(name), day).text} ORDER BY ALL").fetchall() for day in days()
        }
    return {day: rows for day, rows in answers.items() if rows}


@pytest.fixture(scope="module")
def odd_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = write_project(tmp_path_factory.mktemp("odd"), {name: text_of(name) for name in TEXTS})
    with Project.load(root) as project:
        assert project.run().exit_code == 0
        yield project


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", TEXTS)
def test_rows_are_those_that_duckdb_computes_over_all_days(odd_project: Project, name: str) -> None:
    assert written(odd_project, name) == expected(name)


@pytest.mark.unmeasured
def test_everything_is_fresh_after_the_run_and_in_a_new_process(odd_project: Project) -> None:
    assert {partition.state for partition in odd_project.plan().partitions} == {State.FRESH}
    with Project.load(odd_project.config.root) as again:
        assert {partition.state for partition in again.plan().partitions} == {State.FRESH}


def states(plan: Plan, state: State) -> list[date]:
    return [partition.ds for partition in plan.partitions if partition.state is state]


def test_only_the_odd_day_waits_for_the_days_that_only_it_reads(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"day_13": text_of("day_13")}, first=date(2024, 2, 3))
    with Project.load(root) as project:
        plan = project.plan(first=date(2024, 2, 10))
        assert states(plan, State.WAITING) == [ODD]
        assert plan.waiting[0].reason == "waiting for m.a 2024-02-01"
        assert states(plan, State.MISSING) == [day for day in days(date(2024, 2, 10)) if day != ODD]


def test_a_changed_day_makes_exactly_its_readers_stale(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"day_13": text_of("day_13")})
    with Project.load(root) as project:
        project.run()
        write_day(root, "a", date(2024, 2, 5), 2)
        assert states(project.plan(), State.STALE) == [date(2024, 2, 5), ODD]
        plan = project.plan(first=ODD, last=ODD, force_source=["m.a"])
        assert [partition.key for partition in plan.todo] == [("core.day_13", ODD)]
        summary = project.run()
        assert [(result.ds, result.outcome) for result in summary.results] == [
            (date(2024, 2, 5), "written"),
            (ODD, "written"),
        ]


def test_since_a_fixed_day_a_run_needs_one_day_more_than_the_one_before(tmp_path: Path) -> None:
    text = "SELECT ds AS of_day, id FROM m.a WHERE ds BETWEEN DATE '2024-02-10' AND '{{ ds }}'"
    root = write_project(tmp_path / "project", {"since": text}, first=date(2024, 2, 12))
    with Project.load(root) as project:
        plan = project.plan()
        assert plan.partitions[-1].reason == "waiting for m.a 2024-02-10"
        assert states(plan, State.MISSING) == days(FIRST, date(2024, 2, 9))
        for day in (date(2024, 2, 10), date(2024, 2, 11)):
            write_day(root, "a", day)
        assert project.run().exit_code == 0
        rows = {day: len(of_day) for day, of_day in written(project, "since").items()}
        assert rows == {day: n for n, day in enumerate(days(date(2024, 2, 10)), start=1)}
        write_day(root, "a", date(2024, 2, 28), 2)
        assert states(project.plan(), State.STALE) == days(date(2024, 2, 28))


OTHER_TABLE = """\
SELECT id FROM m.a WHERE ds = '{{ ds }}'
{% if ds == '2024-02-20' %} UNION ALL SELECT -id FROM m.b WHERE ds BETWEEN '2024-02-18' AND '{{ ds }}'{% endif %}
"""


def test_a_table_that_is_read_on_one_day_only(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"other": OTHER_TABLE})
    with Project.load(root) as project:
        assert project.run().exit_code == 0
        one, other = date(2024, 2, 20), date(2024, 2, 19)
        rows = written(project, "other")
        assert [len(rows[day]) for day in (other, one)] == [1, 4]
        write_day(root, "b", other, 2)
        assert states(project.plan(), State.STALE) == [one]


EARLIER_IN_THE_ALPHABET = """\
SELECT id FROM m.a WHERE ds = '{{ ds }}'
{{ "UNION ALL SELECT id FROM core.z WHERE ds = '" ~ ds ~ "'" if params.odd == ds else "" }}
"""


@pytest.mark.unmeasured
def test_a_step_runs_after_one_that_it_reads_on_one_day_only(tmp_path: Path) -> None:
    specs = {"b": EARLIER_IN_THE_ALPHABET, "z": "SELECT id FROM m.a WHERE ds = '{{ ds }}'"}
    root = write_project(tmp_path / "project", specs)
    path = root / "specs" / "b.sql"
    path.write_text(path.read_text().replace("\nuntil", "\nparams: {odd: '2024-02-15'}\nuntil"))
    with Project.load(root) as project:
        assert project.run().exit_code == 0
        assert {day: len(rows) for day, rows in written(project, "b").items() if len(rows) > 1} == {
            date(2024, 2, 15): 2
        }


def step(text: str, *reads: Read, **more: object) -> Step:
    return Step("core.t", Table("core.t"), sql=text, reads=reads, days_vary=True, **more)  # type: ignore[arg-type]


def day_reads(made: Step, cache: Path | None = None, schedule: str = "@daily") -> DayReads:
    from drawloom.model import Schedule

    return DayReads([Pipeline("p", "autodag", (made,), Schedule.parse(schedule))], {}, {}, cache)


TODAY = Read("m.a", Days.of(0), "offset")


def test_reads_of_the_rule_and_of_a_day(tmp_path: Path) -> None:
    made = step(text_of("day_13"), TODAY)
    for _ in range(2):
        reads = day_reads(made, tmp_path)
        assert reads.on(made, date(2024, 2, 12)) is made.reads
        assert reads.on(made, ODD) == (Read("m.a", Days.span(-12, 0), "offset"),)
        assert reads.prepare(made, [ODD, date(2024, 2, 14)]) == (TODAY, Read("m.a", Days.span(-12, 0), "offset"))


def test_a_day_has_the_same_reads_whichever_days_were_measured_before() -> None:
    made = step(text_of("day_of_year"), TODAY)
    alone = day_reads(made)
    after_others = day_reads(made)
    after_others.prepare(made, days(date(2022, 1, 1)))
    for day in days(date(2024, 2, 5), date(2024, 2, 10)):
        assert alone.on(made, day) == after_others.on(made, day)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("SELECT 1 FROM m.a WHERE ds = '{{ ds if ds != '2024-02-13' else 1 // 0 }}'", "*..*"),
        ("SELECT 1 FROM m.a WHERE ds = '{{ ds }}' {{ 'AND (' if ds == '2024-02-13' else '' }}", "*..*"),
        (
            "SELECT 1 FROM m.a WHERE ds = make_date(2024, 2, {{ 31 if ds == '2024-02-13' else logical_date.day }})",
            "*..*",
        ),
    ],
    ids=["a template that fails", "text that does not parse", "no such day"],
)
def test_a_day_whose_text_cannot_be_read_sees_everything(text: str, wanted: str) -> None:
    made = step(text, TODAY)
    reads = day_reads(made)
    assert [str(read.days) for read in reads.on(made, ODD)] == [wanted]
    assert reads.on(made, date(2024, 2, 14)) is made.reads, "other days of the quarter keep their bounds"


@pytest.mark.parametrize("year", [1970, 1999, 2000, 2031, 2100])
def test_years_far_from_the_probe_days(year: int) -> None:
    back = f"{{{{ 7 if logical_date.year == {year} else 0 }}}}"
    made = step(f"SELECT 1 FROM m.a WHERE ds BETWEEN DATE '{{{{ ds }}}}' - {back} AND DATE '{{{{ ds }}}}'", TODAY)
    assert [str(read.days) for read in day_reads(made).on(made, date(year, 12, 31))] == ["-7..0"]
    assert day_reads(made).on(made, date(year - 1, 12, 31)) is made.reads


def test_weekly_and_monthly_runs() -> None:
    text = "SELECT 1 FROM m.a WHERE ds > '{{ macros.ds_add(ds, -31 if logical_date.month == 3 else -28) }}' AND ds <= '{{ ds }}'"
    made = step(text, Read("m.a", Days.span(-27, 0), "offset"))
    assert [str(read.days) for read in day_reads(made, None, "@monthly").on(made, date(2024, 3, 31))] == ["-30..0"]
    assert day_reads(made, None, "@weekly").on(made, date(2024, 4, 7)) is made.reads


def test_a_broken_file_of_the_cache_is_measured_again(tmp_path: Path) -> None:
    made = step(text_of("day_13"), TODAY)
    day_reads(made, tmp_path).on(made, ODD)
    (path,) = tmp_path.rglob("*.days")
    for content in ("", "[]", '{"odd": [[1, 2]], "quarters": ["2024-01-01"]}'):
        path.write_text(content)
        assert [str(read.days) for read in day_reads(made, tmp_path).on(made, ODD)] == ["-12..0"]


class Counted:
    """How many days were measured, in how many passes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passes: list[int] = []
        real = script_reader.measure_days

        def measure_days(text: str, days: list[date], **options: object) -> object:
            self.passes.append(len(days))
            return real(text, days, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(script_reader, "measure_days", measure_days)


def test_texts_that_read_the_same_offsets_on_every_day_are_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    text = "SELECT id FROM m.a WHERE ds BETWEEN DATE '{{ ds }}' - 6 AND DATE '{{ ds }}'"
    root = write_project(tmp_path / "project", {"week": text})
    with Project.load(root) as project:
        project.plan()
    assert counted.passes == []


@pytest.mark.unmeasured
def test_ten_thousand_days_are_measured_by_quarters_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    made = step(text_of("day_13"), TODAY)
    history = days(date(1996, 10, 1), date(2024, 2, 14))
    assert len(history) > 9_990
    day_reads(made, tmp_path).prepare(made, history)
    assert len(counted.passes) == 110, "one pass for each quarter, not for each day"
    counted.passes.clear()
    reads = day_reads(made, tmp_path)
    reads.prepare(made, history)
    assert len([day for day in history if reads.on(made, day) is not made.reads]) == 12 * 27 + 3 + 2
    assert counted.passes == [], "the second plan reads a file"


@pytest.mark.unmeasured
def test_only_a_step_whose_days_vary_is_marked() -> None:
    assert not analyze("SELECT 1 FROM m.a WHERE ds = '{{ ds }}'").days_vary
    assert not analyze("SELECT 1 FROM m.a WHERE ds = '2024-02-01'").days_vary
    assert all(analyze(text_of(name)).days_vary for name in TEXTS)


def test_there_is_one_place_that_says_what_a_run_reads() -> None:
    """``read.on(day)`` of a rule is for showing it; runs ask DayReads."""
    folder = Path(module.__file__).parent
    asks = {
        path.name for path in folder.glob("*.py") if "step.reads" in path.read_text() and ".on(" in path.read_text()
    }
    assert asks <= {"day_reads.py", "plan.py", "step_runner.py", "project.py"}
