"""The boundary cases of windows, against expected features that a brute-force reference computed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from drawloom.run.project import Project
from tests.corpora import FEATURES, SHARED, needs

pytestmark = [needs(FEATURES), pytest.mark.unmeasured]
EDGE = (SHARED / FEATURES).parent
SPEC = """kind: features
name: edge
entity: {name: entity, key: entity_id}
source: {table: raw.events, time: ts, arrived: arrival_ts, tie_breaker: seq}
windows: [1d, 7d, 28d, ltd]
measures:
  events: {ops: [count]}
  val: {value: val, ops: [count, sum, avg, min, max, stddev, last, first]}
  cat: {value: cat, ops: [n_distinct]}
owner: a@example.com
until: "forever: a test"
"""
CONFIG = """name: edge
start: 2026-02-01
end: {end}
sources:
  raw.events: {files: "events/ds={ds}/*.parquet", gaps: true}
"""


def edge_project(folder: Path, end: str = "2026-03-31") -> Project:
    """A project with the events of the boundary cases."""
    (folder / "specs").mkdir(parents=True)
    (folder / "specs/edge.yml").write_text(SPEC, encoding="utf-8")
    (folder / "drawloom.yml").write_text(CONFIG.replace("{end}", end), encoding="utf-8")
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        rows = f"SELECT * EXCLUDE ds, CAST(ds AS DATE) AS ds FROM '{EDGE}/events.parquet'"
        db.execute(f"COPY ({rows}) TO '{folder}/events' (FORMAT parquet, PARTITION_BY (ds))")
    return Project.load(folder)


@pytest.mark.nightly  # test_boundaries.py and test_training.py are the quick ones
def test_every_day_has_the_expected_features(tmp_path: Path) -> None:
    with edge_project(tmp_path) as project:
        project.run()
        found = project.query("SELECT * FROM features.edge")
    with duckdb.connect() as db:
        db.register("found", found)
        db.execute(
            f"CREATE VIEW expected AS SELECT * REPLACE (CAST(ds AS DATE) AS ds) FROM '{EDGE}/expected_daily.parquet'"
        )
        last = "WHERE ds <= (SELECT max(ds) FROM found)"
        counts = db.execute(f"SELECT (SELECT count(*) FROM found), (SELECT count(*) FROM expected {last})").fetchone()
        assert counts
        assert counts[0] == counts[1]
        names = [name for name, *_ in db.execute("DESCRIBE expected").fetchall() if name not in {"ds", "entity_id"}]
        assert [name for name in names if differs(db, name, "ds, entity_id")] == []


def differs(db: duckdb.DuckDBPyConnection, name: str, keys: str) -> bool:
    """Whether a column differs from the expected one by more than nine digits anywhere."""
    near = f"abs(e.{name} - f.{name}) <= 1e-9 * greatest(abs(e.{name}), 1e-9)"
    different = f"NOT coalesce(e.{name} IS NOT DISTINCT FROM f.{name} OR {near}, false)"
    return bool(db.execute(f"SELECT 1 FROM expected AS e JOIN found AS f USING ({keys}) WHERE {different}").fetchall())
