"""What is wrong with a test is told with its file, its line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.model import InputError, Problem
from drawloom.run.project import Project
from drawloom.run.unit_tests.check import check_tests
from drawloom.run.unit_tests.load import load_tests, load_text
from drawloom.run.unit_tests.runner import TestRunner, exit_code
from drawloom.run.unit_tests.select import select_tests
from tests.run.unit_tests.conftest import Run, loaded, states, told, write_shop

GIVEN = "t:\n  ds: 2026-01-02\n  given:\n    {}\n  expect: {{core.orders: []}}\n"
EXPECT = "t:\n  ds: 2026-01-02\n  expect:\n    {}\n"
ODD = "t:\n  ds: 2026-01-02\n  given:\n    raw.odd: [{{{}}}]\n  expect: {{core.odd: []}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t: {dz: 1}", "1: t: ds is missing"),
        ("t: {ds: 2026-01-02, expct: {}}", "expct is an unknown key"),
        ("t: {ds: 2026-01-02, expect: {}}", "expect == {}, must not be empty."),
        ("t: 5", "t == 5, must be a test with description, ds,"),
        ("t: {name: x, ds: 2026-01-02, expect: {core.a: []}}", "the name stands above"),
        ("t: {ds: [], expect: {core.a: []}}", "ds == [], must name a day"),
        ("t: {ds: 2026-01-05 .. 2026-01-01, expect: {core.a: []}}", "must be a range of at most 400 days"),
        ("t: {ds: soon, expect: {core.a: []}}", "must be a day like 2026-01-31, a list of days"),
        ("t: {ds: 2026-01-02, expect: {core.a: 5}}", "expect.core.a.rows == 5, must be a list of rows"),
        ("t: {ds: 2026-01-02, given: {raw.a: {2026-01-01: {a: 1}}}, expect: {core.a: []}}", "must be a list of rows"),
        ("t: {ds: 2026-01-02, expect: {core.a: {ordered: true}}}", "must have rows, contains or check"),
    ],
)
def test_a_text_that_is_no_test(text: str, message: str) -> None:
    problems = [one for one in load_text(text, "tests/a.yml", Path()) if isinstance(one, Problem)]
    assert message.removeprefix("1: t: ") in "\n".join(map(str, problems))
    assert all(problem.where.file == "tests/a.yml" and problem.where.line == 1 for problem in problems)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (GIVEN.format("raw.ordres: []"), 4, "given.raw.ordres is not read by core.orders; remove it. Did you mean raw.orders?"),
        (GIVEN.format("core.week: []"), 4, "given.core.week is not read by core.orders"),
        (GIVEN.format("raw.orders: [{idd: 1}]"), 4, "raw.orders.idd is an unknown column. Did you mean id?"),
        (GIVEN.format("raw.orders: [{zebra: 1}]"), 4, "It has id, customer, amount, at, shipped, status."),
        (GIVEN.format("raw.orders:\n      - {id: 1}\n      - {id: 1.5}"), 6, "raw.orders.id == 1.5, must be a whole number"),
        (GIVEN.format("raw.orders: [{id: true}]"), 4, "raw.orders.id == True, must be a whole number"),
        (GIVEN.format("raw.orders: [{id: 99999999999999999999}]"), 4, "must be a BIGINT. DuckDB says: Conversion Error"),
        (GIVEN.format("raw.orders: [{customer: no}]"), 4, "customer == False, must be text. Write it in quotes"),
        (GIVEN.format("raw.orders: [{customer: 0123}]"), 4, "must be text. Write it in quotes"),
        (GIVEN.format("raw.orders: [{amount: 1.234}]"), 4, "must be a number with at most 7 digits before and 2 behind"),
        (GIVEN.format("raw.orders: [{amount: 12345678}]"), 4, "must be a number with at most 7 digits before"),
        (GIVEN.format("raw.orders: [{amount: .nan}]"), 4, "must be a number with at most 7"),
        (GIVEN.format("raw.orders: [{amount: x}]"), 4, "amount == 'x', must be a number"),
        (GIVEN.format("raw.orders: [{shipped: 1}]"), 4, "shipped == 1, must be true or false"),
        (GIVEN.format("raw.orders: [{at: 2026-01-01 10:00:00Z}]"), 4, "must be a time without a zone"),
        (GIVEN.format("raw.orders: [{at: now()}]"), 4, "at == 'now()', must be a time like 2026-01-31 10:30:00"),
        (GIVEN.format("raw.orders: [{at: today}]"), 4, "at == 'today', must be a time like"),
        (GIVEN.format("raw.orders: [{ds: x}]"), 4, "ds == 'x', must be a day like"),
        (GIVEN.format("raw.orders: {2026-01-02: [{ds: 2026-01-03}]}"), 4, "ds == 2026-01-03, must be 2026-01-02"),
        (GIVEN.format("raw.orders: none.csv"), 4, "file == 'none.csv', must exist beside tests/shop.yml."),
        (GIVEN.format("raw.orders: |\n      id, customer\n      1"), 6, "row == 1 values, must be 2: id, customer."),
        (GIVEN.format('raw.orders: |\n      id\n      "1'), 6, "a quote is not closed"),
        (GIVEN.format("raw.orders: |\n      id, id\n"), 5, "columns == id, id, must be names that differ."),
        (GIVEN.format("raw.orders: |\n      id, amount\n      1, ten"), 6, "raw.orders.amount == 'ten', must be a number"),
        (GIVEN.format("core.orders: [{id: 1}]"), 4, "given.core.orders is not read by core.orders"),
        (ODD.format("day: 2026-02-30"), 4, "raw.odd.day == '2026-02-30', must be a DATE."),
        (ODD.format("day: 2026-01-01 10:00:00"), 4, "must be a day like 2026-01-31"),
        (ODD.format("share: many"), 4, "raw.odd.share == 'many', must be a number, as the column is DOUBLE"),
        (ODD.format("names: a"), 4, "raw.odd.names == 'a', must be a list like [a, b]"),
        (ODD.format("names: [a, 1]"), 4, "raw.odd.names[1] == 1, must be text"),
        (ODD.format("place: Lima"), 4, "must be a mapping of city, lat"),
        (ODD.format("place: {citty: Lima}"), 4, "raw.odd.place.citty == 'Lima', must be one of city, lat. Did you mean city?"),
        (ODD.format("place: {lat: x}"), 4, "raw.odd.place.lat == 'x', must be a number"),
        (ODD.format("counts: [1]"), 4, "must be a mapping like {a: 1}"),
        (ODD.format("counts: {a: b}"), 4, "raw.odd.counts.a == 'b', must be a whole number"),
        (ODD.format("clock: 10:30:00"), 4, "must be a time of day like 10:30:00"),
        (ODD.format("key: [1]"), 4, "must be a UUID"),
        (ODD.format("bytes: 5"), 4, "must be text, with bytes"),
        (ODD.format("extra: '{'"), 4, "raw.odd.extra == '{', must be a JSON. DuckDB says:"),
        (ODD.format("small: 300"), 4, "raw.odd.small == 300, must be a TINYINT."),
        (EXPECT.format("core.ordres: []"), 4, "name == 'core.ordres', must be a pipeline or table of this project. Did you mean core.orders?"),
        (EXPECT.format("raw.orders: []"), 4, "name == 'raw.orders', must be a pipeline or table"),
        (EXPECT.format("core.orders: [{idd: 1}]"), 4, "core.orders.idd is an unknown column. Did you mean id?"),
        (EXPECT.format("core.orders: [{id: x}]"), 4, "core.orders.id == 'x', must be a whole number"),
        (EXPECT.format("core.orders: {2026-01-03: []}"), 4, ""),
        (EXPECT.format("core.orders: [{}, {ds: 2026-01-02}]"), 4, "rows of core.orders name no column, must name one to be compared."),
        (EXPECT.format("core.orders: [{id: 1, ID: 2}]"), 4, "is given twice: case does not matter"),
        (EXPECT.format("core.orders: [{ds: 2026-01-03, id: 1}]"), 4, "ds of core.orders == 2026-01-03, must be one of the days of the test: 2026-01-02."),
        (EXPECT.format("core.week: {ordered: true, rows: []}"), 4, "core.week has no `cluster`"),
        (EXPECT.format("core.week: {check: SELECT * FROM core.wek}"), 4, "must read tables of the test. Did you mean core.week?"),
        (EXPECT.format("core.week:\n      check: |\n        SELECT *\n        FROM core.week WHERE ds < current_date"), 7, "CURRENT_DATE is the time of the run"),
        (EXPECT.format("core.week: {check: SELECT FROM WHERE}"), 4, ""),
        (EXPECT.format("core.by_week: []"), 2, "must be a day that names a partition of core.by_week, which runs @weekly. 2026-01-02 is in the partition 2026-01-04."),
        ("t:\n  ds: [2026-01-02]\n  params: {skiped: x}\n  expect: {core.orders: []}", 3, "params.skiped is an unknown parameter of core.orders. Did you mean skipped?"),
        ("t:\n  ds: 2026-01-02\n  given:\n    core.orders: [{id: 1}]\n  expect: {core.week: []}", 4, "ds of core.orders is missing, must be given: 2025-12-27 .. 2026-01-02 are read."),
        ("t:\n  ds: 2026-01-02\n  given:\n    core.orders: [{ds: 2026-01-02}]\n  expect: {core.spent: [], core.orders: []}", 3, "core.orders is given and expected on 2026-01-02"),
        ("t:\n  ds: [2026-01-02, 2026-01-03]\n  expect:\n    core.orders: [{id: 1}]", 4, "ds of core.orders is missing, must be one of the days of the test"),
        ("t:\n  ds: [2026-01-03, 2026-01-04]\n  expect:\n    core.orders: []\n    core.by_week: {2026-01-03: [{orders: 1}]}", 5, "must be one of the days of the test: 2026-01-04."),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_project(run: Run, text: str, line: int, message: str) -> None:
    if not message:
        assert told(run(text)) or states(run(text)) == ["passed"]
        return
    outcomes = run(text)
    assert states(outcomes) == ["invalid"]
    assert message in told(outcomes)
    (first, *_) = outcomes[0].problems
    assert (first.where.file, first.where.line) == ("tests/shop.yml", line)
    assert exit_code(outcomes) == 2


def write_tests(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / "tests" / name.replace("__", "/").replace("_yml", ".yml").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


PYTHON = """
from datetime import date
from drawloom.testing import UnitTest

