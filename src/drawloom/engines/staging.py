"""Staging: folders beside the tables in which files are written before they are published.

Each process holds a lock on its own folder for as long as it lives. The operating system lets go of it when
the process ends, however it ends, so a folder that can be locked belongs to nobody and may be swept. Whoever sweeps
it holds its lock meanwhile; a process whose folder is swept before it could lock it makes another.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import ExitStack, suppress
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
        while True:
            path = staging / f"{run}-{os.getpid()}-{secrets.token_hex(4)}"
            path.mkdir(parents=True)
            if fcntl is None:
                return cls(path, None)
            lock = _take(path)
            if lock is not None:
                return cls(path, lock)

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
    """Remove the folders of dead processes; their names. What this user may not remove stays."""
    swept: list[str] = []
    with suppress(OSError):
        for path in sorted(staging.iterdir()):
            with suppress(OSError):
                if path.is_dir() and _removed(path):
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


def _removed(folder: Path) -> bool:
    """Remove a folder if it is a dead process's."""
    if fcntl is None:
        dead = time.time() - folder.stat().st_mtime > OLD
        if dead:
            shutil.rmtree(folder, ignore_errors=True)
        return dead
    lock = _take(folder)
    if lock is None:
        return False
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
    return True


def _take(folder: Path) -> int | None:
    """Lock a folder; None where another process holds it or has swept it."""
    path = folder / LOCK
    with suppress(BlockingIOError, FileNotFoundError), ExitStack() as stack:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        stack.callback(os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), path.stat()):  # else this is the lock of a folder that was swept
            stack.pop_all()
            return handle
    return None
