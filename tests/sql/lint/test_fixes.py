"""Fixes: applied ones remove their finding, safe ones change no row, and a second pass changes nothing."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import Edit, Fix, Problem
from drawloom.sql.lint import apply_fixes, lint_script
from drawloom.sql.script_reader import read_script
from tests.helpers import examples
from tests.sql.lint.golden import Case, cases

pytestmark = pytest.mark.unmeasured


def problem(*edits: Edit, safe: bool = True) -> Problem:
    return Problem("x", "warn", "x", fix=Fix("x", edits, safe))


def test_edits_do_not_shift_each_other() -> None:
    assert apply_fixes("abcdef", [problem(Edit(0, 1, "XX")), problem(Edit(4, 6, ""))]) == "XXbcd"


def test_unsafe_fixes_need_unsafe() -> None:
    unsafe = problem(Edit(0, 1, "X"), safe=False)
    assert apply_fixes("abc", [unsafe]) == "abc"
    assert apply_fixes("abc", [unsafe], unsafe=True) == "Xbc"


def test_adjacent_edits_are_all_applied() -> None:
    assert apply_fixes("abc", [problem(Edit(0, 1, "X")), problem(Edit(1, 2, "Y")), problem(Edit(2, 2, "-"))]) == "XY-c"


def test_first_of_two_overlapping_fixes_wins() -> None:
    both = problem(Edit(0, 2, "X"), Edit(3, 4, "Y"))
    assert apply_fixes("abcde", [both, problem(Edit(1, 3, "Z"))]) == "XcYe"
    assert apply_fixes("abc", [problem(Edit(1, 1, "X")), problem(Edit(1, 1, "Y"))]) == "aXbc"


def test_problems_without_edits_change_nothing() -> None:
    assert apply_fixes("abc", [Problem("x", "warn", "x"), problem()]) == "abc"


@pytest.mark.parametrize("case", [case for case in cases() if case.places], ids=lambda case: case.name)
def test_fixed_text_has_no_such_finding(case: Case) -> None:
    fixable = [found for found in case.problems() if found.fix and found.fix.edits and found.fix.safe]
    fixed = apply_fixes(case.text, fixable)
    left = case.problems(fixed)
    assert len(left) == len(case.places) - len(fixable)
    assert apply_fixes(fixed, left) == fixed


DAYS = ["2018-01-01", "2018-01-31", "2018-02-28", "2018-12-31", "2019-01-01"]
FILTERS = [
    "substr(ds, 1, 7) = '2018-01'",
    "left(ds, 4) = '2018'",
    "ds LIKE '2018-12%'",
    "NOT substr(ds, 1, 10) = '2018-12-31'",
    "a > 1",
]
inner = st.builds(
    "SELECT {}a, b, ds FROM t{}{}".format,
    st.sampled_from(["", "DISTINCT "]),
    st.lists(st.sampled_from(FILTERS), max_size=2).map(lambda found: " WHERE " + " OR ".join(found) if found else ""),
    st.sampled_from(["", " ORDER BY b DESC NULLS LAST, a", "\nORDER BY lower(ds)"]),
)
texts = st.builds(
    "SELECT {}a, count(*) AS n FROM ({}) q{} GROUP BY a{}".format,
    st.sampled_from(["", "DISTINCT ", "DISTINCT\n  "]),
    inner | st.builds("{} UNION ALL SELECT a, b, ds FROM ({}) r".format, st.just("SELECT a, b, ds FROM t"), inner),
    st.sampled_from(["", " WHERE ds LIKE '2018-0%'", " WHERE left(ds, 7) = '2018-02' AND b IS NOT NULL"]),
    st.sampled_from(["", " ORDER BY a"]),
)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    found = duckdb.connect()
    found.execute("CREATE TABLE t (a INT, b INT, ds TEXT)")
    found.executemany("INSERT INTO t VALUES (?, ?, ?)", [(n % 3, n if n % 4 else None, DAYS[n % 5]) for n in range(30)])
    return found


@examples(quick=30, nightly=300)
@given(text=texts)
def test_safe_fixes_change_no_row_and_are_idempotent(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    fixed = apply_fixes(text, lint_script(read_script(text)))
    assert sorted(connection.execute(fixed).fetchall()) == sorted(connection.execute(text).fetchall())
    left = [found for found in lint_script(read_script(fixed)) if found.fix and found.fix.safe and found.fix.edits]
    assert left == []
    assert apply_fixes(fixed, lint_script(read_script(fixed))) == fixed
