"""All runs of one project that were started in the background: starting, finding, following, and sweeping them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drawloom.engines.lake.lock import hold, open_lock
from drawloom.model import refuse
from drawloom.run.background.folder import RUNS, RunFolder, RunState, is_id
from drawloom.run.background.progress import Progress
from drawloom.run.background.request import RunRequest
from drawloom.run.past_runs import GAP, Window
from drawloom.run.plan import Plan

KEPT = 200  # runs whose folders are not swept
REMEMBERED = 64  # runs whose progress is kept in memory
WORKER = "drawloom.web.worker"


class Runs:
    """The runs in the background of one project. Safe for threads, and for several processes that look at one project."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._progress: OrderedDict[str, Progress] = OrderedDict()
        self._ended: dict[str, tuple[RunFolder, RunState]] = {}

    def start(self, request: RunRequest, plan: Plan, user: str) -> RunFolder:
        """Begin a run in a process of its own, which goes on whatever becomes of this one.

        Raises:
            InputError: another one writes a pipeline of this plan right now.
        """
        folder = self._root / RUNS
        with hold(open_lock(folder / "lock"), lambda: None):  # of two that start at once, the second sees the first
            self._refuse_busy({partition.pipeline.name for partition in plan.todo})
            made = RunFolder.create(self._root)
            lock = made.lock()
            try:
                made.note_request(request, user, plan)
                _launch(made, lock)
            finally:
                os.close(lock)
        self.sweep()
        return made

    def find(self, id: str) -> RunFolder | None:  # noqa: A002
        """The run of this id; None where there is none, or somebody has damaged its folder."""
        folder = RunFolder(self._root / RUNS / id)
        if not is_id(id):
            return None
        try:
            complete = _is_whole(folder)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return folder if complete else None

    def all(self) -> list[tuple[RunFolder, RunState]]:
        """All runs and what became of them, the newest first."""
        return [(folder, self._state(folder)) for folder in self._folders()]

    def running(self) -> list[RunFolder]:
        """Those that run now."""
        return [folder for folder, state in self.all() if state is RunState.RUNNING]

    def progress(self, folder: RunFolder) -> Progress:
        """How far a run has come. Only what was appended since the last look is read."""
        with self._lock:
            found = self._progress.pop(folder.id, None) or Progress()
            self._progress[folder.id] = found
            if len(self._progress) > REMEMBERED:
                self._progress.popitem(last=False)
            found.read(folder.events)
            return found

    def sweep(self, kept: int = KEPT) -> None:
        """Remove the folders of all but the newest runs, and of none that runs."""
        for folder in self._folders()[kept:]:
            if self._state(folder) is not RunState.RUNNING:
                shutil.rmtree(folder.path, ignore_errors=True)
                self._ended.pop(folder.id, None)

    def _folders(self) -> list[RunFolder]:
        try:
            names = sorted(filter(is_id, (path.name for path in (self._root / RUNS).iterdir())), reverse=True)
        except FileNotFoundError:
            return []
        return [found for name in names if (found := self._known(name))]

    def _known(self, name: str) -> RunFolder | None:
        return self._ended[name][0] if name in self._ended else self.find(name)

    def _state(self, folder: RunFolder) -> RunState:
        """What became of it; what has ended is not looked at again."""
        if folder.id in self._ended:
            return self._ended[folder.id][1]
        state = folder.state
        if state is not RunState.RUNNING:
            self._ended[folder.id] = folder, state
        return state

    def _refuse_busy(self, pipelines: Collection[str]) -> None:
        for folder in self.running():
            both = sorted(set(pipelines) & set(folder.about["pipelines"]))
            if both:
                more = f" and {len(both) - 1} more" if len(both) > 1 else ""
                message = f"{both[0]}{more}: run {folder.id} by {folder.about['user']} is writing it."
                raise refuse("busy", message, None, "Wait until it has ended, or cancel it; the page of runs has it.")


def _is_whole(folder: RunFolder) -> bool:
    """Whether its request says all that is read of it."""
    about = folder.about
    names = [name for key in ("pipelines", "tables") for name in about[key]]
    return (
        isinstance(about["user"], str)
        and all(isinstance(name, str) for name in names)
        and bool(folder.began.tzinfo and folder.request)
    )


def window_of(folder: RunFolder, state: RunState) -> Window:
    """When a run wrote which tables. One that could not note its end may have written a little longer than it said."""
    if state is RunState.RUNNING:
        ended = datetime.max.replace(tzinfo=UTC)
    else:
        ended = folder.ended + (timedelta(0) if folder.done else GAP)
    return Window(folder.began, ended, frozenset(folder.about["tables"]))


def _launch(folder: RunFolder, lock: int) -> None:
    """Start the process of a run. It inherits the lock, so that there is no moment in which nobody has it."""
    with folder.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", WORKER, str(folder.path), "--lock", str(lock)],
            cwd=folder.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock],
            start_new_session=True,
        )
    threading.Thread(target=process.wait, name=f"run-{folder.id}", daemon=True).start()  # else it stays as a zombie
