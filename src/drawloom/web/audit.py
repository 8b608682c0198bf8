"""The audit trail: one line for everything that somebody changed here, with their name."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = Path(".drawloom") / "audit.jsonl"
log = logging.getLogger(__name__)


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
