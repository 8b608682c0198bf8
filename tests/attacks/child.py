"""Commands in processes of their own, which may be limited."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

Limits = Mapping[int, int]


def run(folder: Path, *arguments: str, limits: Limits | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command on a project, within limits of the system (see the module ``resource``)."""

    def set_limits() -> None:
        for limit, value in (limits or {}).items():
            resource.setrlimit(limit, (value, value))

    return subprocess.run(
        [sys.executable, "-m", "drawloom", "-C", str(folder), *arguments],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # it interrupts its process when it gets no thread
        preexec_fn=set_limits,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
