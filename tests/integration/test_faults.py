"""Killed runs, runs side by side, registries that vanish: the lake comes out as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.sample_project import CONFIG, DAILY, SampleProject

pytestmark = pytest.mark.integration


def start(project: SampleProject, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "drawloom", "-C", str(project.folder), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)


def clean_hashes(project: SampleProject) -> dict[tuple[str, str], str]:
    """What an undisturbed run gives; the lake is emptied of it again."""
    project.run("run")
    hashes = project.hashes()
    empty_lake(project)
    return hashes


def empty_lake(project: SampleProject) -> None:
    import shutil

    shutil.rmtree(project.folder / "lake/core", ignore_errors=True)


def undisturbed(project: SampleProject) -> float:
    """How many seconds a whole run takes in a process of its own; the lake is emptied of it again."""
    began = time.monotonic()
    start(project, "run", "--jobs", "2").communicate()
    took = time.monotonic() - began
    empty_lake(project)
    return took


@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=pytest.mark.nightly)])
def test_killed_runs_lose_nothing_and_the_next_one_goes_on(project: SampleProject, kills: int) -> None:
    want = clean_hashes(project)
    took = undisturbed(project)
    rng = random.Random(7)
    killed = 0
    for _ in range(kills):
        process = start(project, "run", "--jobs", "2")
        time.sleep(rng.uniform(0.4, 1.1) * took)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.communicate()
        for path in (project.folder / "lake/core").rglob("*.parquet"):
            assert path.name == "part-0.parquet"
        if process.returncode == 0 or rng.random() < 0.3:
            empty_lake(project)
    assert killed
    project.run("run")
    assert project.hashes() == want
    assert [p for p in (project.folder / "lake/.staging").iterdir() if p.is_dir()] == []
    assert project.json("plan")["counts"] == {"fresh": 30}


def test_two_runs_at_once_leave_whole_partitions(project: SampleProject) -> None:
    want = clean_hashes(project)
    runs = [start(project, "run", "--jobs", "2") for _ in range(3)]
    outputs = [(run.communicate(timeout=120)[0], run.returncode) for run in runs]
    assert [code for _, code in outputs] == [0, 0, 0], outputs
    project.run("run")
    assert project.hashes() == want
    assert project.json("plan")["counts"] == {"fresh": 30}


def test_ctrl_c_stops_cleanly_and_says_so(project: SampleProject) -> None:
    busy = "AND (SELECT count(*) FROM range(300000000) AS t(x) WHERE x % 7 = 3) > 0 GROUP BY product"
    slow = DAILY.replace("GROUP BY product", busy)
    project.write("specs/daily.sql", slow)
    process = start(project, "run", "--jobs", "1")
    deadline = time.monotonic() + 60
    while not list((project.folder / "lake").glob("core/daily/*/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert b"stopped" in output
    project.write("specs/daily.sql", DAILY)
    project.run("run")
    assert project.json("plan")["counts"] == {"fresh": 30}


def test_a_corrupt_partition_is_named_and_mended_by_a_run(project: SampleProject) -> None:
    project.run("run")
    path = project.folder / "lake/core/daily/ds=2026-03-04/part-0.parquet"
    path.write_bytes(b"PAR1 this is no parquet PAR1")
    assert [c["ds"] for c in project.json("plan", "core.daily")["cells"] if c["run"]] == ["2026-03-04"]
    project.run("run")
    assert project.json("plan")["counts"] == {"fresh": 30}


def test_a_corrupt_raw_partition_is_named(project: SampleProject) -> None:
    path = project.folder / "lake/raw/orders/ds=2026-03-04/part-0.parquet"
    path.write_bytes(path.read_bytes()[:100])
    assert "waiting for raw.orders 2026-03-04 (its file cannot be read)" in project.run("run", code=3)
    project.run("land", "raw.orders", "landing/orders.csv", "--ds", "day", "--replace")
    project.run("run")
    assert project.json("plan")["counts"] == {"fresh": 30}


def test_a_registry_that_is_no_database_is_one_clear_error(project: SampleProject) -> None:
    for path in (project.folder / "lake").glob("registry.db*"):
        path.unlink()
    (project.folder / "lake/registry.db").write_text("gone " * 1000)
    out = project.run("run", code=1)
    assert "The registry sqlite" in out
    assert "Traceback" not in out


# tests/sql/test_parse.py reads such texts too, without a process for each; these are the largest ones.
@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("SELECT " + " + ".join(["1"] * 250_000) + " AS n", id="a sum of 1 MB", marks=pytest.mark.nightly),
        pytest.param(
            "SELECT 1 AS n WHERE 1 IN (" + ", ".join(map(str, range(10_000))) + ")",
            id="a long IN list",
            marks=pytest.mark.nightly,
        ),
        pytest.param("SELECT " + "(" * 1_000 + "1" + ")" * 1_000 + " AS n", id="deep parentheses"),
        pytest.param("SELECT 1 AS n -- " + "x" * 1_000_000, id="a long comment"),
        pytest.param("SELECT '" + "é漢字" * 1_000 + '\' AS "ключ"', id="unicode"),
        pytest.param("SELECT 1 AS n" + " UNION ALL SELECT 1" * 3_000, id="many unions", marks=pytest.mark.nightly),
        pytest.param(
            "SELECT CASE " + " ".join(f"WHEN 1 = {n} THEN {n}" for n in range(5_000)) + " END AS n",
            id="a long case",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_monstrous_sql_is_answered(project: SampleProject, sql: str) -> None:
    project.write("specs/big.sql", "/* drawloom\ntable: core.big\nuntil: 'forever: a test'\n*/\n" + sql)
    command = [sys.executable, "-m", "drawloom", "-C", str(project.folder), "check", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in {0, 2}, done.stderr[-2000:]
    assert "Traceback" not in done.stderr


def test_unicode_names_go_through_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = SampleProject(tmp_path, capsys)
    project.write("drawloom.yml", CONFIG.replace("name: shop", "name: café").replace("2026-03-10", "2026-03-02"))
    project.write("landing/données.csv", "день,größe\n2026-03-01,1\n2026-03-02,2\n")
    project.run("land", "roh.größen", str(tmp_path / "landing/données.csv"), "--ds", "день")
    project.write(
        "specs/größe.sql",
        "/* drawloom\ntable: kern.größe\nuntil: 'forever: ein Test'\n*/\n"
        'SELECT sum("größe")::BIGINT AS "Größe \'n" FROM roh.größen WHERE ds = \'{{ ds }}\'',
    )
    project.run("run")
    assert project.query("SELECT * FROM kern.größe ORDER BY ds")[1] == {"Größe 'n": 2, "ds": "2026-03-02"}
