"""What passes, what fails and with which differences, over the specs of a small project."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from drawloom.run.unit_tests.runner import exit_code
from tests.run.unit_tests.conftest import Run, states, told

ORDERS = """
paid:
  ds: 2026-01-02
  given:
    raw.orders:
      - {id: 1, customer: ana, amount: 3.5, status: paid}
      - {id: 2, customer: bo, amount: 4, status: refunded}
  expect:
    core.orders:
      - {id: 1, customer: ana, amount: %s, shipped: %s}
"""
STATE = """
state:
  ds: 2026-01-02
  given:
    core.spent:
      - {customer: ana, orders: 2, spent: 7}
      - {customer: cy, orders: 1, spent: 1}
    core.orders:
      - {customer: ana, amount: 3.5}
      - {customer: bo, amount: 4}
  expect:
    core.spent:
      - {customer: ana, orders: %s, spent: 10.50}
      - {customer: bo, orders: 1, spent: 4.00}
      - {customer: cy, orders: 1, spent: 1.00}
"""


def test_the_rows_that_come_out_pass_and_columns_left_out_are_null(run: Run) -> None:
    (passed,) = run(ORDERS % ("3.50", "null"))
    assert (passed.state, passed.tables, passed.differences) == ("passed", ("core.orders",), ())
    assert exit_code([passed]) == 0


@pytest.mark.parametrize(
    ("amount", "shipped", "columns"), [("3.51", "null", ["amount"]), ("3.50", "false", ["shipped"])]
)
def test_a_wrong_cell_fails(run: Run, amount: str, shipped: str, columns: list[str]) -> None:
    (failed,) = run(ORDERS % (amount, shipped))
    assert failed.state == "failed"
    (found,) = failed.differences
    assert found.diff
    assert (found.table, found.ds, found.diff.key) == ("core.orders", date(2026, 1, 2), ("id",))
    (change,) = found.diff.changed
    assert list(change.columns) == columns
    assert change.found["amount"] == Decimal("3.50")
    assert exit_code([failed]) == 1


def test_missing_and_unexpected_rows_fail(run: Run) -> None:
    text = ORDERS % ("3.50", "null")
    (more,) = run(text + "      - {id: 9, customer: cy}\n")
    assert more.differences[0].diff
    assert [row["id"] for row in more.differences[0].diff.missing] == [9]
    (less,) = run(text.replace("- {id: 1, customer: ana, amount: 3.50, shipped: null}", "[]"))
    assert less.differences[0].diff
    assert [row["id"] for row in less.differences[0].diff.unexpected] == [1]


def test_yesterdays_state_is_continued_and_a_wrong_one_fails(run: Run) -> None:
    right, wrong = run(STATE % 3)[0], run(STATE % 2)[0]
    assert (right.state, wrong.state) == ("passed", "failed")


def test_several_days_carry_the_state_from_day_to_day(run: Run) -> None:
    days = """
days:
  ds: 2026-01-01 .. 2026-01-03
  given:
    core.orders:
      2026-01-01: [{customer: ana, amount: 1}]
      2026-01-03: [{customer: ana, amount: 2}]
  expect:
    core.spent:
      2026-01-01: [{spent: 1}]
      2026-01-02: [{spent: 1}]
      2026-01-03: [{spent: 3}]
"""
    assert states(run(days)) == ["passed"]
    (failed,) = run(days.replace("[{spent: 3}]", "[{spent: 2}]"))
    assert [found.ds for found in failed.differences] == [date(2026, 1, 3)]
    (other,) = run(days.replace("[{spent: 3}]", "[{spent: 3, orders: 2}]"))
    assert [found.ds for found in other.differences] == [date(2026, 1, 1), date(2026, 1, 2)], "NULL is expected there"
    (empty,) = run(days.replace("      2026-01-02: [{spent: 1}]\n", ""))
    assert [found.ds for found in empty.differences] == [date(2026, 1, 2)]


def test_an_input_without_rows_is_empty(run: Run) -> None:
    text = "none:\n  ds: 2026-01-02\n  expect: {core.orders: [], core.spent: [], core.week: []}\n"
    assert states(run(text)) == ["passed"]


def test_steps_of_several_pipelines_feed_each_other_where_they_are_expected(run: Run) -> None:
    text = """
chain:
  ds: 2026-01-02
  given:
    raw.orders: [{id: 1, customer: ana, amount: 5, status: paid}]
  expect:
    core.spent: [{customer: ana, spent: 5}]
    core.orders: [{id: 1}]
"""
    assert states(run(text)) == ["passed"]


def test_the_first_run_is_the_one_without_a_past(run: Run) -> None:
    text = """
first:
  ds: 2026-01-02
  given: {core.orders: [{customer: ana}, {customer: bo}]}
  expect: {core.first: [{customer: ana, day: 2026-01-02}, {customer: bo, day: 2026-01-02}]}
later:
  ds: 2026-01-02
  given:
    core.orders: [{customer: ana}, {customer: bo}]
    core.first: [{customer: ana, day: 2026-01-01}]
  expect: {core.first: [{customer: ana, day: 2026-01-01}, {customer: bo, day: 2026-01-02}]}
"""
    assert states(run(text)) == ["passed", "passed"]


def test_other_parameters_and_tables_without_days(run: Run) -> None:
    text = """
paid:
  ds: 2026-01-02
  params: {skipped: paid}
  given: {raw.orders: [{id: 1, status: paid}, {id: 2, status: refunded}]}
  expect: {core.orders: [{id: 2}]}
join:
  ds: 2026-01-02
  given:
    raw.orders: [{customer: fr}, {customer: xx}]
    raw.countries: "code, country\\nfr, France\\n"
  expect: {core.countries: [{country: France}]}
