"""The audit trail: one line for everything that somebody changed here, with their name."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drawloom.model import Fix, Problem, RunError

FILE = Path(".drawloom") / "audit.jsonl"
log = logging.getLogger(__name__)


@contextmanager
def noted(root: Path, user: str, action: str, **what: Any) -> Iterator[None]:
    """Note who is about to do what, before they do; and if that fails, that it did. What cannot be noted is not done.

    Raises:
        RunError: the audit trail cannot be written.
    """
    try:
        note(root, user, action, **what)
    except OSError as error:
        message = f"{FILE} cannot be written: {error.strerror}. Nothing was changed, as nobody would see who did."
        raise RunError(Problem("unwritable", "error", message, fix=Fix("Give this user the right to."))) from error
    try:
        yield
    except BaseException:
        with suppress(OSError):
            note(root, user, action, **what, failed=True)
        raise


def note(root: Path, user: str, action: str, **what: Any) -> None:
    """Append who did what to the audit trail of a project, and to the log."""
    line = json.dumps({"at": datetime.now(UTC).isoformat(), "user": user, "action": action, **what}, default=str)
    log.info("%s", line)
    path = root / FILE
    path.parent.mkdir(exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, f"{line}\n".encode())  # in one piece, also where several processes append
    finally:
        os.close(handle)
