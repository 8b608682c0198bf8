"""The example of a third party's framework: built, installed, checked by its own test, and used from the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.unmeasured

COUNTS = {"visit": (2, 1), "signup": (1, 1), "ride": (1, 0)}


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, and beside it a folder into which its wheel was installed."""
    folder = tmp_path_factory.mktemp("funnel")
    source = shutil.copytree(root / "examples/funnel", folder / "source")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")  # all that installing a pure wheel into a folder is
    shutil.rmtree(source / "drawloom_funnel")
    return folder


@pytest.fixture(scope="module")
def filled(installed: Path) -> Path:
    """The project of the example after a run."""
    drawloom(installed, "run")
    return installed


def python(installed: Path, *arguments: str, code: int = 0) -> str:
    """What a process prints that has the wheel on its path."""
    env = os.environ | {"PYTHONPATH": str(installed / "site"), "COLUMNS": "200"}
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(
        command, cwd=installed / "source", env=env, stdout=-1, stderr=-2, text=True, check=False, timeout=300
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def drawloom(installed: Path, *arguments: str, code: int = 0) -> str:
    return python(installed, "drawloom", *arguments, code=code)


def test_it_is_short(root: Path) -> None:
    files = ("drawloom_funnel/__init__.py", "drawloom_funnel/funnel.sql", "test_funnel.py")
    assert sum(len((root / "examples/funnel" / file).read_text().splitlines()) for file in files) < 100


def test_it_passes_its_own_test(installed: Path) -> None:
    assert "1 passed" in python(installed, "pytest", "-q", "-p", "no:cacheprovider", "test_funnel.py")


def test_its_bad_input_has_lines(installed: Path) -> None:
    spec = installed / "source/specs/signup.yml"
    text = spec.read_text()
    try:
        spec.write_text(text.replace("event = 'signup'", "event = = 1"))
        printed = drawloom(installed, "check", code=2)
    finally:
        spec.write_text(text)
    assert "specs/signup.yml:11: error invalid" in printed
    assert "steps.signup == 'event = = 1', must be a condition over one row of raw.events: it is not SQL." in printed


def test_its_page_is_drawn_for_any_day(filled: Path) -> None:
    printed = drawloom(filled, "show", "signup", "--as_of", "2026-01-06")
    assert "50% got from visit to ride." in printed
    assert "got to the end 1" in printed
    assert "How far they got" in printed
    assert "--as-of 2026-01-06 the day (latest|a day)" in printed


def test_its_tables_are_a_family(filled: Path) -> None:
    page = json.loads(drawloom(filled, "show", "funnels.all", "--format", "json"))
    (member,) = page["blocks"][0]["rows"]
    assert member == {"member": "funnels.signup", "funnel": "signup", "last_day": "2026-01-07", "n_rows": 6}
    rows = json.loads(drawloom(filled, "query", "--format", "json", "SELECT * FROM funnels.all"))
    found = {(row["ds"], row["funnel"], row["step"]): row["entities"] for row in rows}
    assert found == {
        (ds, "signup", step): counts[n]
        for n, ds in enumerate(["2026-01-06", "2026-01-07"])
        for step, counts in COUNTS.items()
    }
