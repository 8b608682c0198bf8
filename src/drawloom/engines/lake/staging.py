"""Staging folders, in which files are written before they are published.

Each process holds a lock on its own folder as long as it lives. The operating system releases the lock when the process
ends, however it ends, so a folder that can be locked belongs to a dead process and may be swept. The sweeping process
holds the lock meanwhile; a process whose new folder is swept before it could lock it creates another.
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
except ImportError:  # Windows has no flock: there a folder counts as abandoned when it is old
    fcntl = None  # type: ignore[assignment]

STAGING = ".staging"
LOCK = "lock"
DEAD_AFTER = 2 * 86400.0  # seconds, where there are no locks


@dataclass(slots=True)
class StagingFolder:
    """The staging folder of one process."""

    path: Path
    lock: int | None

    @classmethod
    def open(cls, staging: Path, run: str) -> StagingFolder:
        """Create a folder for a run and lock it."""
        while True:
            path = staging / f"{run}-{os.getpid()}-{secrets.token_hex(4)}"
            path.mkdir(parents=True)
            if fcntl is None:
                return cls(path, None)
            lock = _try_lock(path)
            if lock is not None:
                return cls(path, lock)

    def file(self, suffix: str = ".parquet") -> Path:
        """A new path in the folder."""
        return self.path / f"{secrets.token_hex(8)}{suffix}"

    def folder(self) -> Path:
        """A new folder in the folder, created."""
        path = self.file("")
        path.mkdir()
        return path

    def close(self) -> None:
        """Remove the folder with its contents, and release the lock."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None


def sweep(staging: Path) -> list[str]:
    """Remove the folders of dead processes, where this user may; returns their names."""
    swept: list[str] = []
    with suppress(OSError):
        for path in sorted(staging.iterdir()):
            with suppress(OSError):
                if path.is_dir() and _remove_if_dead(path):
                    swept.append(path.name)
    return swept


def sync_file(path: Path) -> None:
    """Flush a file to disk."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to disk, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_if_dead(folder: Path) -> bool:
    """Remove a folder if its process is dead; returns whether it was removed."""
    if fcntl is None:
        dead = time.time() - folder.stat().st_mtime > DEAD_AFTER
        if dead:
            shutil.rmtree(folder, ignore_errors=True)
        return dead
    lock = _try_lock(folder)
    if lock is None:
        return False
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
    return True


def _try_lock(folder: Path) -> int | None:
    """Lock a folder; None where another process has locked or swept it."""
    path = folder / LOCK
    with suppress(BlockingIOError, FileNotFoundError), ExitStack() as stack:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        stack.callback(os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), path.stat()):  # else the folder was swept and created again
            stack.pop_all()
            return handle
    return None
