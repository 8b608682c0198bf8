"""Tests that are written from real data: few rows, only what is read, nothing personal, and they pass."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from drawloom.model import InputError
from drawloom.run.project import Project
from drawloom.run.unit_tests.create import create_test
from drawloom.run.unit_tests.load import Loaded, load_tests
from drawloom.run.unit_tests.runner import TestRunner
from drawloom.run.unit_tests.shrink import shrink
from drawloom.testing import FrameworkCase
from tests.run.unit_tests.conftest import states

DAYS = [date(2026, 1, n) for n in (5, 6, 7)]
ORDERS = [
    {"ds": ds, "id": 100 * ds.day + n, "customer": f"customer {n % 40}", "email": f"{n}@example.com", "amount": n / 4}
    for ds in DAYS
    for n in range(60)
]
DAILY = """kind: autodag
table: core.daily
until: "forever: a test"
checks:
  - unique: [customer]
  - rows: {min: 20}
sql: |
  SELECT customer, count(*) AS orders, sum(amount) AS amount, min(email) AS contact
  FROM raw.orders WHERE ds = DATE '{{ ds }}' GROUP BY customer
"""
EVER = """/* drawloom
table: core.ever
until: "forever: a test"
columns: {customer: VARCHAR, orders: BIGINT, last_contact: VARCHAR}
checks:
  - unique: [customer]
*/
SELECT customer, CAST(sum(orders) AS BIGINT) AS orders, max(contact) AS last_contact FROM (
  SELECT customer, orders, last_contact AS contact FROM core.ever WHERE ds = DATE '{{ ds }}' - INTERVAL '1' DAY
  UNION ALL
  SELECT customer, orders, contact FROM core.daily WHERE ds = DATE '{{ ds }}'
) AS known GROUP BY customer
"""
NONE = """/* drawloom
table: core.none
until: "forever: a test"
*/
SELECT customer FROM raw.orders WHERE ds = DATE '{{ ds }}' AND amount > 1000
"""
GROWTH = """kind: growth
name: buyers
source: raw.orders
entity: customer
activities: {bought: amount > 1}
until: "forever: a test"
"""


@pytest.fixture
def filled(project_folder: Path) -> Iterator[Path]:
    """The project, without tests of its own."""
    yield project_folder
    shutil.rmtree(project_folder / "tests", ignore_errors=True)


@pytest.fixture(scope="module")
def project_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose tables are filled."""
    folder = tmp_path_factory.mktemp("create") / "project"
    more = {"ever.sql": EVER, "none.sql": NONE, "growth.yml": GROWTH}
    FrameworkCase(DAILY, {"raw.orders": ORDERS}, more=more).write_project(folder, "duckdb")
    settings = (folder / "drawloom.yml").read_text()
    columns = "{id: BIGINT, customer: VARCHAR, email: {type: VARCHAR, tags: [pii]}, amount: DOUBLE}"
    place = "files: input/raw.orders/{ds}.parquet"
    assert place in settings
    (folder / "drawloom.yml").write_text(settings.replace(place, f"{place}\n    columns: {columns}"))
    with Project.load(folder) as project:
        assert project.run().exit_code == 0
    return folder


def run_tests(folder: Path) -> list[str]:
    tests, problems = load_tests(folder)
    assert problems == []
    with Project.load(folder) as project, TestRunner(project) as runner:
        return states(runner.run_all(tests))


def test_few_rows_are_chosen_personal_data_is_masked_and_the_test_passes(filled: Path) -> None:
    with Project.load(filled) as project:
        made = create_test(project, "core.daily", DAYS[1])
        again = create_test(project, "core.daily", DAYS[1])
    text = made.file.read_text()
    assert (made.name, again.name) == ("core_daily_2026_01_06", "core_daily_2026_01_06_2")
    assert made.rows == {"raw.orders": 3}
    assert made.masked == ("raw.orders.email",)
    assert "@example.com" not in text
    assert "contact: masked-" in text
    assert "made up: they are tagged pii" in text
    assert "id:" not in text, "it is not read"
    assert "checks: false" in text, "there must be 20 rows"
    assert run_tests(filled) == ["passed", "passed"]
    made.file.write_text(text.replace("orders: 1", "orders: 2"))
    assert run_tests(filled) == ["failed", "failed"]


def test_a_state_and_what_is_made_of_personal_data(filled: Path) -> None:
    with Project.load(filled) as project:
        made = create_test(project, "core.ever", DAYS[2])
    text = made.file.read_text()
    assert set(made.rows) <= {"core.ever", "core.daily"}
    assert sum(made.rows.values()) <= 4
    assert "@example.com" not in text
    assert "checks: false" not in text
    assert run_tests(filled) == ["passed"]


def test_the_first_day_has_no_past(filled: Path) -> None:
    with Project.load(filled) as project:
        made = create_test(project, "core.ever", DAYS[0])
    assert set(made.rows) == {"core.daily"}
    assert run_tests(filled) == ["passed"]


def test_a_step_of_a_framework(filled: Path) -> None:
    with Project.load(filled) as project:
        state = create_test(project, "growth.buyers_state", DAYS[2])
        numbers = create_test(project, "growth.buyers", DAYS[2])
    assert state.rows
    assert numbers.rows
    assert run_tests(filled) == ["passed", "passed"]


def test_what_has_no_rows_or_no_inputs_is_refused(filled: Path) -> None:
    with Project.load(filled) as project:
        with pytest.raises(InputError, match=r"core.none 2026-01-06 has no rows"):
            create_test(project, "core.none", DAYS[1])
        with pytest.raises(InputError, match=r"Did you mean core.daily"):
            create_test(project, "core.dayly", DAYS[1])
        with pytest.raises(InputError, match=r"must be from 2026-01-05 to 2026-01-07"):
            create_test(project, "core.daily", date(2026, 2, 1))
    assert not list((filled / "tests").glob("*.yml"))


def test_rows_that_do_not_matter_go() -> None:
    found = shrink({"a": list(range(40)), "b": ["x", "y"]}, lambda rows: {7, 31} <= set(rows["a"]))
    assert found == {"a": [7, 31], "b": []}
    assert shrink({"a": list(range(5))}, lambda rows: len(rows["a"]) == 5) == {"a": [0, 1, 2, 3, 4]}


def test_loaded_tests_know_where_they_are(filled: Path) -> None:
    with Project.load(filled) as project:
        create_test(project, "core.daily", DAYS[0])
    (test,) = load_tests(filled)[0]
    assert isinstance(test, Loaded)
    assert str(test.where) == "tests/core_daily.yml:4"
