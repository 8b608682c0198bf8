from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drawloom.engines.lake import Lake
from drawloom.engines.staging import LOCK, OLD, STAGING, Area
from drawloom.model import RunError

HOLD = """
import sys, time
from drawloom.engines.lake import Lake
area = Lake(sys.argv[1]).area("run1")
area.file().write_bytes(b"half")
print(area.path, flush=True)
time.sleep(60)
"""


def staging(lake: Lake) -> Path:
    return lake.root / STAGING


def test_an_area_is_gone_when_closed(lake: Lake) -> None:
    area = lake.area("r1")
    area.file().write_bytes(b"x")
    (area.folder() / "y").write_bytes(b"y")
    assert area.path.name.startswith("r1-")
    area.close()
    area.close()
    assert list(staging(lake).iterdir()) == []


def test_the_sweep_spares_the_living_and_takes_the_killed(lake: Lake) -> None:
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(lake.root)], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    path = Path(child.stdout.readline().strip())
    mine = lake.area("r2")
    assert lake.sweep() == []
    assert path.is_dir()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert lake.sweep() == [path.name]
    assert not path.exists()
    assert mine.path.is_dir()
    mine.close()


def test_a_folder_without_a_lock_is_swept_when_old(lake: Lake) -> None:
    young, old = staging(lake) / "young", staging(lake) / "old"
    young.mkdir(parents=True)
    old.mkdir()
    (old / "part.parquet").touch()
    past = time.time() - OLD - 60
    os.utime(old, (past, past))
    (staging(lake) / "a-file").touch()
    assert lake.sweep() == ["old"]
    assert young.is_dir()


def test_nothing_is_swept_where_there_is_no_staging(lake: Lake) -> None:
    assert lake.sweep() == []


def test_without_flock_age_decides(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drawloom.engines.staging.fcntl", None)
    area = lake.area("r1")
    assert (area.path / LOCK).exists()
    assert lake.sweep() == []
    past = time.time() - OLD - 60
    os.utime(area.path, (past, past))
    assert lake.sweep() == [area.path.name]
    area.close()


def test_a_lake_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file")
    with pytest.raises(RunError, match=r"could not be written: Not a directory"):
        Lake(tmp_path / "lake").area("r1")


def test_files_in_an_area_have_names_of_their_own(lake: Lake) -> None:
    area: Area = lake.area("r1")
    assert len({area.file() for _ in range(100)}) == 100
    area.close()
