"""``python -m drawloom.web.worker FOLDER``: the process of one run that was started in the UI."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from drawloom.run.background.folder import RunFolder
from drawloom.run.background.work import work


def main() -> None:
    """Do what was asked in the folder of a run; the exit code is that of ``drawloom run``."""
    parser = argparse.ArgumentParser(prog="drawloom.web.worker", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of the run")
    parser.add_argument("--lock", type=int, help="the handle of its lock, where this process has inherited it")
    given = parser.parse_args()
    sys.exit(work(RunFolder(given.folder.absolute()), given.lock))


if __name__ == "__main__":
    main()
