from __future__ import annotations

import duckdb
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drawloom.engines.columns import is_widening, storable_type
from drawloom.model import Column, InputError, RunError, Table
from tests.engines.conftest import D1, Bench, day


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ("sum(x)", "BIGINT"),
        ("count(*)", "BIGINT"),
        ("max('a'::ENUM('a', 'b'))", "VARCHAR"),
        ("max(TIMESTAMP_S '2026-01-01 00:00:00')", "TIMESTAMP"),
        ("max([1, 2]::INTEGER[2])", "INTEGER[]"),
        ("max({'n': 1::HUGEINT, 'a b': [1::UHUGEINT]})", 'STRUCT("n" BIGINT, "a b" BIGINT[])'),
        ("MAP {'k': sum(x)}", "MAP(VARCHAR, BIGINT)"),
        ("max(uuid())", "UUID"),
        ("max('{}'::JSON)", "JSON"),
        ("max(1.5::DECIMAL(38, 4))", "DECIMAL(38,4)"),
        ("max('a'::BLOB)", "BLOB"),
        ("max(TIMESTAMPTZ '2026-01-01 00:00:00+02')", "TIMESTAMP WITH TIME ZONE"),
        ("max(TIMESTAMP_NS '2026-01-01 00:00:00')", "TIMESTAMP_NS"),
    ],
)
def test_types_with_an_exact_type_in_parquet_are_stored_in_it(bench: Bench, expression: str, type_: str) -> None:
    staged = bench.fill("core.t", D1, f"SELECT {expression} AS v FROM range(3) AS t(x)")
    assert staged.columns == (Column("v", type_),)
    with_types = bench.rows("SELECT typeof(v) FROM core.t")
    assert with_types[0][0].replace('"', "") == type_.replace('"', "")


@pytest.mark.parametrize(
    ("expression", "fix"),
    [
        ("INTERVAL 1 DAY", "epoch_us(v)"),
        ("'101'::BIT", "CAST(v AS VARCHAR)"),
        ("union_value(a := 1)", "one column per member"),
        ("1::BIGNUM", "CAST(v AS DECIMAL(38, 0))"),
        ("NULL", "CAST(v AS VARCHAR)"),
        ("[]", "CAST(v AS VARCHAR)"),
        ("TIME WITH TIME ZONE '10:00:00+02'", "CAST(v AS VARCHAR)"),
        ("{'a': 1}::VARIANT", "CAST(v AS JSON)"),
        ("row(1, 2)", "a STRUCT with names"),
        ("{'a': INTERVAL 1 DAY}", "epoch_us(v)"),
    ],
)
def test_types_that_parquet_would_change_are_refused_with_a_fix(bench: Bench, expression: str, fix: str) -> None:
    with pytest.raises(InputError) as caught:
        bench.fill("core.t", D1, f"SELECT {expression} AS v")
    assert "core.t.v has type" in str(caught.value)
    assert fix in str(caught.value)
    assert not bench.lake.scan("core.t")


def test_a_sum_that_does_not_fit_is_an_error(bench: Bench) -> None:
    with pytest.raises(RunError, match=r"out of range"):
        bench.fill("core.t", D1, "SELECT sum(x) AS v FROM (VALUES (9223372036854775807), (1)) AS t(x)")
    assert not bench.lake.scan("core.t")


def test_duplicate_names_are_refused_whatever_their_case(bench: Bench) -> None:
    with pytest.raises(InputError, match=r"a, ds: core\.t must not have two columns of one name"):
        bench.fill("core.t", D1, "SELECT 1 AS a, 2 AS A, DATE '2026-01-01' AS ds, 4 AS DS")


def test_a_table_has_a_column_besides_ds(bench: Bench) -> None:
    with pytest.raises(InputError, match=r"the SELECT for core\.t has no columns besides ds"):
        bench.fill("core.t", D1, "SELECT DATE '2026-01-01' AS ds")


def test_declared_columns_must_be_those_of_the_select(bench: Bench) -> None:
    table = Table("core.t", (Column("fare", "DOUBLE"), Column("city", "VARCHAR")))
    with pytest.raises(InputError) as caught:
        bench.fill(table, D1, "SELECT 1.5::DOUBLE AS fares, 'x' AS city")
    assert "fare is declared for core.t, but missing in the SELECT (the nearest is fares)." in str(caught.value)
    assert "fares is in the SELECT, but not declared for core.t (the nearest is fare)." in str(caught.value)


