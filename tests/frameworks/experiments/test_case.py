"""The laws of all frameworks on the raw case: the reference's rows, and the same bytes again, from nothing and in any split."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest

from drawloom.run.project import Project
from drawloom.testing.rows import Row, Rows
from tests.frameworks.experiments.raw_case import DAYS, case

pytestmark = pytest.mark.unmeasured


def contents(folder: Path) -> dict[str, dict[str, str]]:
    """Run what is to do in a project; the content hash of each partition."""
    with Project.load(folder) as project:
        assert project.run().exit_code == 0
        records = project.registry.records()
        return {table: {str(ds): one.content for ds, one in days.items()} for table, days in records.items()}


def test_experiments_and_their_metrics_keep_all_laws(tmp_path: Path) -> None:
    case().check(tmp_path)


@pytest.mark.nightly
def test_rows_in_another_order_and_late_ones_give_the_same_bytes(tmp_path: Path) -> None:
    """Floats add up to the same, and a run after rows came late leaves nothing of what was there before."""
    raw = case()
    raw.write_project(tmp_path / "whole", "duckdb")
    whole = contents(tmp_path / "whole")

    late = dataclasses.replace(raw, rows={name: _without_some(rows) for name, rows in raw.rows.items()})
    late.write_project(tmp_path / "late", "duckdb")
    early = contents(tmp_path / "late")
    assert {table for table, days in whole.items() if early[table] != days} == set(whole)

    shuffled = dataclasses.replace(raw, rows={name: _shuffled(rows) for name, rows in raw.rows.items()})
    shuffled.write_project(tmp_path / "shuffled", "duckdb")
    for file in (tmp_path / "shuffled" / "input").rglob("*.parquet"):
        (tmp_path / "late" / file.relative_to(tmp_path / "shuffled")).write_bytes(file.read_bytes())
    assert contents(tmp_path / "late") == whole


def _without_some(rows: Rows) -> list[Row]:
    return [row for number, row in enumerate(rows) if number % 3 or row["ds"] != DAYS[3]]


def _shuffled(rows: Rows) -> list[Row]:
    return random.Random(3).sample(rows, len(rows))
