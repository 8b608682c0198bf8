"""Constructs of DuckDB on real engines: each returns DuckDB's rows there, or is refused with what to write instead."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.translate.comparison import EngineComparison, batches

pytestmark = pytest.mark.integration

CONSTRUCTS: dict[str, str] = json.loads((Path(__file__).parent / "constructs.json").read_text(encoding="utf-8"))
# The constructs that both engines refuse, with a part of the fix; all others are equal.
REFUSED = {
    "topk_approx": "top_k",  # a sketch whose results differ from engine to engine
    "hash_fn": "bucket(x, salt, n)",  # each engine has another hash
    "list_filter": "lambda x: x > 1",  # DuckDB refuses the arrow itself
    "entropy": "Count the values",
}
# Those that are also refused where the columns and their types are not known.
REFUSED_UNKNOWN = {"spark": {"list_len", "list_sum"}, "trino": {"list_len", "list_sum", "exclude"}}
# A column of unknown type minus a number is translated as numbers; Trino itself refuses it for a date.
FAILS_UNKNOWN = {"trino": {"date_sub_int"}}


def test_list_of_constructs_is_complete() -> None:
    assert len(CONSTRUCTS) == 88
    assert set(REFUSED) < set(CONSTRUCTS)


@pytest.mark.parametrize("engine", ["spark", "trino"])
@pytest.mark.parametrize("names", batches([*CONSTRUCTS]), ids=lambda names: names[0])
def test_constructs(comparison: EngineComparison, names: Sequence[str], engine: str) -> None:
    states = dict(zip(names, comparison.compare_all([CONSTRUCTS[name] for name in names], engine), strict=True))
    refused = {name: state for name, state in states.items() if name in REFUSED}
    assert [state for name, state in refused.items() if not is_refused(state, REFUSED[name])] == []
    assert {name: state for name, state in states.items() if name not in REFUSED and state != "equal"} == {}


def is_refused(state: str, fix: str = "") -> bool:
    return state.startswith("refused: ") and fix in state


@pytest.mark.nightly
@pytest.mark.parametrize("engine", ["spark", "trino"])
@pytest.mark.parametrize("names", batches(sorted(set(CONSTRUCTS) - set(REFUSED))), ids=lambda names: names[0])
def test_constructs_over_columns_of_unknown_types(
    comparison: EngineComparison, names: Sequence[str], engine: str
) -> None:
    fails = FAILS_UNKNOWN.get(engine, set())
    tried = [name for name in names if name not in fails]
    states = dict(
        zip(tried, comparison.compare_all([CONSTRUCTS[name] for name in tried], engine, known=False), strict=True)
    )
    refused = {name for name, state in states.items() if is_refused(state)}
    assert refused == REFUSED_UNKNOWN[engine] & set(tried)
    assert {name: state for name, state in states.items() if name not in refused and state != "equal"} == {}
    for name in fails & set(names):
        with pytest.raises(Exception, match="Cannot apply operator: date - integer"):
            comparison.compare(CONSTRUCTS[name], engine, known=False)
