"""Constructs of DuckDB on real engines: each gives DuckDB's rows there, or is refused with the way out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.portable.same import Same

pytestmark = pytest.mark.engines

CONSTRUCTS: dict[str, str] = json.loads((Path(__file__).parent / "constructs.json").read_text(encoding="utf-8"))
# What is refused on both engines, and a word of the way out; everything else is equal.
REFUSED = {
    "topk_approx": "top_k",  # a sketch whose answers differ from engine to engine
    "hash_fn": "bucket(x, salt, n)",  # another hash in each engine
    "list_filter": "lambda x: x > 1",  # DuckDB refuses the arrow itself
    "entropy": "Count the values",
}
# What is refused on top of that where nothing is known of the columns.
REFUSED_UNKNOWN = {"spark": {"list_len", "list_sum"}, "trino": {"list_len", "list_sum", "exclude"}}
# A column less a number: numbers go on, and a day is refused by Trino itself.
FAILS_UNKNOWN = {"trino": {"date_sub_int"}}


def test_the_table_is_whole() -> None:
    assert len(CONSTRUCTS) == 88
    assert set(REFUSED) < set(CONSTRUCTS)


@pytest.mark.parametrize("engine", ["spark", "trino"])
@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_construct(same: Same, name: str, engine: str) -> None:
    state = same.state(CONSTRUCTS[name], engine)
    if name in REFUSED:
        assert state.startswith("refused: ")
        assert REFUSED[name] in state
    else:
        assert state == "equal"


@pytest.mark.parametrize("engine", ["spark", "trino"])
@pytest.mark.parametrize("name", sorted(set(CONSTRUCTS) - set(REFUSED)))
def test_a_construct_over_columns_of_unknown_types(same: Same, name: str, engine: str) -> None:
    sql = CONSTRUCTS[name]
    if name in REFUSED_UNKNOWN[engine]:
        assert same.state(sql, engine, known=False).startswith("refused: ")
    elif name in FAILS_UNKNOWN.get(engine, ()):
        with pytest.raises(Exception, match="Cannot apply operator: date - integer"):
            same.state(sql, engine, known=False)
    else:
        assert same.state(sql, engine, known=False) == "equal"
