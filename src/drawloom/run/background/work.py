"""What the process of a run does: it plans, runs, notes each thing that happens, and ends when it is asked to."""

from __future__ import annotations

import json
import os
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drawloom.model import DrawloomError
from drawloom.run.as_json import by_table
from drawloom.run.background.folder import CANCEL, DONE, RunFolder, RunState, write_json
from drawloom.run.local_runner import Result, Summary
from drawloom.run.plan import Plan
from drawloom.run.project import Project
from drawloom.run.signals import GRACE, sigterm_as_interrupt

POLL_SECONDS = 0.2


class EventLog:
    """Writes events as lines of JSON, each whole when it can be seen."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def add(self, event: str, **values: Any) -> None:
        """Write one event."""
        self._file.write(json.dumps({"event": event, **values}, ensure_ascii=False) + "\n")
        self._file.flush()

    def planned(self, plan: Plan) -> None:
        """Note how many partitions of each table are to be written, and how many wait."""
        todo = {table: len(partitions) for table, partitions in by_table(plan.todo)}
        waiting = {table: len(partitions) for table, partitions in by_table(plan.waiting)}
        self.add("planned", todo=todo, waiting=waiting, at=_now())

    def result(self, result: Result) -> None:
        """Note what became of one partition."""
        values: dict[str, Any] = {"table": result.table, "ds": str(result.ds), "outcome": result.outcome}
        if result.outcome in {"written", "unchanged"}:
            values |= {"rows": result.rows, "seconds": round(result.seconds, 6)}
        if result.error:
            values["error"] = result.error
        if result.warnings:
            values["warnings"] = list(result.warnings)
        self.add("result", **values)


def work(folder: RunFolder, lock: int | None = None) -> int:
    """Do what was asked in this folder; returns the exit code that ``drawloom run`` would have.

    Args:
        folder: that of the run.
        lock: the handle of its lock, where this process has inherited it.
    """
    handle = folder.lock() if lock is None else lock
    os.set_inheritable(handle, False)  # a child that outlives this process must not keep it
    log = EventLog(folder.events)
    state, code, error = RunState.CANCELLED, 130, ""
    try:
        with sigterm_as_interrupt(GRACE), _ended_when_asked(folder.path / CANCEL):
            summary = _run(folder, log)
            state = _state(summary)
            code = summary.exit_code
    except (KeyboardInterrupt, SystemExit):
        pass  # before or after anything was written
    except DrawloomError as refused:
        state, code, error = RunState.FAILED, 2, str(refused)
    except Exception as defect:
        traceback.print_exc()
        state, code, error = RunState.FAILED, 1, f"{type(defect).__name__}: {defect} (the log has where)"
    finally:
        if error:
            log.add("error", text=error)
        log.close()
        write_json(folder.path / DONE, {"state": state, "exit_code": code, "at": _now()})
    return code


def _run(folder: RunFolder, log: EventLog) -> Summary:
    with Project.load(folder.root) as project:
        plan = folder.request.plan(project)
        log.planned(plan)
        return project.run(plan, listener=log.result)


def _state(summary: Summary) -> RunState:
    if summary.interrupted:
        return RunState.CANCELLED
    return RunState.FAILED if summary.exit_code == 1 else RunState.FINISHED


@contextmanager
def _ended_when_asked(marker: Path) -> Iterator[None]:
    """Send SIGTERM to this process when the marker appears."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            if marker.exists():
                os.kill(os.getpid(), signal.SIGTERM)
                return

    watcher = threading.Thread(target=watch, name="drawloom-cancel", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _now() -> str:
    return datetime.now(UTC).isoformat()
