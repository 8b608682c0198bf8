"""Stops a set of servers when the process that started it ends in any way: ``python -m tests.servers.guard FOLDER CACHE``.

A killed test run would leave servers behind. It holds the other end of this process's standard input, which closes when it
ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.servers.engines import EngineSet

if __name__ == "__main__":
    sys.stdin.read()
    EngineSet(Path(sys.argv[1]), Path(sys.argv[2])).down()
