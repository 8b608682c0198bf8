"""The example of a third party's framework: built, installed, and run in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CODE = """
import json, duckdb
from datetime import date
from pathlib import Path
from drawloom.frameworks.base import Context, frameworks
from drawloom.frameworks.pipeline_json import pipeline_to_dict
from drawloom.specs.load import load_specs

found = frameworks()
(spec,) = load_specs(Path("specs"), {kind: framework.Spec for kind, framework in found.items()})
made = found[spec.kind].compile(spec, Context("rides", date(2026, 1, 1)))
sql = made.steps[0].sql.replace("{{ ds }}", "2026-01-02")
con = duckdb.connect()
con.execute('''CREATE SCHEMA raw; CREATE TABLE raw.events AS SELECT * FROM (VALUES
  (DATE '2026-01-02', 1, 1, 'visit', 0), (DATE '2026-01-02', 1, 2, 'signup', 0), (DATE '2026-01-02', 1, 3, 'ride', 5),
  (DATE '2026-01-02', 2, 1, 'signup', 0), (DATE '2026-01-02', 2, 2, 'visit', 0), (DATE '2026-01-02', 2, 3, 'ride', 5),
  (DATE '2026-01-02', 3, 1, 'visit', 0), (DATE '2026-01-02', 3, 2, 'signup', 0), (DATE '2026-01-02', 3, 3, 'ride', 0),
  (DATE '2026-01-01', 4, 1, 'visit', 0)) AS t(ds, user_id, ts, event, fare)''')
print(json.dumps({"kinds": sorted(found), "rows": sorted(con.execute(sql).fetchall()), "owner": made.owner}))
"""


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the example's wheel was installed."""
    folder = tmp_path_factory.mktemp("funnel")
    source = shutil.copytree(root / "examples/funnel", folder / "source")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")  # all that installing a pure wheel into a folder is
    return folder


def python(installed: Path, code: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(installed / "site")}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=installed / "source", env=env, capture_output=True, text=True, check=False
    )


def test_it_is_short(root: Path) -> None:
    assert len((root / "examples/funnel/drawloom_funnel.py").read_text().splitlines()) < 100


def test_it_runs(installed: Path) -> None:
    done = python(installed, CODE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "kinds": ["autodag", "funnel", "growth"],
        "rows": [[1, "visit", 3], [2, "signup", 2], [3, "ride", 1]],
        "owner": "growth@example.com",
    }


def test_its_bad_input_has_lines(installed: Path) -> None:
    spec = installed / "source/specs/signup.yml"
    text = spec.read_text()
    try:
        spec.write_text(text.replace("event = 'signup'", "event = = 1"))
        done = python(installed, CODE)
    finally:
        spec.write_text(text)
    assert "specs/signup.yml:11: steps.signup == 'event = = 1', must be a condition in SQL." in done.stderr
