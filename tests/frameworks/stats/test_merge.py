"""States of parts of the rows, merged, say what a scan of all of them says, in whatever order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.frameworks.stats.merge import merge_states
from drawloom.frameworks.stats.metrics import METRICS
from drawloom.frameworks.stats.rules import Rule
from drawloom.frameworks.stats.scan import ScanPlan, Slice
from tests.frameworks.stats.measured import FULL, measure, measure_all, states_of, values
from tests.helpers import examples

ROWS = (
    "SELECT i AS n, i * 1.5 AS x, CAST(i AS DECIMAL(30, 3)) AS d, 'v' || i % 50 AS s, i % 3 = 0 AS b, "
    "DATE '2026-01-01' + CAST(i % 9 AS INTEGER) AS day, range(i % 4) AS l, CASE WHEN i % 5 > 0 THEN i END AS o "
    "FROM range({}, {}) AS t(i)"
)


def test_merged_is_direct() -> None:
    merged = measure(ROWS.format(0, 700), ROWS.format(700, 701), ROWS.format(701, 701), ROWS.format(701, 2000))
    direct = measure(ROWS.format(0, 2000))
    assert set(merged) == set(direct)
    for key, one in direct.items():
        if one.value is None:
            assert merged[key].value is None, key
            assert merged[key].value_text == one.value_text, key
            continue
        loose = key[1][:1] == "p" and key[1][1:].isdigit()
        assert merged[key].value == pytest.approx(one.value, rel=0.03 if loose else 1e-12), key
        assert merged[key].value_text == one.value_text, key
        assert merged[key].rows_seen == one.rows_seen


def test_the_order_of_days_does_not_matter() -> None:
    parts = [ROWS.format(n * 10, n * 10 + 10) for n in range(4)]
    assert [*map(_known, measure_all(parts))] == [*map(_known, measure_all(parts[::-1]))]


def _known(one: object) -> str:
    return str(one) if "p" not in getattr(one, "metric", "") else ""  # quantiles are within some per cent


@examples(6, 200)
@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=30), st.integers(0, 30))
def test_whole_numbers_are_exact(numbers: Sequence[int | None], cut: int) -> None:
    found = measure(_select(numbers[:cut]), _select(numbers[cut:]))
    known = [number for number in numbers if number is not None]
    for metric, expected in (
        ("min", min(known, default=None)),
        ("max", max(known, default=None)),
        ("sum", sum(known) if known else None),
    ):
        one = found["n", metric]
        exact = one.value if one.value_text is None else int(one.value_text)
        assert exact == expected
    assert found["n", "null_count"].value == len(numbers) - len(known)


def _select(numbers: Sequence[int | None]) -> str:
    listed = ", ".join("NULL" if number is None else f"'{number}'" for number in numbers)
    return f"SELECT CAST(v AS BIGINT) AS n FROM (SELECT unnest([{listed}]::VARCHAR[]) AS v)"


def test_sketches_of_other_types_or_versions_do_not_merge() -> None:
    changed = measure("SELECT 1 AS n", "SELECT 'a' AS n")
    assert {metric for name, metric in changed if name == "n"} >= {"null_count"}
    assert ("n", "distinct") not in changed
    with duckdb.connect() as connection:
        first = states_of(connection, "SELECT 1 AS n", FULL, date(2026, 1, 1))
        second = states_of(connection, "SELECT 2 AS n", FULL, date(2026, 1, 2))
    other = second.set_column(second.schema.get_field_index("version"), "version", pa.array(["old"] * second.num_rows))
    found = {
        one.metric for one in merge_states(pa.concat_tables([first, other])).statistics() if one.column_name == "n"
    }
    assert "distinct" not in found
    assert {"sum", "min", "null_count"} <= found


def test_exact_distinct_values_are_of_one_partition_only() -> None:
    plan = ScanPlan("cheap", (Rule(name="n", add=("unique_ratio",)),))
    assert measure("SELECT unnest([1, 1, 2, NULL]) AS n", plan=plan)["n", "unique_ratio"].value == pytest.approx(2 / 3)
    assert ("n", "unique_ratio") not in measure("SELECT 1 AS n", "SELECT 2 AS n", plan=plan)


def test_top_values_add_up() -> None:
    found = measure("SELECT unnest(['a', 'a', 'b']) AS s", "SELECT unnest(['b', 'b', NULL]) AS s")["s", "top"]
    assert json.loads(found.value_text or "") == [["b", 3], ["a", 2]]
    assert found.value == pytest.approx(3 / 5)


def test_slices_are_of_the_most_frequent_values() -> None:
    plan = ScanPlan("cheap", slices=(Slice("c", (("n", "sum"), ("n", "null_ratio")), 2),))
    rows = "SELECT unnest(['a', 'a', 'b', 'b', 'b', 'c', NULL]) AS c, unnest([1, 2, 3, NULL, 5, 6, 7]) AS n"
    found = {(one.slice_value, one.metric): one.value for one in measure_all([rows], plan) if one.slice == "c"}
    assert found == {
        ("a", "row_count"): 2, ("b", "row_count"): 3, ("(other)", "row_count"): 1, ("(null)", "row_count"): 1,
        ("a", "sum"): 3, ("b", "sum"): 8, ("(other)", "sum"): 6, ("(null)", "sum"): 7,
        ("a", "null_ratio"): 0, ("b", "null_ratio"): pytest.approx(1 / 3), ("(other)", "null_ratio"): 0, ("(null)", "null_ratio"): 0,
    }  # fmt: skip


def test_rules_add_drop_and_have_the_last_word() -> None:
    rules = (
        Rule(type="int", drop=("sum", "mean")),
        Rule(name="a*", add=("sum", "p50")),
        Rule(tag="pii", drop=("min", "max", "top")),
    )
    plan = ScanPlan("full", rules, {"email": ["pii"]})
    found = measure("SELECT 1 AS amount, 2 AS b, 'x@y.z' AS email", plan=plan)
    assert {"sum", "p50"} <= set(values(found, "amount"))
    assert not {"mean"} & set(values(found, "amount"))
    assert not {"sum", "mean"} & set(values(found, "b"))
    assert not {"min", "max", "top"} & set(values(found, "email"))


def test_what_is_dropped_is_not_kept_as_a_state() -> None:
    plan = ScanPlan("full", (Rule(tag="pii", drop=("min", "max", "top")),), {"email": ["pii"]})
    with duckdb.connect() as connection:
        states = states_of(connection, "SELECT 'someone@example.com' AS email", plan, date(2026, 1, 1))
    assert "someone" not in str(states.to_pylist())


def test_expressions_merge_where_they_can() -> None:
    rule = Rule(
        column="n",
        expressions={"high": "count(CASE WHEN n > 1 THEN 1 END)", "most": "max(n * 2)", "spread": "max(n) - min(n)"},
    )
    plan = ScanPlan("footer", (rule,))
    one = values(measure("SELECT unnest([1, 2, 3]) AS n", plan=plan), "n")
    assert (one["high"], one["most"], one["spread"]) == (2, 6, 2)
    both = values(measure("SELECT unnest([1, 2, 3]) AS n", "SELECT 9 AS n", plan=plan), "n")
    assert (both["high"], both["most"]) == (3, 18)
    assert "spread" not in both


def test_samples_are_the_same_each_time_and_close() -> None:
    rows = "SELECT i AS n, md5(CAST(i AS VARCHAR)) AS s FROM range(20000) AS t(i)"
    plan = ScanPlan("full", (Rule(name="n", sample=0.1),))
    found = measure(rows, plan=plan)["n", "p50"]
    assert found == measure(rows, plan=plan)["n", "p50"]
    assert found.value == pytest.approx(10_000, rel=0.1)
    assert found.sample_fraction == 0.1
    assert measure(rows, plan=plan)["n", "sum"].value == sum(range(20_000))  # of all rows
    limited = measure(rows, plan=ScanPlan("full", sample_above_rows=5000))["n", "p99"]
    assert limited.sample_fraction == 0.25


def test_tiers_hold_what_they_say() -> None:
    rows = "SELECT 1 AS n, 'a' AS s"
    found = {
        tier: {metric for _, metric in measure(rows, plan=ScanPlan(tier))}
        for tier in ("footer", "cheap", "standard", "full")
    }
    assert found["footer"] == {"row_count", "column_count", "null_count", "null_ratio"}
    assert found["footer"] < found["cheap"] < found["standard"] < found["full"]
    assert found["standard"] - found["cheap"] == {"distinct", "distinct_ratio"}
    assert found["full"] - found["standard"] == {"top", *(name for name in METRICS if name[1:].isdigit())}


def test_a_table_of_many_columns() -> None:
    columns = ", ".join(f"{n} AS c{n}" for n in range(300))
    found = measure(f"SELECT {columns}", plan=ScanPlan("cheap"))
    assert [found[f"c{n}", "sum"].value for n in range(300)] == [*range(300)]
