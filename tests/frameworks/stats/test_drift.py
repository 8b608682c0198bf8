"""The population stability index of sketches, against one that is computed of all values."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import duckdb
import pytest

from drawloom.frameworks.stats.drift import LEAST, read_state, stability_index
from tests.frameworks.stats.measured import FULL, states_of


def state(sql: str, kind: str, rows: int) -> dict[str, Any]:
    """The state of the column ``v`` of a SELECT."""
    with duckdb.connect() as connection:
        found = states_of(connection, sql, FULL, date(2026, 1, 1)).to_pylist()
    read = read_state(next(row["state"] for row in found if row["kind"] == kind), rows)
    assert read is not None
    return read


def test_numbers_that_have_not_moved_have_none() -> None:
    same = "SELECT sin(i * {}) AS v FROM range(5000) AS t(i)"
    assert stability_index(
        state(same.format(1), "tdigest", 5000), state(same.format(7), "tdigest", 5000)
    ) == pytest.approx(0, abs=0.02)


def test_numbers_that_have_moved() -> None:
    before, now = "SELECT i AS v FROM range(1000) AS t(i)", "SELECT i + 500 AS v FROM range(1000) AS t(i)"
    found = stability_index(state(before, "tdigest", 1000), state(now, "tdigest", 1000))
    shares = [(0.1, 0.0)] * 5 + [(0.1, 0.1)] * 4 + [(0.1, 0.6)]
    exact = sum((b - a) * math.log(max(b, LEAST) / a) for a, b in shares)
    assert found == pytest.approx(exact, rel=0.1)


def test_texts_are_compared_by_value() -> None:
    before = "SELECT unnest(['a', 'a', 'a', 'b']) AS v"
    now = "SELECT unnest(['a', 'a', 'b', 'b']) AS v"
    found = stability_index(state(before, "topk", 4), state(now, "topk", 4))
    assert found == pytest.approx(-0.25 * math.log(0.5 / 0.75) + 0.25 * math.log(2))


def test_nothing_is_said_of_columns_of_other_kinds() -> None:
    assert stability_index(state("SELECT 1.5 AS v", "tdigest", 1), state("SELECT 'a' AS v", "topk", 1)) is None
    assert read_state(None, 3) is None
    assert read_state("{}", 0) is None
