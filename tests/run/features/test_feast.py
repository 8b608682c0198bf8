"""A repository of Feast is Python and Parquet with the midnight from which each row is valid; tests/integration runs Feast on it."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from drawloom.cli.main import run_command
from tests.run.features.online_project import DAYS, write_project


def test_rows_are_copied_with_the_midnight_from_which_they_are_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_project(tmp_path / "project", "{push: sqlite, path: a.db, table: t}")
    out = tmp_path / "feast"
    assert run_command(["features", "export-feast", str(out), "-C", str(root)]) == 0
    assert "exported activity: 7 rows of 2 days" in capsys.readouterr().out
    rows = pq.read_table(out / "data" / "activity" / f"{DAYS[1]}.parquet")
    valid = datetime.combine(DAYS[1] + timedelta(days=1), time(), UTC)
    assert rows["event_timestamp"].to_pylist() == [valid] * 4
    assert rows["fare_count_7d"].to_pylist() == [0, 1, 2, 3]
    module = (out / "features.py").read_text()
    assert ast.parse(module)
    assert "Field(name='fare_sum_7d', dtype=Float64, description='sum(fare) of raw.rides'" in module
    assert "ttl=timedelta(seconds=86400)" in module


def test_another_folder_is_not_written_over_and_days_that_are_gone_leave_an_export(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", "{push: sqlite, path: a.db, table: t}")
    out = tmp_path / "feast"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert run_command(["features", "export-feast", str(out), "-C", str(root)]) == 2
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    (out / "mine.txt").unlink()
    assert run_command(["features", "export-feast", str(out), "-C", str(root)]) == 0
    gone = out / "data" / "activity" / "2020-01-01.parquet"
    gone.write_bytes(b"")
    assert run_command(["features", "export-feast", str(out), "-C", str(root)]) == 0
    assert not gone.exists()
