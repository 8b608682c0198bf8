from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from drawloom.engines.lake import Lake
from drawloom.engines.lake.staging import DEAD_AFTER, LOCK, STAGING, StagingFolder
from drawloom.model import RunError

HOLD = """
import sys, time
from drawloom.engines.lake import Lake
area = Lake(sys.argv[1]).open_staging("run1")
area.file().write_bytes(b"half")
print(area.path, flush=True)
time.sleep(60)
"""


def staging(lake: Lake) -> Path:
    return lake.root / STAGING


def test_closing_removes_the_staging_folder(lake: Lake) -> None:
    area = lake.open_staging("r1")
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
    mine = lake.open_staging("r2")
    assert lake.sweep() == []
    assert path.is_dir()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert lake.sweep() == [path.name]
    assert not path.exists()
    assert mine.path.is_dir()
    mine.close()


def test_what_a_process_left_that_was_killed_before_it_had_its_lock_or_while_it_closed_is_swept(lake: Lake) -> None:
    bare, half = staging(lake) / "bare", staging(lake) / "half"
    bare.mkdir(parents=True)
    half.mkdir()
    (half / "part.parquet").touch()
    (staging(lake) / "a-file").touch()
    assert lake.sweep() == ["bare", "half"]
    assert [path.name for path in staging(lake).iterdir()] == ["a-file"]


@pytest.mark.parametrize(("module", "name"), [(os, "open"), (fcntl, "flock")], ids=["opened", "locked"])
def test_a_folder_that_is_swept_before_its_lock_is_had_is_made_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    swept: list[str] = []
    call = getattr(module, name)

    def sweep_first(*arguments: Any) -> Any:
        monkeypatch.undo()
        swept.extend(lake.sweep())
        return call(*arguments)

    monkeypatch.setattr(module, name, sweep_first)
    area = lake.open_staging("r1")
    assert len(swept) == 1
    assert area.path.name not in swept
    assert lake.sweep() == []
    assert list(staging(lake).iterdir()) == [area.path]
    area.close()


def test_no_sweep_takes_the_folder_of_a_living_process(lake: Lake) -> None:
    """Four threads make folders while four sweep; each opens the locks for itself, as a process does."""
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            lake.sweep()

    def make() -> list[bool]:
        there = []
        for _ in range(200):
            area = lake.open_staging("r1")
            area.file().touch()
            there.append(len(list(area.path.iterdir())) == 2)
            area.close()
        return there

    with ThreadPoolExecutor(8) as pool:
        sweeps = [pool.submit(sweep) for _ in range(4)]
        made = [pool.submit(make) for _ in range(4)]
        there = [one for future in made for one in future.result()]
        over.set()
        assert [future.result() for future in sweeps] == [None] * 4
    assert there == [True] * 800
    lake.sweep()
    assert list(staging(lake).iterdir()) == []


def test_a_folder_that_cannot_be_locked_is_left_alone(lake: Lake) -> None:
    (staging(lake) / "odd" / LOCK).mkdir(parents=True)
    (staging(lake) / "plain").mkdir()
    assert lake.sweep() == ["plain"]
    assert (staging(lake) / "odd").is_dir()


def test_a_staging_folder_that_may_not_be_listed_is_ignored(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    (staging(lake) / "plain").mkdir(parents=True)

    def refuse(path: Path) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert lake.sweep() == []


def test_sweeping_without_a_staging_folder_does_nothing(lake: Lake) -> None:
    assert lake.sweep() == []


def test_without_flock_age_decides(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drawloom.engines.lake.staging.fcntl", None)
    area = lake.open_staging("r1")
    assert lake.sweep() == []
    past = time.time() - DEAD_AFTER - 60
    os.utime(area.path, (past, past))
    assert lake.sweep() == [area.path.name]
    area.close()


def test_a_lake_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file")
    with pytest.raises(RunError, match=r"could not be written: Not a directory"):
        Lake(tmp_path / "lake").open_staging("r1")


def test_files_in_an_area_have_names_of_their_own(lake: Lake) -> None:
    area: StagingFolder = lake.open_staging("r1")
    assert len({area.file() for _ in range(100)}) == 100
    area.close()
