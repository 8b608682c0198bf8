"""SIGTERM ends a run, of real processes, whatever it does and however it was started."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drawloom.cli.main import run_command

CONFIG = "name: stops\nstart: 2026-03-01\nend: 2026-03-03\ndefaults: {owner: stops@example.com}\n"
ENDLESS = "SELECT count(*) AS n FROM range(100000000000) AS a(x), range(1000) AS b(y) WHERE x % 7 = y"
STEP = """
import time
from pathlib import Path
from drawloom import AutoDag

def work(step):
    Path("begun").touch()
    {body}

endless = AutoDag(table="core.endless", owner="a@example.com", until={{"forever": "a test"}}, reads={{}}, call=work)
"""
SLEEPS, QUERIES = "time.sleep(3600)", f"return step.query({ENDLESS!r})"


@pytest.mark.parametrize(
    ("on_sigint", "body", "says"),
    [
        pytest.param(signal.SIG_IGN, QUERIES, "`drawloom run` continues", id="a query in the background of a script"),
        pytest.param(signal.SIG_DFL, SLEEPS, "cut off", id="a function that hears of nothing"),
    ],
)
def test_sigterm_ends_a_run_and_the_next_one_sweeps(
    tmp_path: Path, on_sigint: signal.Handlers, body: str, says: str
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "drawloom.yml").write_text(CONFIG)
    (tmp_path / "specs" / "endless.py").write_text(STEP.format(body=body))
    with subprocess.Popen(
        [sys.executable, "-m", "drawloom", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, on_sigint),
    ) as child:
        _wait_for(tmp_path / "begun", child)
        child.send_signal(signal.SIGTERM)
        try:
            printed, _ = child.communicate(timeout=60)
        finally:
            child.kill()
    assert child.returncode == 143, printed
    assert "stopped" in printed
    assert says in printed
    assert "Traceback" not in printed
    (tmp_path / "specs" / "endless.py").unlink()
    assert run_command(["-C", str(tmp_path), "run"]) == 0
    assert list((tmp_path / "lake" / ".staging").iterdir()) == []


def _wait_for(path: Path, child: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert child.poll() is None, child.communicate()[0]
        time.sleep(0.05)
