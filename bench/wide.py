"""Peak memory of landing a wide CSV file without declared columns, each width in a process of its own."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake
from drawloom.engines.landing.land import StageOptions, stage_files

WIDTHS = (100, 400, 800)
ROWS = 20_000


def write_csv(path: Path, width: int) -> None:
    """A file of numbers, texts and days, whose types must be inferred from all values."""
    kinds = ("{n}", "{n}.25", "text {n}", "2026-01-{d:02d}", "true")
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(["day", *(f"c{number}" for number in range(1, width))]) + "\n")
        line = ",".join(kinds[number % len(kinds)] for number in range(1, width))
        for n in range(ROWS):
            file.write(f"2026-01-{n % 28 + 1:02d},{line.format(n=n, d=n % 28 + 1)}\n")


def land_once(path: Path) -> None:
    """Stage the file, and print the peak of this process in MB."""
    with tempfile.TemporaryDirectory() as folder, DuckDB(Lake(folder)) as engine:
        stage_files(engine, "raw.wide", [path], StageOptions("day", "bench"))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main() -> None:
    """Print one line for each width."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("widths", type=int, nargs="*", default=WIDTHS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.file:
        land_once(given.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        for width in given.widths:
            path = Path(folder) / f"{width}.csv"
            write_csv(path, width)
            child = [sys.executable, "-m", "bench.wide", "--file", str(path)]
            peak = subprocess.run(child, check=True, capture_output=True, text=True).stdout.strip()
            print(f"{width:>5} columns, {ROWS:,} rows, {path.stat().st_size >> 20} MB: peak {peak} MB")


if __name__ == "__main__":
    main()
