"""What the page of features says about one of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from drawloom.frameworks.features import Features
from drawloom.frameworks.features.page import features_page
from drawloom.frameworks.page import DataTable
from drawloom.model import InputError
from tests.frameworks.features.test_spec import GOOD


def rows(missing: float, psi: float | None, days: int = 8) -> list[dict[str, Any]]:
    """A week in which nothing happens, and a last day."""
    first = date(2026, 1, 1)
    quiet = [{"ds": first + timedelta(days=n), "entities": 1000, "missing": 0.2, "psi": psi} for n in range(days - 1)]
    return [*quiet, {"ds": first + timedelta(days=days - 1), "entities": 1000, "missing": missing, "psi": psi}]


@pytest.mark.parametrize(
    ("given", "says", "tone"),
    [
        (rows(0.2, 0.01), "80.0% of 1,000 rider rows have it on 2026-01-08; it is as it was on 2026-01-01.", "good"),
        (rows(0.2, 0.15), "it has moved a little since 2026-01-01.", "neutral"),
        (rows(0.2, 0.3), "it has shifted since 2026-01-01.", "bad"),
        (rows(0.4, 0.01), "60.0% of 1,000 rider rows have it on 2026-01-08; it has shifted", "bad"),
        (rows(0.2, None), "too few days to say whether it moves.", "unknown"),
        (rows(0.2, 0.01, days=4), "too few days to say whether it moves.", "unknown"),
    ],
)
def test_the_verdict_says_how_much_there_is_and_whether_it_moves(given: list[Any], says: str, tone: str) -> None:
    verdict = features_page(Features(**GOOD), {"feature": "rides_count_7d"}).verdict
    assert verdict
    judgement = verdict.judge(given)
    assert says in judgement.text
    assert judgement.tone == tone


def test_numbers_have_a_distribution_and_values_are_counted() -> None:
    def blocks(feature: str) -> list[str]:
        return [block.name for block in features_page(Features(**GOOD), {"feature": feature}).blocks]

    assert blocks("fare_sum_7d") == ["mean", "distribution", "missing", "definition", "catalogue"]
    assert blocks("city_top_k_28d") == ["values", "missing", "definition", "catalogue"]


def test_the_page_says_how_to_use_a_feature() -> None:
    blocks = features_page(Features(**GOOD), {"feature": "kinds_count_7d__a_b"}).blocks
    definition = next(block for block in blocks if isinstance(block, DataTable) and block.name == "definition")
    assert "count(*) where kind = a b" in definition.query
    assert "--features riders.kinds_count_7d__a_b" in definition.query


def test_an_unknown_feature_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="rides_count_7d"):
        features_page(Features(**GOOD), {"feature": "ride_count_7d"})
