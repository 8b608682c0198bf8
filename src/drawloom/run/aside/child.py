"""``python -m drawloom.run.aside.child``: does one job after the other, which come by its standard input."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from pickle import PickleError
from typing import IO, Any

from drawloom.model import DrawloomError
from drawloom.run.aside import frames
from drawloom.run.aside.jobs import Jobs
from drawloom.run.aside.workers import too_heavy

MEMORY = 2_000_000_000  # bytes of address space, above what it takes to begin
GRACE = 10  # seconds after which it ends by itself if nobody has stopped it: then the other process is gone


def main() -> None:
    """Do jobs until nobody sends any."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process in front, which then closes our input
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    limit_memory(MEMORY)
    jobs = Jobs()
    while True:
        try:
            name, seconds, given = frames.read(sys.stdin.buffer)
        except EOFError:
            break
        with suppress(AttributeError):  # not on every system
            signal.alarm(int(seconds) + GRACE)
        _answer(answers, _do(jobs, name, given))
        with suppress(AttributeError):
            signal.alarm(0)
    jobs.close()


def _do(jobs: Jobs, name: str, given: dict[str, Any]) -> tuple[str, Any]:
    """How a job ended (``ok``, ``refused`` or ``failed``), and what came out."""
    try:
        return "ok", jobs.do(name, **given)
    except DrawloomError as error:
        return "refused", error
    except (MemoryError, RecursionError):
        return "refused", too_heavy("more memory than it may")
    except Exception:
        return "failed", traceback.format_exc()


def _answer(answers: IO[bytes], answer: tuple[str, Any]) -> None:
    try:
        frames.write(answers, answer)
    except ValueError:
        frames.write(answers, ("refused", too_heavy("a larger answer than it may")))
    except (TypeError, AttributeError, PickleError):
        frames.write(answers, ("failed", traceback.format_exc()))


def limit_memory(size: int) -> None:
    """Let this process take so much more memory than it has now, where the system can bound it."""
    try:
        import resource
    except ImportError:
        return
    try:
        now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        now = size
    bounds = [now + size, *(one for one in resource.getrlimit(resource.RLIMIT_AS) if one != resource.RLIM_INFINITY)]
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (min(bounds), min(bounds)))


if __name__ == "__main__":
    main()
