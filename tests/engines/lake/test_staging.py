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
folder = Lake(sys.argv[1]).open_staging("run1")
folder.file().write_bytes(b"half")
print(folder.path, flush=True)
time.sleep(60)
"""


def staging(lake: Lake) -> Path:
    return lake.root / STAGING


def test_closing_removes_the_staging_folder(lake: Lake) -> None:
    staging_folder = lake.open_staging("r1")
    staging_folder.file().write_bytes(b"x")
    (staging_folder.folder() / "y").write_bytes(b"y")
    assert staging_folder.path.name.startswith("r1-")
    staging_folder.close()
    staging_folder.close()
    assert list(staging(lake).iterdir()) == []


def test_sweep_removes_folders_of_killed_processes_only(lake: Lake) -> None:
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


def test_folders_of_processes_killed_before_locking_or_while_closing_are_swept(lake: Lake) -> None:
    bare, half = staging(lake) / "bare", staging(lake) / "half"
    bare.mkdir(parents=True)
    half.mkdir()
    (half / "part.parquet").touch()
    (staging(lake) / "a-file").touch()
    assert lake.sweep() == ["bare", "half"]
    assert [path.name for path in staging(lake).iterdir()] == ["a-file"]


@pytest.mark.parametrize(("module", "name"), [(os, "open"), (fcntl, "flock")], ids=["opened", "locked"])
def test_a_folder_that_is_swept_before_it_is_locked_is_created_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    swept: list[str] = []
    call = getattr(module, name)

    def sweep_first(*arguments: Any) -> Any:
        monkeypatch.undo()
        swept.extend(lake.sweep())
        return call(*arguments)

    monkeypatch.setattr(module, name, sweep_first)
    staging_folder = lake.open_staging("r1")
    assert len(swept) == 1
    assert staging_folder.path.name not in swept
    assert lake.sweep() == []
    assert list(staging(lake).iterdir()) == [staging_folder.path]
    staging_folder.close()


@pytest.mark.unmeasured
def test_concurrent_sweeps_keep_the_folders_of_living_processes(lake: Lake) -> None:
    """Four threads create folders while four sweep; each opens the locks by itself, as a process does."""
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            lake.sweep()

    def make() -> list[bool]:
        there = []
        for _ in range(200):
            staging_folder = lake.open_staging("r1")
            staging_folder.file().touch()
            there.append(len(list(staging_folder.path.iterdir())) == 2)
            staging_folder.close()
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


def test_a_folder_that_cannot_be_locked_is_kept(lake: Lake) -> None:
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


def test_without_flock_old_folders_are_swept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drawloom.engines.lake.staging.fcntl", None)
    staging_folder = lake.open_staging("r1")
    assert lake.sweep() == []
    past = time.time() - DEAD_AFTER - 60
    os.utime(staging_folder.path, (past, past))
    assert lake.sweep() == [staging_folder.path.name]
    staging_folder.close()


def test_a_lake_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file")
    with pytest.raises(RunError, match=r"could not be written: Not a directory"):
        Lake(tmp_path / "lake").open_staging("r1")


def test_staging_files_have_unique_names(lake: Lake) -> None:
    staging_folder: StagingFolder = lake.open_staging("r1")
    assert len({staging_folder.file() for _ in range(100)}) == 100
    staging_folder.close()
