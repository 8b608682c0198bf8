from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.frameworks.growth.house import House, day
from tests.frameworks.growth.identities import Tables, broken
from tests.frameworks.growth.random_growth import houses, specs
from tests.frameworks.growth.reference import Row, Spec
from tests.work import UNSHRUNK, examples

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def made(house: dict[str, Any]) -> Iterator[House]:
    with TemporaryDirectory() as folder:
        yield House(Path(folder), **house)


@given(houses(12) | houses(35))
@examples(quick=3, nightly=30, phases=UNSHRUNK)
def test_all_days_at_once_equal_the_reference(parts: dict[str, Any]) -> None:
    with made(parts) as house:
        house.run()
        assert house.differences() == []
        names = [dimension.name for dimension in house.spec.dimensions]
        assert broken(Tables(house.rows(), house.rows("_engagement"), names)) == []


@pytest.mark.nightly
@given(houses(8))
@examples(quick=2, nightly=8, phases=UNSHRUNK)
def test_day_by_day_equals_the_reference(parts: dict[str, Any]) -> None:
    with made(parts) as house:
        house.run_daily()
        assert house.differences() == []


@given(houses(13), st.sets(st.integers(0, 11), min_size=1, max_size=3))
@examples(quick=2, nightly=8, phases=UNSHRUNK)
def test_days_split_anywhere_are_the_same_days(parts: dict[str, Any], cuts: set[int]) -> None:
    with made(parts) as whole, made(parts) as split, made(parts) as daily:
        whole.run()
        split.run_up_to(*map(day, sorted(cuts)), split.last)
        daily.run_daily()
        assert split.hashes() == whole.hashes()
        assert daily.hashes() == whole.hashes()
        assert whole.state_hashes().items() <= daily.state_hashes().items()


def totals(rows: list[Row], spec: Spec) -> list[Row]:
    names = {dimension.name for dimension in spec.dimensions}
    found = [{key: value for key, value in row.items() if key not in names} for row in rows if row["cut"] == ""]
    return sorted(found, key=str)


@pytest.mark.nightly
@given(houses(15, dimensions=(), cuts=None), specs())
@examples(quick=2, nightly=10, phases=UNSHRUNK)
def test_dimensions_never_change_the_total(parts: dict[str, Any], other: Spec) -> None:
    dimensions = tuple(dimension for dimension in other.dimensions if not dimension.table)
    cuts = other.cuts if dimensions == other.dimensions else None
    spec = replace(parts["spec"], dimensions=dimensions, cuts=cuts)
    with made(parts) as house:
        house.write_spec("by_dimension", spec)
        house.run()
        cut = replace(house, spec=spec, name="by_dimension")
        for suffix in ("", "_engagement", "_ratios"):
            assert totals(house.rows(suffix), house.spec) == totals(cut.rows(suffix), spec)
