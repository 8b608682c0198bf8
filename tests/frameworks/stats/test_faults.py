"""Faults of the tools that came before, each of which statistics must not have; see docs/frameworks/stats.md."""

from __future__ import annotations

import math

import pytest

from drawloom.frameworks.stats.metrics import METRICS
from tests.frameworks.stats.measured import measure, values


def test_a_mean_is_not_cut_to_a_whole_number() -> None:
    found = values(measure("SELECT unnest([0, 1, 0, 1, 0]) AS n"), "n")
    assert found["mean"] == pytest.approx(0.4)
    assert found["stddev"] == pytest.approx(0.5477225575051661)


@pytest.mark.parametrize(
    "kind",
    [
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "UTINYINT",
        "UBIGINT",
        "FLOAT",
        "DOUBLE",
        "DECIMAL(9, 2)",
        "DECIMAL(38, 6)",
    ],
)
def test_every_kind_of_number_has_all_metrics_of_numbers(kind: str) -> None:
    found = values(measure(f"SELECT CAST(unnest([NULL, 1, 3, 8]) AS {kind}) AS n"), "n")
    assert (found["min"], found["max"], found["sum"], found["mean"]) == (1, 8, 12, 4)
    assert found["stddev"] == pytest.approx(3.605551275)
    assert (found["null_count"], found["distinct"], found["p50"]) == (1, 3, 3)


@pytest.mark.parametrize(
    ("kind", "low", "high", "metrics"),
    [
        ("DATE", "2026-01-01", "2026-01-03", {"min", "max", "distinct"}),
        ("TIMESTAMP", "2026-01-01 10:00:00", "2026-01-03 10:00:00.5", {"min", "max", "distinct"}),
        ("TIMESTAMPTZ", "2026-01-01 10:00:00+00", "2026-01-03 10:00:00+00", {"min", "max", "distinct"}),
        ("VARCHAR(10)", "a", "bcd", {"min", "max", "len_min", "len_max", "len_mean", "empty_count", "distinct", "top"}),
        ("BOOLEAN", "false", "true", {"true_count", "true_ratio", "top"}),
        ("BLOB", "a", "b", {"distinct"}),
        ("TIME", "10:00:00", "11:00:00", {"distinct"}),
        ("UUID", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002", {"distinct"}),
        ("INTEGER[]", "[1]", "[1, 2, 3]", {"size_min", "size_max", "size_mean"}),
        ("MAP(VARCHAR, INTEGER)", "{a=1}", "{a=1, b=2}", {"size_min", "size_max", "size_mean"}),
        ("STRUCT(x INTEGER)", "{'x': 1}", "{'x': 2}", set()),
    ],
)
def test_every_type_has_its_metrics(kind: str, low: str, high: str, metrics: set[str]) -> None:
    sql = f"SELECT CAST(v AS {kind}) AS c FROM (VALUES ($${low}$$), ($${high}$$), (NULL)) AS t(v)"
    found = values(measure(sql), "c")
    assert metrics | {"null_count", "null_ratio"} <= set(found)
    assert (found["null_count"], found["null_ratio"]) == (1, pytest.approx(1 / 3))


def test_fields_of_structs_are_columns() -> None:
    found = measure("SELECT {'zip': '10115', 'at': {'lat': 52.5}} AS address UNION ALL SELECT NULL")
    assert values(found, "address.zip")["max"] == "10115"
    assert values(found, "address.at.lat")["mean"] == 52.5
    assert values(found, "address.at.lat")["null_count"] == 1


def test_null_is_not_zero() -> None:
    assert values(measure("SELECT unnest([0, NULL, NULL, -1]) AS n"), "n")["zero_count"] == 1


def test_nan_and_infinities_are_counted_and_left_out() -> None:
    sql = "SELECT unnest([1.0, 'NaN'::DOUBLE, 'Infinity'::DOUBLE, '-Infinity'::DOUBLE, 3.0]) AS x"
    found = values(measure(sql), "x")
    assert (found["nan_count"], found["inf_count"], found["negative_count"]) == (1, 2, 1)
    assert (found["min"], found["max"], found["sum"], found["mean"]) == (1, 3, 4, 2)
    assert found["stddev"] == pytest.approx(math.sqrt(2))
    assert found["p99"] <= 3


def test_days_at_infinity_are_left_out() -> None:
    found = measure("SELECT unnest([DATE '2026-01-01', DATE 'infinity']) AS d")
    assert found["d", "max"].value_text == "2026-01-01"


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1 AS n, 'a' AS s, true AS b WHERE false", "SELECT NULL::INT AS n, NULL::VARCHAR AS s, NULL::BOOLEAN AS b"],
)
def test_what_is_not_defined_is_null_and_not_zero(sql: str) -> None:
    found = measure(sql)
    for metric in ("min", "max", "mean", "stddev", "p50", "sum"):
        assert found["n", metric].value is None
    for key in (("s", "max"), ("s", "len_mean"), ("s", "top"), ("b", "true_ratio")):
        assert found[key].value is None
        assert found[key].value_text is None
    assert (found["n", "zero_count"].value, found["n", "distinct"].value, found["b", "true_count"].value) == (0, 0, 0)
    assert found["", "row_count"].value == (0 if "WHERE" in sql else 1)
    assert found["n", "null_ratio"].value == (None if "WHERE" in sql else 1)


def test_decimals_of_38_digits_have_texts() -> None:
    most = "99999999999999999999999999999999.999999"
    found = measure(f"SELECT unnest([{most}::DECIMAL(38, 6), 0.000001::DECIMAL(38, 6)]) AS d")
    assert found["d", "max"].value_text == most
    assert found["d", "min"].value_text == "0.000001"
    assert found["d", "sum"].value == pytest.approx(1e32)


def test_sums_of_whole_numbers_are_exact() -> None:
    biggest = 2**63 - 1
    found = measure(f"SELECT unnest([{biggest}, {biggest}]) AS n", f"SELECT {biggest} AS n")
    assert found["n", "sum"].value_text == str(3 * biggest)
    assert found["n", "max"].value_text == str(biggest)


def test_names_may_be_anything() -> None:
    name = 'a "quoted" {x} {{ds}} _v; DROP TABLE t --'
    quoted = '"' + name.replace('"', '""') + '"'
    assert values(measure(f"SELECT unnest([1, 2]) AS {quoted}"), name)["sum"] == 3


def test_every_metric_is_found_somewhere() -> None:
    everything = "SELECT 1 AS n, 1.5 AS x, 2.5::FLOAT AS f, 'a' AS s, true AS b, [1] AS l"
    found = {metric for _, metric in measure(everything)}
    assert set(METRICS) - found == {"unique_ratio"}  # which only rules add