def orders(n):
    rows = [{"id": i, "status": "paid"} for i in range(n)]
    return UnitTest(ds=date(2026, 1, 2), given={"raw.orders": rows}, expect={"core.orders": [{"id": i} for i in range(n)]})

some = [orders(n) for n in range(1, 3)]
many = orders(20)
named = UnitTest(name="nothing", ds="2026-01-02", expect={"core.orders": []})
"""


def test_files_are_found_in_folders_and_in_python_but_not_those_of_pytest(tmp_path: Path) -> None:
    write_shop(tmp_path)
    one = "{}:\n  ds: 2026-01-02\n  expect: {{core.orders: []}}\n"
    write_tests(
        tmp_path,
        a_yml=one.format("a"),
        deep__test_b_yml=one.format("b"),
        _hidden_yml="no yaml: [",
        c_py=PYTHON,
        helpers_py="raise SystemExit",
        test_x_py="raise SystemExit",
        conftest_py="raise SystemExit",
    )
    tests, problems = load_tests(tmp_path)
    assert problems == []
    assert [test.name for test in tests] == ["a", "some_0", "some_1", "many", "nothing", "b"]
    with Project.load(tmp_path) as project, TestRunner(project) as runner:
        assert set(states(runner.run_all(tests))) == {"passed"}
        assert [test.name for test in select_tests(project, tests, ["b", "nothing"])] == ["nothing", "b"]
        assert len(select_tests(project, tests, ["core.orders"])) == len(tests)
        assert select_tests(project, tests, ["core.week"]) == []
        assert [test.name for test in select_tests(project, tests, words="SOME")] == ["some_0", "some_1"]
        with pytest.raises(InputError, match=r"core.weke.*Did you mean core.week"):
            select_tests(project, tests, ["core.weke"])


def test_broken_files_and_names_that_are_taken_are_told_and_others_run(tmp_path: Path) -> None:
    write_shop(tmp_path)
    good = "good:\n  ds: 2026-01-02\n  expect: {core.orders: []}\n"
    write_tests(tmp_path, a_yml=good, b_yml=good, c_yml="x: [", d_py="1 / 0  # UnitTest", e_yml="bad: {ds: 1}\n")
    tests, problems = load_tests(tmp_path)
    assert [test.name for test in tests] == ["good"]
    texts = "\n".join(map(str, problems))
    assert "tests/b.yml:1: test == good, must have a name of its own: tests/a.yml:1 has it." in texts
    assert "tests/c.yml:1:" in texts
    assert "tests/d.py:1: tests/d.py cannot be imported: ZeroDivisionError" in texts
    assert "tests/e.yml:1: ds == 1, must be a day" in texts


def test_check_tells_of_tests_without_running_them(tmp_path: Path) -> None:
    write_shop(tmp_path)
    wrong = "wrong:\n  ds: 2026-01-02\n  expect: {core.orders: [{id: 7}]}\n"
    write_tests(tmp_path, a_yml=wrong, b_yml=wrong.replace("wrong", "typo").replace("{id: 7}", "{idd: 7}"))
    with Project.load(tmp_path) as project:
        assert [str(p) for p in check_tests(project)] == [
            "tests/b.yml:3: core.orders.idd is an unknown column. Did you mean id?"
        ]
    (tmp_path / "specs" / "orders.sql").write_text("/* drawloom\ntable: core.orders\n*/ SELECT 1")
    with Project.load(tmp_path) as project:
        told_of_spec = {p.where.file for p in check_tests(project)}
    assert told_of_spec == {"specs/orders.sql"}


def test_columns_of_a_table_that_is_not_there_can_be_given(tmp_path: Path) -> None:
    write_shop(tmp_path)
    (tmp_path / "specs" / "new.sql").write_text(
        "/* drawloom\ntable: core.new\nuntil: 'forever: a test'\n*/ SELECT a + 1 AS b FROM raw.landed WHERE ds = DATE '{{ ds }}'"
    )
    config = (tmp_path / "drawloom.yml").read_text()
    (tmp_path / "drawloom.yml").write_text(config + "  raw.landed: {landed: true}\n")
    text = "t:\n  ds: 2026-01-02\n  given:\n    raw.landed: {rows: [{a: 1}]}\n  expect: {core.new: [{b: 2}]}\n"
    typed = text.replace("{rows:", "{columns: {a: INTEGER}, rows:")
    with Project.load(tmp_path) as project, TestRunner(project) as runner:
        (unknown,) = runner.run_all(loaded(text))
        assert told([unknown]).startswith("tests/shop.yml:4: the columns of raw.landed are not known.")
        (none,) = runner.run_all(loaded("t:\n  ds: 2026-01-02\n  expect: {core.new: []}\n"))
        assert "the columns of raw.landed are not known" in told([none])
        assert states(runner.run_all(loaded(typed))) == ["passed"]
        assert states(runner.run_all(loaded(typed.replace("b: 2", "b: 3")))) == ["failed"]
        assert "core.new.c is an unknown column" in told(runner.run_all(loaded(typed.replace("b: 2", "c: 3"))))
