"""Staging: folders beside the tables in which files are written before they are published.

Each process holds a lock on its own folder for as long as it lives. The operating system lets go of it when
the process ends, however it ends, so a folder that can be locked belongs to nobody and may be swept.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no flock: there a folder counts as dead when it is old
    fcntl = None  # type: ignore[assignment]

STAGING = ".staging"
LOCK = "lock"
OLD = 2 * 86400.0


@dataclass(slots=True)
class Area:
    """One process's folder in staging."""

    path: Path
    lock: int | None

    @classmethod
    def open(cls, staging: Path, run: str) -> Area:
        """Make a folder for a run and lock it."""
        path = staging / f"{run}-{os.getpid()}-{secrets.token_hex(4)}"
        path.mkdir(parents=True)
        return cls(path, _lock(path / LOCK))

    def file(self, suffix: str = ".parquet") -> Path:
        """A path in the folder that is not used yet."""
        return self.path / f"{secrets.token_hex(8)}{suffix}"

    def folder(self) -> Path:
        """A new folder in the folder."""
        path = self.file("")
        path.mkdir()
        return path

    def close(self) -> None:
        """Remove the folder with all that is in it, and let go of the lock."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None


def sweep(staging: Path) -> list[str]:
    """Remove the folders of dead processes; their names."""
    swept = []
    for path in sorted(staging.iterdir()) if staging.is_dir() else ():
        if path.is_dir() and _dead(path):
            shutil.rmtree(path, ignore_errors=True)
            swept.append(path.name)
    return swept


def sync_file(path: Path) -> None:
    """Have a file's bytes on disk."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Have a folder's entries on disk, where the system can do so."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lock(path: Path) -> int:
    fresh = path.with_suffix(".new")  # it gets its name when it is locked, so that nobody finds it unlocked
    handle = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o644)
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fresh.rename(path)
    return handle


def _dead(path: Path) -> bool:
    try:
        handle = os.open(path / LOCK, os.O_RDWR)
    except FileNotFoundError:  # just made and not locked yet, or left half swept
        return time.time() - path.stat().st_mtime > OLD
    try:
        if fcntl is None:
            return time.time() - path.stat().st_mtime > OLD
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
