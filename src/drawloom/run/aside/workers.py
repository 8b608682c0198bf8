"""The processes that work aside: a few, which are kept, and replaced when they had to be killed."""

from __future__ import annotations

import atexit
import logging
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from drawloom.model import Fix, InputError, Problem, RunError, refuse
from drawloom.run.aside import frames

CHILD = "drawloom.run.aside.child"
LEAVING = 3.0  # seconds in which a process that is idle ends by itself
OPENING = 300.0  # seconds that opening a project may take: its specs are read, and their SQL is known mostly
log = logging.getLogger(__name__)


def too_heavy(what: str) -> InputError:
    """The error for a text that takes too much of something."""
    fix = "Read fewer rows or days, or divide it: nothing was changed."
    return refuse("too-heavy", f"This text takes {what}: it was stopped.", None, fix)


class Workers:
    """Does jobs in other processes, so many at a time at most. Safe for threads.

    Args:
        most: how many processes there are at most.
        patience: the seconds for which a job waits until one of them is free.
    """

    def __init__(self, most: int, patience: float) -> None:
        self._patience = patience
        self._free = threading.Semaphore(most)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        atexit.register(self.close)

    def do(self, job: str, root: Path, version: str, seconds: float, **given: Any) -> Any:
        """The result of a job.

        Args:
            job: its name, see ``jobs``.
            root: the folder of the project.
            version: another one when the files of the project have changed.
            seconds: how long it may take.
            given: what it needs.

        Raises:
            InputError: what the job refuses, or it takes too much time or memory (``too-heavy``).
            RunError: all processes are busy (``busy``), or none can be started.
        """
        if not self._free.acquire(timeout=self._patience):
            fix = Fix("Try again in a moment.")
            raise RunError(Problem("busy", "error", "Other texts are being read here: nothing was done.", fix=fix))
        try:
            worker = self._take()
            try:
                worker.ask("open", OPENING, root=str(root), version=version)
                return worker.ask(job, seconds, root=str(root), **given)
            finally:
                self._give_back(worker)
        finally:
            self._free.release()

    def close(self) -> None:
        """End the processes that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.leave()
        for worker in idle:
            worker.close()

    def _take(self) -> _Worker:
        with self._lock:
            return self._idle.pop() if self._idle else _Worker()

    def _give_back(self, worker: _Worker) -> None:
        """Keep a worker for the next job; in the place of one that was killed another one, which begins right now."""
        if worker.is_broken:
            worker.close()
            with suppress(RunError):
                worker = _Worker()
        with self._lock:
            self._idle.append(worker)


class _Worker:
    """One process."""

    def __init__(self) -> None:
        self.is_broken = False
        self._late = False
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            message = f"No process could be started to read this text: {error.strerror}."
            raise RunError(Problem("no-worker", "error", message)) from error

    def ask(self, job: str, seconds: float, **given: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        clock = threading.Timer(seconds, self._kill_late)
        clock.daemon = True
        clock.start()
        try:
            frames.write(self._process.stdin, (job, seconds, given))
            how, result = frames.read(self._process.stdout)
        except (OSError, EOFError) as error:
            self.is_broken = True
            raise too_heavy(f"more than {seconds:g} seconds" if self._late else "more memory than it may") from error
        except BaseException:
            self.is_broken = True  # an answer may still be on its way
            raise
        finally:
            clock.cancel()
        self.is_broken = self._late
        return _result(job, how, result)

    def close(self) -> None:
        """End it; one that is at work is killed."""
        if self.is_broken:
            self._process.kill()
        self.leave()
        try:
            self._process.wait(LEAVING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def leave(self) -> None:
        """Tell it that nothing more comes: then it ends."""
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()

    def _kill_late(self) -> None:
        self._late = True
        self._process.kill()


def _result(job: str, how: str, result: Any) -> Any:
    if how == "refused":
        raise result
    if how == "failed":
        log.error("%s failed in a process of its own:\n%s", job, result)
        raise RuntimeError(f"{job} failed: {str(result).strip().splitlines()[-1]}")
    return result
