"""Columns that are added, dropped and widened from one day to the next."""

from __future__ import annotations

import pytest

from drawloom.model import Column, InputError, RunError
from tests.conformance.bench import D1, Bench, day
from tests.conformance.kinds import kinds

# Spark is nightly here: test_steps and test_queries try it quickly.
pytestmark = pytest.mark.parametrize("kind", kinds("spark"), indirect=True, scope="session")


def test_an_added_column_is_null_in_older_partitions(bench: Bench) -> None:
    bench.fill(D1, "SELECT 1 AS a, 'old' AS b")
    bench.fill(day(2), "SELECT 2 AS a, 'new' AS b, CAST(2.5 AS DOUBLE) AS c, [1, 2] AS d")
    bench.fill(day(3), "SELECT CAST(3.5 AS DOUBLE) AS c, 3 AS a")
    query = f"SELECT a, b, c, d FROM {bench.t} ORDER BY a"
    assert bench.rows(query) == [(1, "old", None, None), (2, "new", 2.5, [1, 2]), (3, None, 3.5, None)]
    types = {c.name: c.type for c in bench.engine.columns(bench.t)}
    assert types | {"a": "INTEGER", "b": "VARCHAR", "c": "DOUBLE"} == types
    assert bench.rows(f"SELECT c FROM {bench.t} WHERE ds = DATE '{D1}'") == [(None,)]
    bench.fill(D1, "SELECT 1 AS a, 'again' AS b, CAST(1.5 AS DOUBLE) AS c")
    assert bench.rows(f"SELECT a, b, c FROM {bench.t} WHERE ds <= DATE '{day(2)}' ORDER BY a") == [
        (1, "again", 1.5),
        (2, "new", 2.5),
    ]


def test_all_members_of_a_wide_struct_are_known(bench: Bench) -> None:
    values = ", ".join(f"CAST({n} AS BIGINT)" for n in range(40))
    members = ", ".join(f"m{n} BIGINT" for n in range(40))
    bench.fill(D1, f"SELECT CAST(row({values}) AS STRUCT({members})) AS wide")
    (column,) = bench.engine.columns(bench.t)
    assert column.type.count("BIGINT") == 40
    assert bench.rows(f"SELECT wide.m39 FROM {bench.t}") == [(39,)]


def test_a_declared_column_becomes_wider(bench: Bench) -> None:
    bench.fill(D1, "SELECT 1 AS a, CAST(1.25 AS DECIMAL(9, 2)) AS b, CAST(0.5 AS FLOAT) AS c")
    # Iceberg cannot change the scale of a DECIMAL.
    b = "DECIMAL(18,2)" if bench.kind == "trino-iceberg" else "DECIMAL(18,4)"
    declared = (Column("a", "BIGINT"), Column("b", b), Column("c", "DOUBLE"))
    sql = f"SELECT 5000000000 AS a, CAST(0.75 AS {b}) AS b, CAST(0.1 AS DOUBLE) AS c"
    if bench.kind == "trino-hive":  # its column types cannot be changed
        with pytest.raises(RunError, match=rf"{bench.t}.a has type INTEGER in the catalog, must be BIGINT"):
            bench.fill(day(2), sql, table=bench.table(columns=declared))
        assert bench.engine.days(bench.t) == [D1]
        return
    staged = bench.fill(day(2), sql, table=bench.table(columns=declared))
    assert staged.columns == declared
    assert bench.engine.columns(bench.t) == declared
    found = bench.engine.query(f"SELECT a, b, c FROM {bench.t} ORDER BY ds").to_pydict()
    assert {name: [float(value) for value in values] for name, values in found.items()} == {
        "a": [1, 5000000000], "b": [1.25, 0.75], "c": [0.5, 0.1],
    }  # fmt: skip
    bench.fill(
        D1,
        "SELECT 2 AS a, CAST(1.25 AS DECIMAL(9, 2)) AS b, CAST(0.5 AS FLOAT) AS c",
        table=bench.table(columns=declared),
    )
    assert bench.rows(f"SELECT a FROM {bench.t} ORDER BY ds") == [(2,), (5000000000,)]
    if bench.kind == "trino-iceberg":
        other = (Column("a", "BIGINT"), Column("b", "DECIMAL(20,4)"), Column("c", "DOUBLE"))
        with pytest.raises(RunError, match=r"b has type DECIMAL\(18,2\) in the catalog, must be DECIMAL\(20,4\)"):
            bench.fill(day(3), sql, table=bench.table(columns=other))


def test_a_narrower_type_is_stored_as_the_existing_wider_one(bench: Bench) -> None:
    bench.fill(D1, "SELECT CAST(1 AS BIGINT) AS a, CAST(1 AS DOUBLE) AS b")
    staged = bench.fill(day(2), "SELECT CAST(2 AS SMALLINT) AS A, CAST(2 AS FLOAT) AS b")
    assert [c.type for c in staged.columns] == ["BIGINT", "DOUBLE"]
    assert bench.rows(f"SELECT sum(a), sum(b) FROM {bench.t}") == [(3, 3.0)]


def test_a_type_that_does_not_fit_is_refused_before_anything_is_written(bench: Bench) -> None:
    bench.fill(D1, "SELECT 1 AS a")
    with pytest.raises(
        InputError, match=rf"{bench.t}.a has type VARCHAR, must be INTEGER, as in the existing partitions"
    ):
        bench.fill(day(2), "SELECT 'x' AS a")
    with pytest.raises(InputError, match=rf"b is in the SELECT, but not declared for {bench.t}"):
        bench.fill(day(2), "SELECT 1 AS a, 2 AS b", table=bench.table(columns=(Column("a", "INTEGER"),)))
    with pytest.raises(InputError, match=r"a: .* must not have two columns of one name"):
        bench.fill(day(2), "SELECT 1 AS a, 2 AS A", known=())
    with pytest.raises(InputError, match=r"has no columns besides ds"):
        bench.fill(day(2), "SELECT DATE '2026-01-02' AS ds", known=())
    assert bench.engine.days(bench.t) == [D1]


def test_a_column_of_only_null_needs_a_type(bench: Bench) -> None:
    with pytest.raises(InputError, match=r"has type \"?NULL\"?, must be a type that Parquet can store"):
        bench.fill(D1, "SELECT 1 AS a, NULL AS b")
    bench.fill(D1, "SELECT 1 AS a, 'x' AS b")
    bench.fill(day(2), "SELECT 2 AS a, NULL AS b")
    assert bench.rows(f"SELECT a, b FROM {bench.t} ORDER BY a") == [(1, "x"), (2, None)]
