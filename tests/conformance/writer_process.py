"""A writer in its own process, for tests that read at the same time or kill it: ``python -m tests.conformance.writer_process``."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import killpg
from pathlib import Path
from signal import SIGKILL

from tests.conformance.bench import D1, Bench
from tests.conformance.kinds import open_engine

ROOT = Path(__file__).parents[2]
BASE = 500


def main(kind: str, location: str, schema: str, verb: str, tag: str, times: str) -> None:
    """Write a partition several times and print the number of each.

    With ``stage`` stage one more and never publish it; with ``write-on`` go on until ``stop_writing`` was called.
    """
    bench = Bench(kind, open_engine(kind, Path(location)), Path(location), schema)
    n = 0
    while n < int(times) or (verb == "write-on" and not _enough(bench).exists()):
        print(n, flush=True)
        fill(bench, int(tag), n)
        n += 1
    if verb == "stage":
        with bench.engine.task({}) as task:
            task.stage(bench.table(), D1, rows(int(tag), int(times)), {"run": "r"}, bench.engine.columns(bench.t))
            print("STAGED", flush=True)
            time.sleep(600)
    print("DONE", flush=True)
    bench.engine.close()


def stop_writing(bench: Bench) -> None:
    """Let a writer of ``write-on`` end."""
    _enough(bench).touch()


def _enough(bench: Bench) -> Path:
    return bench.location.parent / "enough"


def rows(tag: int, n: int) -> str:
    """A SELECT of rows that identify their writer (``tag``) and its n-th write; see ``count`` for how many."""
    digits = [f"(VALUES {', '.join(f'({x})' for x in range(10))}) AS d{at}(x{at})" for at in range(4)]
    number = "x0 + 10 * x1 + 100 * x2 + 1000 * x3"
    return f"SELECT {tag} AS tag, {n} AS n, {number} AS x FROM {' CROSS JOIN '.join(digits)} WHERE {number} < {count(tag, n)}"


def count(tag: int, n: int) -> int:
    """The number of rows of one write."""
    return BASE + tag * 100 + n


def fill(bench: Bench, tag: int, n: int) -> None:
    """Write the partition."""
    bench.fill(D1, rows(tag, n))


class EmptyPartitionError(AssertionError):
    """A reader saw a partition without rows."""


def visible_write(bench: Bench) -> tuple[int, int]:
    """The (tag, n) of the write that a reader sees; fails unless it is one complete result of one writer."""
    items = "count(DISTINCT tag), count(DISTINCT n), max(tag), max(n), count(*), max(x)"
    ((tags, ns, tag, n, found, last),) = bench.rows(f"SELECT {items} FROM {bench.t}")
    if not found:
        raise EmptyPartitionError(bench.t)
    assert (tags, ns) == (1, 1), (tags, ns, tag, n)
    assert found == count(tag, n) == last + 1, (found, tag, n)
    return tag, n


@contextmanager
def writer(bench: Bench, verb: str, tag: int, times: int) -> Iterator[subprocess.Popen[str]]:
    """A writing process; it and its children are killed at the end of the block."""
    command = [
        sys.executable,
        "-m",
        "tests.conformance.writer_process",
        bench.kind,
        str(bench.location),
        bench.schema,
        verb,
    ]
    with (bench.location.parent / f"child-{verb}-{tag}.log").open("w") as log:
        child = subprocess.Popen(
            [*command, str(tag), str(times)], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True,
            start_new_session=True,
        )  # fmt: skip
    with child:
        try:
            yield child
        finally:
            kill(child)


def kill(child: subprocess.Popen[str]) -> None:
    """Kill a process and its children."""
    with suppress(ProcessLookupError):
        killpg(child.pid, SIGKILL)


def wait_for_line(child: subprocess.Popen[str], line: str) -> None:
    """Wait until the process prints a line."""
    assert child.stdout
    for printed in child.stdout:
        if printed.strip() == line:
            return
    raise AssertionError(f"the child ended before it printed {line}; see its log beside the lake")


if __name__ == "__main__":
    main(*sys.argv[1:])
