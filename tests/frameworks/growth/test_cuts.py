"""Cuts that a finer one holds are added up from it, and give what the reference counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.frameworks.growth.cuts import Cut, counted, finer
from tests.frameworks.growth.reference import Activity, Dimension, Spec
from tests.frameworks.growth.rides import CITY, built, ride

A, B, C, AB, BC, ABC = map(Cut, [("a",), ("b",), ("c",), ("a", "b"), ("b", "c"), ("a", "b", "c")])
TOTAL = Cut(())
RIDES = Activity("rides")
EVEN = Activity("even", "rider_id % 2 = 0", lambda row: row["rider_id"] % 2 == 0)


@pytest.mark.parametrize(
    ("cuts", "whole"),
    [
        ([TOTAL], [TOTAL]),
        ([TOTAL, A, B], [A, B]),
        ([TOTAL, A, C, AB], [C, AB]),
        ([TOTAL, BC, A, ABC, AB], [ABC]),
    ],
)
def test_what_is_counted(cuts: list[Cut], whole: list[Cut]) -> None:
    assert counted(cuts) == whole
    assert {finer(cut.keys, whole) for cut in cuts} <= set(whole)


def test_the_finer_cut_has_as_few_dimensions_as_it_can() -> None:
    assert finer(["b"], [ABC, AB, A]) == AB
    assert finer([], [ABC, C]) == C
    assert finer(["c"], [AB]) is None


@pytest.mark.parametrize("activities", [pytest.param((RIDES,), marks=pytest.mark.nightly), (RIDES, EVEN)])
def test_only_the_finest_cuts_are_kept(tmp_path: Path, activities: tuple[Activity, ...]) -> None:
    events = [ride(r, n, city="ab"[r % 2], product=f"p{r % 3}") for r in range(6) for n in range(0, 9, r + 1)]
    spec = Spec(
        activities=activities,
        dimensions=(CITY, Dimension("product", top=2)),
        cuts=(("city",), ("product",), ("city", "product")),
    )
    house = built(tmp_path, spec, events, 12)
    kept = {(row["city"] is None, row["product"] is None) for row in house.rows("_counts") if row["activity"]}
    assert kept == {(False, False)}
    assert {row["cut"] for row in house.rows()} == {"", "city", "product", "city,product"}
