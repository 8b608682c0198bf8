"""Column types in one spelling."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.specs.columns import _ALIASES, column_type
from drawloom.specs.validation import RuleError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("int", "INTEGER"),
        ("text[]", "VARCHAR[]"),
        ("varchar(10)", "VARCHAR"),
        ("decimal", "DECIMAL(18,3)"),
        ("numeric( 10 , 2 )", "DECIMAL(10,2)"),
        ("decimal(10)", "DECIMAL(10,0)"),
        ("timestamp  with time zone", "TIMESTAMP WITH TIME ZONE"),
        ("STRUCT(a INTEGER, b VARCHAR)", "STRUCT(a INTEGER, b VARCHAR)"),
        ("map(varchar, integer)[]", "map(varchar, integer)[]"),
    ],
)
def test_spelling(text: str, name: str) -> None:
    assert column_type(text) == name


@pytest.mark.parametrize("name", sorted(_ALIASES))
def test_duckdb_prints_them_like_this(name: str) -> None:
    if name != "JSON":  # an alias of VARCHAR that typeof does not show
        found = duckdb.connect().execute(f"SELECT typeof(CAST(NULL AS {name}))").fetchone()
        assert found == (column_type(name),)


@pytest.mark.parametrize("text", ["", "intt", "INT) ; DROP", "DECIMAL(50,2)", "DECIMAL(2,3)", "STRUCT(a INT) OR (1)"])
def test_refusals(text: str) -> None:
    with pytest.raises(RuleError, match="must"):
        column_type(text)


def test_the_nearest_type_is_suggested() -> None:
    with pytest.raises(RuleError) as caught:
        column_type("BIGNT")
    assert caught.value.fix == "Did you mean BIGINT?"


@pytest.mark.unmeasured
@given(st.text(max_size=30))
def test_what_passes_cannot_end_a_cast(text: str) -> None:
    try:
        made = column_type(text)
    except RuleError:
        return
    assert ";" not in made
    assert made.count("(") == made.count(")")
