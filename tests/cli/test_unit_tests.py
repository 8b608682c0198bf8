"""The command test: lines, tables of differences, JSON and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from tests.cli.sample_project import SampleProject

SOURCES = """
sources:
  raw.orders: {landed: true, columns: {id: BIGINT, product: VARCHAR, amount: DOUBLE}}
"""
GOOD = """
counts:
  ds: 2026-03-02
  given:
    raw.orders:
      - {product: tea, amount: 1.5}
      - {product: tea, amount: 2}
      - {product: cake, amount: 3}
  expect:
    core.daily:
      - {product: tea, orders: 2, amount: 3.5}
      - {product: cake, orders: 1, amount: 3}
"""
BAD = (
    GOOD.replace("counts:", "wrong:")
    .replace("orders: 2", "orders: 3")
    .replace("product: cake, orders", "product: pie, orders")
)


@pytest.fixture
def tested(project_without_data: SampleProject) -> SampleProject:
    """A project with a test that passes, in which nothing has landed or run."""
    project = project_without_data
    config = (project.folder / "drawloom.yml").read_text()
    project.write("drawloom.yml", config + SOURCES)
    project.write("tests/daily.yml", GOOD)
    return project


def test_a_test_passes_without_any_data(tested: SampleProject) -> None:
    assert "passed  counts core.daily" in (shown := tested.run("test"))
    assert "1 passed in " in shown
    assert "no problems" in tested.run("check")
    assert not list((tested.folder / "lake").glob("*/*"))
    (tested.folder / "tests/daily.yml").unlink()
    assert tested.run("test") == "no tests\n"


def test_a_difference_is_a_table_that_fits_the_terminal(tested: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    tested.write("tests/bad.yml", BAD)
    monkeypatch.setattr("drawloom.cli.unit_test_output.console", _narrow)
    shown = tested.run("test", code=1)
    assert "core.daily 2026-03-02: 1 missing, 1 unexpected, 1 changed" in shown
    lines = {line.split("  ")[0].strip(): line for line in shown.splitlines()}
    assert "tea       3 -> 2   3.5" in lines["~ changed"]
    assert "pie       1" in lines["- missing"]
    assert "cake      1" in lines["+ unexpected"]
    assert max(map(len, shown.splitlines())) <= 80
    assert "tests/bad.yml:2" in shown
    assert "1 passed, 1 failed in" in shown


def _narrow(*, stderr: bool = False) -> object:
    from drawloom.cli.output import console

    return console(stderr=stderr, width=80)


def test_wide_rows_leave_out_what_does_not_differ(tested: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = ", ".join(f"{n} AS a_long_name_of_column_{n}" for n in range(12))
    tested.write("specs/wide.sql", f"/* drawloom\ntable: core.wide\nuntil: 'forever: a test'\n*/\nSELECT {columns}")
    row = ", ".join(f"a_long_name_of_column_{n}: {n if n != 7 else 70}" for n in range(12))
    tested.write("tests/bad.yml", f"wide:\n  ds: 2026-03-02\n  expect: {{core.wide: [{{{row}}}]}}\n")
    monkeypatch.setattr("drawloom.cli.unit_test_output.console", _narrow)
    shown = tested.run("test", "wide", code=1)
    assert "70 -> 7" in shown
    assert "not shown, as it is too wide: a_long_name_of_column_1, " in shown


def test_many_rows_and_checks_and_order_are_shown_in_part(tested: SampleProject) -> None:
    tested.write(
        "specs/many.sql",
        "/* drawloom\ntable: core.many\nuntil: 'forever: a test'\ncluster: [n]\n*/\nSELECT range AS n FROM range(30)",
    )
    rows = ", ".join(f"{{n: {n}}}" for n in range(29, -1, -1))
    text = "many:\n  ds: 2026-03-02\n  expect:\n    core.many:\n      {}: {}\n      check: SELECT n FROM core.many WHERE n > 27\n"
    tested.write("tests/bad.yml", text.format("rows", "[{n: -1}]"))
    shown = tested.run("test", "core.many", code=1)
    assert "1 missing, 30 unexpected, 0 as expected" in shown
    assert "... 10 more" in shown
    assert "a check that must return no rows found some: SELECT n FROM core.many WHERE n > 27" in shown
    tested.write("tests/bad.yml", text.format("ordered: true\n      rows", f"[{rows}]"))
    assert "- row 1" in tested.run("test", "many", code=1)
    made = tested.json("test", "many", code=1)["tests"][0]["differences"][0]
    assert made["misplaced"][0] == {"row": 1, "expected": {"n": 29}, "found": {"n": 0}}


def test_json_has_every_difference(tested: SampleProject) -> None:
    tested.write("tests/bad.yml", BAD)
    found = tested.json("test", code=1)
    assert (found["passed"], found["failed"], found["invalid"], found["problems"]) == (1, 1, 0, [])
    wrong = found["tests"][0]
    assert (wrong["name"], wrong["file"], wrong["line"], wrong["state"]) == ("wrong", "tests/bad.yml", 2, "failed")
    (one,) = wrong["differences"]
    assert one["changed"] == [
        {
            "expected": {"product": "tea", "orders": 3, "amount": 3.5},
            "found": {"product": "tea", "orders": 2, "amount": 3.5},
            "columns": ["orders"],
        }
    ]
    assert [row["product"] for row in one["missing"] + one["unexpected"]] == ["pie", "cake"]


def test_names_choose_tests_and_bad_input_exits_with_2(tested: SampleProject) -> None:
    tested.write("tests/bad.yml", BAD)
    assert "wrong" not in tested.run("test", "counts")
    assert "no tests" in tested.run("test", "core.rolling")
    assert "1 passed" in tested.run("test", "-k", "COUNT")
    assert "1 passed" in tested.run("test", "core.daily", "--exclude", "wrong")
    assert "no tests" in tested.run("test", "--exclude", "core.d*")
    assert "1 passed in" in tested.run("test", "counts", "--exclude", "core.rolling")
    assert "Did you mean core.daily?" in tested.run("test", "core.dayly", code=2)
    tested.write("tests/worse.yml", "worse:\n  dz: 1\n")
    shown = tested.run("test", "counts", code=2)
    assert "dz is an unknown key" in shown
    assert "1 passed in" in shown
    assert "problems of files" in shown
    assert "dz is an unknown key" in tested.run("check", code=2)
    tested.write("tests/worse.yml", GOOD.replace("counts", "worse").replace("product: tea", "prodct: tea"))
    shown = tested.run("test", code=2)
    assert "invalid worse core.daily" in shown
    assert "Did you mean product?" in shown


def test_a_test_is_written_from_real_rows(finished: SampleProject) -> None:
    shown = finished.run("test", "--create", "core.daily", "--ds", "2026-03-05")
    assert "wrote core_daily_2026_03_05 to " in shown
    assert "rows of raw.orders" in shown
    assert "1 passed in" in finished.run("test")
    assert "1 passed in" in finished.run("test", "--engine"), "which is DuckDB here"
    made = finished.json("test", "--create", "core.ever", "--ds", "2026-03-05")
    assert (made["name"], made["masked"]) == ("core_ever_2026_03_05", [])
    assert "2 passed in" in finished.run("test")
    assert "--ds is missing, must be given with --create." in finished.run("test", "--create", "core.ever", code=2)
    assert "--create is missing, must be given with --ds." in finished.run("test", "--ds", "2026-03-05", code=2)
    assert "must be a day like" in finished.run("test", "--create", "core.ever", "--ds", "may", code=2)


def test_a_new_project_has_a_test_that_passes_and_a_schema_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["init", str(tmp_path / "new")]) == 0
    assert run_command(["-C", str(tmp_path / "new"), "test"]) == 0
    assert "passed  hours_begin_at_midnight demo.hours" in capsys.readouterr().out
    schema = json.loads((tmp_path / "new/.drawloom/tests.schema.json").read_text())
    assert set(schema["additionalProperties"]["properties"]) == {
        "description",
        "ds",
        "given",
        "expect",
        "params",
        "checks",
    }
    text = (tmp_path / "new/tests/hello.yml").read_text()
    (tmp_path / "new/tests/hello.yml").write_text(text.replace("hour: 23", "hour: 24"))
    assert run_command(["-C", str(tmp_path / "new"), "test"]) == 1
