"""The folder of one run: what was asked, what has happened so far, its log, and its end.

Whoever works in it holds a lock on it. The operating system releases the lock when the process ends, however it ends:
a run without a lock and without an end was killed.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.engines.lake.lock import open_lock, try_lock
from drawloom.run.background.request import RunRequest

if TYPE_CHECKING:
    from drawloom.run.plan import Plan

RUNS = Path(".drawloom") / "runs"
REQUEST, CANCEL, DONE = "request.json", "cancel.json", "done.json"
_ID = re.compile(r"\d{8}-\d{6}-\d{6}-[0-9a-f]{4}")


class RunState(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    KILLED = "killed"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run. Its name is the id of the run, and later ones sort behind earlier ones."""

    path: Path

    @classmethod
    def create(cls, root: Path) -> RunFolder:
        """A new folder in a project. Nobody finds it before ``note_request``."""
        folder = cls(root / RUNS / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}")
        folder.path.mkdir(parents=True)
        return folder

    def note_request(self, request: RunRequest, user: str, plan: Plan) -> None:
        """Note what was asked, by whom, and which pipelines and tables that writes."""
        about = {
            "user": user,
            "pipelines": sorted({partition.pipeline.name for partition in plan.todo}),
            "tables": sorted({partition.key[0] for partition in plan.todo}),
            "at": datetime.now(UTC).isoformat(),
        }
        write_json(self.path / REQUEST, {**request.to_json(), **about})

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.path.name

    @property
    def root(self) -> Path:
        """The folder of the project."""
        return self.path.parents[2]

    @property
    def events(self) -> Path:
        """One line of JSON for each thing that happened."""
        return self.path / "events.jsonl"

    @property
    def log(self) -> Path:
        """What the process printed."""
        return self.path / "log.txt"

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """What was asked, by whom (``user``), when (``at``), and which ``pipelines`` and ``tables`` it writes."""
        found: dict[str, Any] = json.loads((self.path / REQUEST).read_bytes())
        return found

    @property
    def request(self) -> RunRequest:
        """What was asked."""
        return RunRequest.from_json(self.about)

    @property
    def began(self) -> datetime:
        """When it was asked."""
        return datetime.fromisoformat(self.about["at"])

    @property
    def done(self) -> Mapping[str, Any] | None:
        """How it ended; None as long as it has not, or where it was killed, or somebody has damaged the file."""
        found = _read_json(self.path / DONE)
        try:
            is_whole = bool(found and RunState(found["state"]) and datetime.fromisoformat(found["at"]))
        except (ValueError, KeyError, TypeError):
            is_whole = False
        return found if is_whole else None

    @property
    def ended(self) -> datetime:
        """When it ended, or where nobody noted that, when it last did something."""
        if done := self.done:
            return datetime.fromisoformat(done["at"])
        last = max((path.stat().st_mtime for path in (self.events, self.log) if path.exists()), default=0.0)
        return max(datetime.fromtimestamp(last, UTC), self.began)

    @property
    def cancelled(self) -> Mapping[str, Any] | None:
        """By whom and when it was cancelled; None where nobody did."""
        found = _read_json(self.path / CANCEL)
        return found if found and {"user", "at"} <= found.keys() else None

    @property
    def state(self) -> RunState:
        """What became of it."""
        for _ in range(2):  # it may end between two looks
            if done := self.done:
                return RunState(done["state"])
            if self.is_locked():
                return RunState.RUNNING
        return RunState.CANCELLED if self.cancelled else RunState.KILLED

    def lock(self) -> int:
        """Lock the folder; the lock is that of the handle, which child processes may inherit.

        Raises:
            RuntimeError: another process has it.
        """
        handle = open_lock(self.path / "lock")
        if not try_lock(handle):
            os.close(handle)
            raise RuntimeError(f"{self.path} belongs to another process.")
        return handle

    def is_locked(self) -> bool:
        """Whether a process works in it."""
        try:
            handle = os.open(self.path / "lock", os.O_RDONLY)
        except OSError:
            return False
        try:
            return not try_lock(handle, shared=True)
        finally:
            os.close(handle)

    def cancel(self, user: str) -> bool:
        """Ask its process to end, which looks for that several times a second. Whether there was one."""
        if self.state is not RunState.RUNNING:
            return False
        write_json(self.path / CANCEL, {"user": user, "at": datetime.now(UTC).isoformat()})
        return True


def is_id(text: str) -> bool:
    """Whether this can be the id of a run, and so the name of its folder."""
    return bool(_ID.fullmatch(text))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a file that readers see whole or not at all."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    beside.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8", errors="backslashreplace")
    beside.replace(path)


def _read_json(path: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