def test_values_are_cast_to_declared_types_where_that_is_exact(bench: Bench) -> None:
    table = Table("core.t", (Column("N", "INTEGER"), Column("d", "DECIMAL(12,2)"), Column("x", "VARCHAR")))
    staged = bench.fill(table, D1, "SELECT count(*) AS n, 1::DECIMAL(5, 1) AS d, NULL AS x")
    assert staged.columns == table.columns
    with pytest.raises(RunError, match=r"out of range"):
        bench.fill(table, D1, "SELECT 3000000000 AS n, 1::DECIMAL(5, 1) AS d, NULL AS x")
    with pytest.raises(InputError, match=r"core.t.n has type DOUBLE, must be INTEGER, as declared"):
        bench.fill(table, D1, "SELECT 1.5::DOUBLE AS n, 1::DECIMAL(5, 1) AS d, NULL AS x")


def test_a_changed_type_is_refused_with_both_types(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1::BIGINT AS n")
    known = bench.engine.columns("core.t")
    with pytest.raises(InputError) as caught:
        bench.fill("core.t", day(2), "SELECT 'one' AS n", known=known)
    assert "core.t.n has type VARCHAR, must be BIGINT" in str(caught.value)
    assert "CAST(n AS BIGINT)" in str(caught.value)


def test_a_narrower_type_is_stored_as_the_known_one_and_a_wider_one_refused(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1::BIGINT AS N")
    known = bench.engine.columns("core.t")
    assert bench.fill("core.t", day(2), "SELECT 1::INTEGER AS n", known=known).columns == (Column("N", "BIGINT"),)
    assert bench.fill("core.t", day(2), "SELECT sum(1) AS n", known=known).columns == (Column("N", "BIGINT"),)
    with pytest.raises(InputError, match=r"type DECIMAL"):
        bench.fill("core.t", day(2), "SELECT 1::DECIMAL(38, 0) AS n", known=known)
    bench.fill("core.s", D1, "SELECT 1::INTEGER AS n")
    with pytest.raises(InputError, match=r"has type BIGINT, must be INTEGER"):
        bench.fill("core.s", day(2), "SELECT 1::BIGINT AS n", known=bench.engine.columns("core.s"))


def test_structs_of_the_same_members_do_not_change(bench: Bench) -> None:
    sql = "SELECT {'a': sum(1), 'B c': 'x'} AS s"
    bench.fill("core.t", D1, sql)
    bench.fill("core.t", day(2), sql, known=bench.engine.columns("core.t"))
    assert len(bench.engine.days("core.t")) == 2


_TYPES = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE"]
_TYPES += ["DECIMAL(3,0)", "DECIMAL(10,2)", "DECIMAL(19,0)", "DECIMAL(20,0)", "DECIMAL(38,10)", "DATE", "VARCHAR"]


_NUMBERS = st.integers(-(2**63), 2**64) | st.integers(-300, 300) | st.sampled_from([2**24 + 1, 2**31 - 1, 2**32 - 1])


@given(st.sampled_from(_TYPES), st.sampled_from(_TYPES), _NUMBERS)
def test_a_wider_type_holds_every_value(type_: str, to: str, number: int) -> None:
    assume(is_widening(type_, to) and type_ not in ("DATE", "VARCHAR"))
    value = f"TRY_CAST({number} AS {type_})"
    same = duckdb.execute(f"SELECT CAST(CAST({value} AS {to}) AS {type_}) IS NOT DISTINCT FROM {value}").fetchall()
    assert same == [(True,)]


def test_widening_has_a_direction() -> None:
    assert is_widening("INTEGER[]", "BIGINT[]")
    assert is_widening("DATE", "TIMESTAMP")
    assert not is_widening("BIGINT", "DOUBLE")
    assert not is_widening("TIMESTAMP", "DATE")
    assert not is_widening("VARCHAR", "DECIMAL(3,0)")
    assert not is_widening("UBIGINT", "DECIMAL(19,0)")


def test_storable_keeps_the_text_of_plain_types() -> None:
    assert storable_type(duckdb.sqltypes.BIGINT) == "BIGINT"
