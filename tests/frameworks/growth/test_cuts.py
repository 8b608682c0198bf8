"""Cuts that are sums over a finer cut equal those of the reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.frameworks.growth.cuts import Cut, find_finer_cut, finest_cuts
from tests.frameworks.growth.reference import Activity, Dimension, Spec
from tests.frameworks.growth.rides import CITY, build_project, ride

pytestmark = pytest.mark.unmeasured

A, B, C, AB, BC, ABC = map(Cut, [("a",), ("b",), ("c",), ("a", "b"), ("b", "c"), ("a", "b", "c")])
TOTAL = Cut(())
RIDES = Activity("rides")
EVEN = Activity("even", "rider_id % 2 = 0", lambda row: row["rider_id"] % 2 == 0)


@pytest.mark.parametrize(
    ("cuts", "finest"),
    [
        ([TOTAL], [TOTAL]),
        ([TOTAL, A, B], [A, B]),
        ([TOTAL, A, C, AB], [C, AB]),
        ([TOTAL, BC, A, ABC, AB], [ABC]),
    ],
)
def test_only_finest_cuts_are_counted(cuts: list[Cut], finest: list[Cut]) -> None:
    assert finest_cuts(cuts) == finest
    assert {find_finer_cut(cut.keys, finest) for cut in cuts} <= set(finest)


def test_the_finer_cut_has_as_few_dimensions_as_it_can() -> None:
    assert find_finer_cut(["b"], [ABC, AB, A]) == AB
    assert find_finer_cut([], [ABC, C]) == C
    assert find_finer_cut(["c"], [AB]) is None


@pytest.mark.parametrize("activities", [pytest.param((RIDES,), marks=pytest.mark.nightly), (RIDES, EVEN)])
def test_only_the_finest_cuts_are_kept(tmp_path: Path, activities: tuple[Activity, ...]) -> None:
    events = [ride(r, n, city="ab"[r % 2], product=f"p{r % 3}") for r in range(6) for n in range(0, 9, r + 1)]
    spec = Spec(
        activities=activities,
        dimensions=(CITY, Dimension("product", top=2)),
        cuts=(("city",), ("product",), ("city", "product")),
    )
    growth_project = build_project(tmp_path, spec, events, 12)
    kept = {(row["city"] is None, row["product"] is None) for row in growth_project.rows("_counts") if row["activity"]}
    assert kept == {(False, False)}
    assert {row["cut"] for row in growth_project.rows()} == {"", "city", "product", "city,product"}