"""
    assert states(run(text)) == ["passed", "passed"]


def test_a_python_step_runs(run: Run) -> None:
    text = """
doubled:
  ds: 2026-01-02
  given: {core.orders: [{amount: 1.25}, {amount: 2}]}
  expect: {core.doubled: [{twice: %s}]}
"""
    assert states(run(text % "6.50") + run(text % "6.51")) == ["passed", "failed"]


def test_a_data_check_fails_the_test_unless_it_is_left_out(run: Run) -> None:
    text = """
twice:
  ds: 2026-01-02%s
  given: {raw.orders: [{id: 1, status: paid}, {id: 1, status: paid}]}
  expect: {core.orders: [{id: 1}, {id: 1}]}
"""
    (failed,) = run(text % "")
    assert failed.state == "failed"
    assert "unique(id)" in told([failed])
    assert states(run(text % "\n  checks: false")) == ["passed"]


def test_rows_that_must_be_among_others_and_checks_in_sql(run: Run) -> None:
    text = """
some:
  ds: 2026-01-02
  given: {raw.orders: [{id: 1, amount: 1, status: a}, {id: 2, amount: 2, status: a}]}
  expect:
    core.orders:
      contains: [{id: %s}]
      check: ["SELECT * FROM core.orders WHERE ds <> DATE '{{ ds }}'", "SELECT id FROM core.orders WHERE amount > %s"]
"""
    assert states(run(text % (2, 2))) == ["passed"]
    (missing,) = run(text % (3, 2))
    assert missing.differences[0].diff
    assert len(missing.differences[0].diff.missing) == 1
    (found,) = run(text % (2, 1))
    assert found.differences[0].rows == ({"id": 2},)


def test_order_counts_where_it_is_asked_for(run: Run) -> None:
    text = """
sorted:
  ds: 2026-01-02
  given: {raw.orders: [{id: 2, amount: 2, status: a}, {id: 1, amount: 1, status: a}]}
  expect: {core.orders: {ordered: %s, rows: [{id: %s}, {id: %s}]}}
"""
    outcomes = run(text % ("true", 1, 2)) + run(text % ("true", 2, 1)) + run(text % ("false", 2, 1))
    assert states(outcomes) == ["passed", "failed", "passed"]
    assert outcomes[1].differences[0].diff
    assert len(outcomes[1].differences[0].diff.misplaced) == 2


ODD = """
odd:
  ds: 2026-01-02
  given:
    raw.odd:
      - day: 2026-01-31
        share: 0.1
        names: [a, null, "no"]
        place: {city: Lima}
        counts: {x: 1, y: null}
        extra: {k: [1, 2]}
        zoned: 2026-01-01 01:00:00+01:00
        clock: "10:30:00"
        key: 7d9f9f4e-0000-4000-8000-000000000000
        bytes: !!binary AP8=
        small: -128
  expect:
    core.odd:
      tolerance: 0.01
      rows:
      - day: 2026-01-31
        share: 0.1001
        names: [a, null, "no"]
        place: {lat: null, city: Lima}
        counts: {y: null, x: 1}
        extra: '{"k": [1,2]}'
        zoned: 2026-01-01 00:00:00
        clock: "10:30"
        key: 7D9F9F4E-0000-4000-8000-000000000000
        bytes: \\x00\\xFF
        small: -128
"""


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        ("", "", "passed"),
        ("tolerance: 0.01", "tolerance: 0", "failed"),
        ('lat: null, city: Lima', 'lat: 1.0, city: Lima', "failed"),
        ("counts: {y: null, x: 1}", "counts: {y: 0, x: 1}", "failed"),
        ("[1,2]}'", "[2,1]}'", "failed"),
        ("zoned: 2026-01-01 00:00:00", "zoned: 2026-01-01 01:00:00", "failed"),
        ('clock: "10:30"', 'clock: "10:31"', "failed"),
        ("\\x00\\xFF", "\\x01\\xFF", "failed"),
        ('      - day: 2026-01-31\n        share: 0.1001', '      - day: 2026-01-30\n        share: 0.1001', "failed"),
    ],
)  # fmt: skip
def test_values_of_all_kinds_are_exact_but_for_floats(run: Run, old: str, new: str, state: str) -> None:
    assert states(run(ODD.replace(old, new) if old else ODD)) == [state]


def test_csv_beside_the_test_and_inline(run: Run, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text('id,customer,status\n1,"a, ""b""",paid\n2,,paid\n3,"",paid\n')
    text = """
csv:
  ds: 2026-01-02
  given: {raw.orders: orders.csv}
  expect:
    core.orders: |
      id, customer
      1, "a, ""b\"""
      2,
      3, ""
"""
    assert states(run(text)) == ["passed"]
    assert states(run(text.replace('3, ""', "3,"))) == ["failed"]


def test_notes_say_which_columns_and_days_may_be_the_reason(run: Run) -> None:
    text = """
nothing:
  ds: 2026-01-02
  given:
    raw.orders:
      - {ds: 2026-01-02, id: 1}
      - {ds: 2025-01-02, id: 2}
  expect: {core.orders: [{id: 1}]}
"""
    (failed,) = run(text)
    assert failed.notes == (
        "The rows of raw.orders on 2025-01-02 are on days that are not read.",
        "raw.orders.status is NULL in every given row, and decides which rows core.orders has.",
    )


def test_weekly_tables_are_filled_on_their_days(run: Run) -> None:
    text = "weekly:\n  ds: 2026-01-04\n  given: {core.orders: {2025-12-29: [{id: 1}], 2026-01-04: [{id: 2}]}}\n"
    assert states(run(text + "  expect: {core.by_week: [{orders: 2}]}\n")) == ["passed"]
