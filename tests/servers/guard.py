"""Ends a set of servers when the process that started it has ended, however: ``python -m tests.servers.guard FOLDER CACHE``.

A run of tests that is killed would leave servers behind. It holds the other end of this process's input, which closes
with it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.servers.engines import EngineSet

if __name__ == "__main__":
    sys.stdin.read()
    EngineSet(Path(sys.argv[1]), Path(sys.argv[2])).down()
