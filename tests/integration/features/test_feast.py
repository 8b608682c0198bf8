"""A project is exported as a repository that the real Feast applies, and whose values are ours."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from drawloom.run.project import Project
from tests.run.features.online_project import DAYS, write_project
from tests.servers.engines import cache_folder

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

FEAST = "feast==0.67.*"
ASK = """
import json, sys
from datetime import datetime, timezone
import pandas as pd
from feast import FeatureStore

store = FeatureStore(repo_path=sys.argv[1])
asked = json.loads(sys.argv[2])
spine = pd.DataFrame({"rider": [one[0] for one in asked], "event_timestamp": pd.to_datetime([one[1] for one in asked], utc=True)})
spine["row"] = range(len(spine))
names = ["fare_count_7d", "fare_sum_7d", "fare_last_k_7d"]
found = store.get_historical_features(spine, ["activity:" + name for name in names]).to_df().sort_values("row")
rows = [[None if value is None or value is pd.NA or value != value else float(value) for value in found[name]] for name in names[:2]]
lists = [None if value is None or isinstance(value, float) else list(value) for value in found[names[2]]]
view = store.get_feature_view("activity")
print(json.dumps({"places": list(map(int, found["row"])), "rows": [*rows, lists], "ttl": view.ttl.total_seconds(), "owner": view.owner,
                  "types": {field.name: str(field.dtype) for field in view.features},
                  "descriptions": {field.name: field.description for field in view.features}}))
"""


@pytest.fixture(scope="module")
def feast() -> Path:
    """A Feast in an environment of its own: it is not installed beside what drawloom pins."""
    folder = cache_folder() / "feast-0.67"
    python = folder / "bin" / "python"
    if (
        subprocess.run([python, "-c", "import feast"], capture_output=True, check=False).returncode
        if python.exists()
        else 1
    ):
        subprocess.run(
            [sys.executable, "-m", "uv", "venv", "--clear", "--python", sys.executable, str(folder)], check=True
        )
        subprocess.run([sys.executable, "-m", "uv", "pip", "install", "--python", str(python), FEAST], check=True)
    return python


def test_feast_applies_an_export_and_has_our_values_as_of_any_moment(tmp_path: Path, feast: Path) -> None:
    root = write_project(tmp_path / "project", "{push: sqlite, path: a.db, table: t, ttl: 2d}")
    repository = tmp_path / "feast"
    for _ in range(2):
        assert run_command(["features", "export-feast", str(repository), "-C", str(root)]) == 0
    subprocess.run([feast.with_name("feast"), "-c", str(repository), "apply"], check=True, capture_output=True)
    old, new = (day + timedelta(days=1) for day in DAYS)  # the midnights from which they are valid
    asked = [("r1", f"{old} 00:00:00"), ("r2", f"{old} 23:59:59"), ("r3", f"{old} 12:00:00"), ("r3", f"{new} 00:00:00"), ("r2", f"{new} 05:00:00"), ("r1", f"{DAYS[0]} 23:59:59"), ("r1", f"{new + timedelta(days=3)} 00:00:00"), ("nobody", f"{new} 00:00:00")]  # fmt: skip
    done = subprocess.run([feast, "-c", ASK, repository, json.dumps(asked)], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    with Project.load(root) as project:
        ours = {(row["rider"], row["ds"]): row for row in project.query("SELECT * FROM features.activity").to_pylist()}
    valid = [("r1", DAYS[0]), ("r2", DAYS[0]), ("r3", DAYS[0]), ("r3", DAYS[1]), ("r2", DAYS[1])]
    expected = [ours.get(key, {}) for key in valid] + [{}, {}, {}]
    # Feast drops rows of an entity that has no features at the moment, and keeps those of one that it has never seen.
    assert told["places"] == [0, 1, 3, 4, 7]
    assert [place for place, row in enumerate(expected) if row] == told["places"][:-1]
    for name, column in zip(("fare_count_7d", "fare_sum_7d", "fare_last_k_7d"), told["rows"], strict=True):
        assert column == [expected[place].get(name) for place in told["places"]], name
    assert told["types"].pop("rider") == "String"
    assert told["types"] == {"fare_count_7d": "Int64", "fare_sum_7d": "Float64", "fare_last_k_7d": "Array(String)"}
    assert (told["ttl"], told["owner"]) == (2 * 86400, "ml@example.com")
    assert told["descriptions"]["fare_sum_7d"] == "sum(fare) of raw.rides"
