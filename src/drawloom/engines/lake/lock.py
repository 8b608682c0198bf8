"""Locks between processes: on files that the operating system unlocks when a process ends, however it ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POLL_SECONDS = 0.05


def open_lock(path: Path) -> int:
    """The handle of a lock's file, which is created where it does not exist; another user's can be read only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        return os.open(path, os.O_RDONLY)


@contextmanager
def hold(handle: int, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock, which one thread of one process can have; calls ``on_wait`` once where another one has it."""
    try:
        if not try_lock(handle):
            on_wait()
            while not try_lock(handle):
                time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(handle)  # which unlocks it; the file stays: whoever waits for it has it open


def wait_until_free(path: Path, seconds: float) -> bool:
    """Wait until nobody holds a lock, at most so long; whether that happened."""
    end = time.monotonic() + seconds
    with suppress(FileNotFoundError, PermissionError):
        handle = os.open(path, os.O_RDONLY)
        try:
            while not try_lock(handle, shared=True):
                if time.monotonic() > end:
                    return False
                time.sleep(POLL_SECONDS)
        finally:
            os.close(handle)
    return True


if sys.platform == "win32":
    import msvcrt

    def try_lock(handle: int, *, shared: bool = False) -> bool:  # noqa: ARG001 - Windows has no shared ones here
        """Lock an open file, and say whether that worked: it does not while it is locked through another handle."""
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(handle: int, *, shared: bool = False) -> bool:
        """Lock an open file, and say whether that worked: it does not while it is locked through another handle."""
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
