from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.engines import quote
from drawloom.engines.landing.text import cast_sql, infer_columns, invalid_sql

CONNECTION = duckdb.connect()


def read(text: str, type_: str) -> object:
    """The value of a text, or "bad"."""
    literal = quote.value(text)
    flag = invalid_sql(literal, type_) or "false"
    ((is_bad, value),) = CONNECTION.execute(f"SELECT {flag}, {cast_sql(literal, type_)}").fetchall()
    return "bad" if is_bad else value


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("1.5", "INTEGER"),
        ("1e3", "BIGINT"),
        ("3000000000", "INTEGER"),
        ("-1", "UTINYINT"),
        ("", "INTEGER"),
        ("NA", "DOUBLE"),
        ("1.239", "DECIMAL(10,2)"),
        ("123456789.5", "DECIMAL(10,2)"),
        ("1e2", "DECIMAL(10,2)"),
        ("2026-01-01 05:00:00", "DATE"),
        ("2026-02-30", "DATE"),
        ("01/02/2026", "DATE"),
        ("maybe", "BOOLEAN"),
        ("{", "JSON"),
        ("1,5", "DOUBLE"),
    ],
)
def test_texts_that_are_not_exactly_a_value_are_invalid(text: str, type_: str) -> None:
    assert read(text, type_) == "bad"


@pytest.mark.parametrize(
    ("text", "type_", "shown"),
    [
        ("1.0", "INTEGER", "1"),
        (" 7 ", "INTEGER", "7"),
        ("+5.", "BIGINT", "5"),
        ("9223372036854775807", "BIGINT", "9223372036854775807"),
        ("1.500", "DECIMAL(10,2)", "1.50"),
        (".5", "DECIMAL(10,2)", "0.50"),
        ("1e-3", "DOUBLE", "0.001"),
        ("2026-01-01", "DATE", "2026-01-01"),
        ("2026-01-01 00:00:00", "DATE", "2026-01-01"),
        ("2026-01-01T10:00:00.123456", "TIMESTAMP", "2026-01-01 10:00:00.123456"),
        ("TRUE", "BOOLEAN", "True"),
        ("  x ", "VARCHAR", "  x "),
    ],
)
def test_valid_texts_are_read(text: str, type_: str, shown: str) -> None:
    assert str(read(text, type_)) == shown


def test_null_is_valid() -> None:
    assert CONNECTION.execute(f"SELECT {invalid_sql('NULL::VARCHAR', 'INTEGER')}").fetchall() == [(False,)]


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_whole_number_is_read_back(number: int) -> None:
    assert read(str(number), "BIGINT") == number


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-99999, max_value=99999))
def test_a_decimal_is_read_exactly_or_invalid(number: Decimal) -> None:
    exact = number == number.quantize(Decimal("0.01"))
    assert read(f"{number:f}", "DECIMAL(12,2)") == (number if exact else "bad")


@given(
    st.text(st.sampled_from("0123456789.-+eE: T/Z"), max_size=12), st.sampled_from(["BIGINT", "DECIMAL(9,3)", "DATE"])
)
def test_any_text_is_a_value_or_invalid(text: str, type_: str) -> None:
    value = read(text, type_)
    if value != "bad" and type_ != "DATE":
        assert Decimal(text.strip()) == value


@pytest.mark.parametrize(
    ("texts", "type_"),
    [
        (["1", "-2", None], "BIGINT"),
        (["1", "2.5", "1e3"], "DOUBLE"),
        (["00123", "1"], "VARCHAR"),
        (["9223372036854775808"], "DOUBLE"),
        (["true", "False"], "BOOLEAN"),
        (["2026-01-01", "2026-12-31"], "DATE"),
        (["2026-01-01", "2026-02-30"], "VARCHAR"),
        (["2026-01-01 10:00:00", "2026-01-01T10:00"], "TIMESTAMP"),
        (["2026-01-01 10:00:00+02", "2026-01-01T10:00:00Z"], "TIMESTAMP WITH TIME ZONE"),
        ([None, None], "VARCHAR"),
        ([], "VARCHAR"),
        (["1", "x"], "VARCHAR"),
        (["nan", "1.5"], "VARCHAR"),
        (["", "1"], "VARCHAR"),
        ([".", "-"], "VARCHAR"),
    ],
)
def test_the_type_of_a_column_is_inferred_from_all_values(texts: list[str | None], type_: str) -> None:
    rows = ", ".join(f"({'NULL' if text is None else quote.value(text)})" for text in texts) or "(NULL)"
    where = "" if texts else " WHERE false"
    relation = f"(SELECT CAST(a AS VARCHAR) AS a FROM (VALUES {rows}) AS t(a){where})"
    assert [column.type for column in infer_columns(CONNECTION, ["a"], relation)] == [type_]
