from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.frameworks.growth.growth_project import GrowthProject, day
from tests.frameworks.growth.identities import Tables, find_broken
from tests.frameworks.growth.random_growth import houses, specs
from tests.frameworks.growth.reference import Row, Spec
from tests.helpers import UNSHRUNK, examples

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.unmeasured


@contextmanager
def made(growth_project: dict[str, Any]) -> Iterator[GrowthProject]:
    with TemporaryDirectory() as folder:
        yield GrowthProject(Path(folder), **growth_project)


@given(houses(12) | houses(35))
@examples(quick=2, nightly=30, phases=UNSHRUNK)
def test_all_days_at_once_equal_the_reference(parts: dict[str, Any]) -> None:
    with made(parts) as growth_project:
        growth_project.run()
        assert growth_project.differences() == []
        names = [dimension.name for dimension in growth_project.spec.dimensions]
        assert find_broken(Tables(growth_project.rows(), growth_project.rows("_engagement"), names)) == []


@pytest.mark.nightly
@given(houses(8))
@examples(quick=2, nightly=8, phases=UNSHRUNK)
def test_day_by_day_equals_the_reference(parts: dict[str, Any]) -> None:
    with made(parts) as growth_project:
        growth_project.run_daily()
        assert growth_project.differences() == []


@pytest.mark.nightly
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
    with made(parts) as growth_project:
        growth_project.write_spec("by_dimension", spec)
        growth_project.run()
        cut = replace(growth_project, spec=spec, name="by_dimension")
        for suffix in ("", "_engagement", "_ratios"):
            assert totals(growth_project.rows(suffix), growth_project.spec) == totals(cut.rows(suffix), spec)
