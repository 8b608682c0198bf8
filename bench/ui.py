"""The pages of the UI over 10,000 and 100,000 partitions that are known: milliseconds on the server, and bytes of HTML."""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.build import START, fill, name, write_project
from bench.measure import Cost, Line, Report

if TYPE_CHECKING:
    from starlette.testclient import TestClient

DAYS = 365
SIZES = (27, 273)  # tables, each with a year; the raw one comes on top
WARM, GOALS = 3, {27: 100, 273: 200}
MOST_BYTES = 300_000


def measure(runs: int) -> list[Report]:
    """One table for each size; each page is asked for ten times as often as other benchmarks run."""
    return [_measure(tables, 10 * runs) for tables in SIZES]


def _measure(tables: int, times: int) -> Report:
    from starlette.testclient import TestClient

    from drawloom.web.app import create_app
    from drawloom.web.gate import TokenGate
    from drawloom.web.site import Site
    from drawloom.web.starter import LocalStarter

    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        write_project(project, tables, DAYS)
        known = fill(project, DAYS)
        gate, site = TokenGate("bench"), Site(project)
        first = site.status.seconds
        with TestClient(create_app(site, gate, starter=LocalStarter()), "http://127.0.0.1") as client:
            client.headers["authorization"] = f"Bearer {gate.token}"
            lines = [_page(client, what, path, times) for what, path in _paths(tables).items()]
    notes = [
        f"goal: p95 < {GOALS[tables]} ms, HTML < {MOST_BYTES // 1000} KB; wall median is the p50, see the note for the p95",
        f"the first status took {first:.1f} s, with compiling; later pages get the one before while it is found anew",
    ]
    return Report(f"UI: {known:,} partitions known, {tables} steps", lines, "page", notes=notes)


def _paths(tables: int) -> dict[str, str]:
    last, day = name(tables - 1), START + timedelta(days=DAYS - 10)
    return {
        "home": "/",
        "partitions": "/partitions",
        "partitions, 30 days": f"/partitions?from={day - timedelta(days=20)}&to={day}",
        "days of a table": f"/partitions/{last}",
        "a day": f"/partitions/{last}/{day}",
        "backfill": f"/backfill?name={last}",
        "runs": "/runs",
        "tables": "/tables",
    }


def _page(client: TestClient, what: str, path: str, times: int) -> Line:
    """The costs of one page, asked for several times after it is warm."""
    costs: list[Cost] = []
    size = 0
    for n in range(WARM + times):
        cpu, began = time.process_time(), time.perf_counter()
        answer = client.get(path)
        if n >= WARM:
            costs.append(Cost(time.process_time() - cpu, time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        size = len(answer.content)
    p95 = statistics.quantiles([cost.wall for cost in costs], n=20)[-1]
    return Line(what, costs, note=f"p95 {1000 * p95:.0f} ms, {size / 1000:.0f} KB")
