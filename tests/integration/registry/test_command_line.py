"""Projects whose registry is in PostgreSQL, through the command line in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from drawloom.demo.data import build_project
from drawloom.demo.walkthrough import WALKTHROUGH
from tests.docs.test_docs import ROOT, blocks, run_page
from tests.run.old_registry import database
from tests.servers.postgres import Server

pytestmark = pytest.mark.integration
PAGE = ROOT / "docs/how-to/registry.md"


def drawloom(folder: Path, url: str, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "drawloom", *arguments],
        cwd=folder,
        env=os.environ | {"REGISTRY_URL": url},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def states(folder: Path, url: str) -> Counter[str]:
    """How many partitions are in which state."""
    found: Any = json.loads(drawloom(folder, url, "status", "--format", "json"))
    return Counter(state for table in found["tables"].values() for state in table["days"].values())


@pytest.mark.nightly
def test_two_months_of_the_demo_of_flights(postgres_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "flights"
    build_project(folder)
    settings = (folder / "drawloom.yml").read_text().replace("start: 2013-01-01", "start: 2013-11-01")
    (folder / "drawloom.yml").write_text(settings + "\nregistry: ${REGISTRY_URL}\n")
    for step in WALKTHROUGH:
        if step.command[0] in {"land", "run"}:
            drawloom(folder, postgres_url, *step.command, code=step.exit_code)
    found = states(folder, postgres_url)
    assert found.pop("waiting") == 2, "the weather of the last day, and its month: the data has none"
    assert found.pop("expired") > 0
    assert set(found) == {"fresh"}
    again = json.loads(drawloom(folder, postgres_url, "run", "--format", "json", code=3))
    assert again["results"] == []
    assert not list(folder.rglob("*.db"))


@pytest.mark.nightly
def test_the_page_in_postgresql(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up, grant = [block.text for block in blocks(PAGE.read_text()) if block.language == "sql"]
    for statement in filter(str.strip, set_up.split(";")):
        postgres.run_sql(statement)
    url = f"postgresql://shop:secret@127.0.0.1:{postgres.port}/shop"
    monkeypatch.setenv("REGISTRY_URL", url)
    folder = tmp_path / "page"
    folder.mkdir()
    run_page(PAGE, folder, monkeypatch)
    assert not (folder / "elsewhere").exists()
    with database(url).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM drawloom_partitions").scalar() == 40
    postgres.run_sql("CREATE ROLE worker LOGIN")
    with database(url).begin() as connection:
        connection.exec_driver_sql(grant)
    assert states(folder, url.replace("shop:secret", "worker")) == {"fresh": 30}
