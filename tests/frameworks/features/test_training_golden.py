"""Training sets of the boundary cases, through the command line, against what a brute-force reference expects."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from pyarrow import parquet

from drawloom.cli.main import run_command
from drawloom.run.features.manifest import Manifest
from tests.corpora import FEATURES, needs
from tests.frameworks.features.test_golden import EDGE, differs, edge_project

pytestmark = [needs(FEATURES), pytest.mark.unmeasured, pytest.mark.nightly]  # test_training.py is the quick one
VARIANTS = {
    "temporal": [],
    "temporal_known": ["--as-known"],
    "temporal_daytail": ["--tail", "day"],
    "snapshot": ["--accuracy", "snapshot"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("edge")
    with edge_project(place, end="2026-04-30") as project:
        last = place / "events/ds=2026-04-30"
        last.mkdir()
        events = parquet.read_table(EDGE / "events.parquet").drop_columns(["ds"])
        parquet.write_table(events.slice(0, 0), last / "none.parquet")  # the day is over, and nothing happened
        project.run()
    return place


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_column_is_as_expected(variant: str, folder: Path, tmp_path: Path) -> None:
    spine = str(EDGE / "spine.parquet")
    command = ["features", "training-set", "--spine", spine, "--features", "edge.*", "-o", str(tmp_path / "out")]
    assert run_command(["-C", str(folder), *command, *VARIANTS[variant]]) == 0
    found = parquet.read_table(tmp_path / "out/training_set.parquet")
    given = parquet.read_table(spine)
    assert found.select(given.column_names).equals(given)  # its rows, in their order, with their duplicates
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.register("found", found)
        db.execute(f"CREATE VIEW expected AS SELECT * FROM '{EDGE}/expected_{variant}.parquet'")
        names = [name for name, *_ in db.execute("DESCRIBE expected").fetchall() if name not in given.column_names]
        assert sorted(names) == sorted(set(found.column_names) - set(given.column_names))
        assert [name for name in names if differs(db, name, "row_id")] == []
    manifest = Manifest.read(tmp_path / "out")
    assert len(manifest.features) == len(names)
    assert manifest.rows == given.num_rows
