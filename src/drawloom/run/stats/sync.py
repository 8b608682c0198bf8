"""The daemon: computes the statistics that are missing or outdated, the newest days first, within a budget of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from drawloom.model import refuse

if TYPE_CHECKING:
    from drawloom.run.local_runner import Listener
    from drawloom.run.plan import Plan
    from drawloom.run.project import Project

CHUNK = 64  # partitions between two looks at the clock
EXAMPLE = 'Write specs/stats.yml:\n  kind: stats\n  name: all\n  tables: ["*.*"]\n  until: "forever: statistics of all tables"'


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did: partitions of statistics that were written and failed, that are left, and that wait for their table."""

    written: int
    failed: int
    left: int
    waiting: int
    days: tuple[date, ...] = ()
    interrupted: bool = False


def stats_pipelines(project: Project) -> list[str]:
    """The pipelines of statistics.

    Raises:
        InputError: there is none.
    """
    names = [pipeline.name for pipeline in project.valid_pipelines if pipeline.kind == "stats"]
    if not names:
        broken = [problem for found in project.left_out.values() for problem in found]
        message = "No spec of the kind stats says which tables are watched."
        raise refuse("no-stats", message, None, str(broken[0]) if broken else EXAMPLE)
    return names


def sync(project: Project, budget: float | None = None, listener: Callable[[Plan], Listener] | None = None) -> Synced:
    """Compute what is missing or outdated, and nothing that is not about statistics.

    Args:
        project: the project.
        budget: seconds after which nothing more is begun.
        listener: makes what is told of the progress of a plan.

    Raises:
        InputError: no spec watches tables.
    """
    names, until = stats_pipelines(project), None if budget is None else time.monotonic() + budget
    others = [pipeline.name for pipeline in project.valid_pipelines if pipeline.name not in names]
    written = failed = 0
    days: set[date] = set()
    done: set[tuple[str, date]] = set()
    while True:
        plan = project.plan(names, upstream=False, exclude=others)
        todo = [partition for partition in plan.todo if partition.key not in done]
        if not todo or (until is not None and time.monotonic() >= until):
            return Synced(written, failed, len(todo), len(plan.waiting), tuple(sorted(days)))
        chosen = _newest({partition.key for partition in todo})
        part = plan.only(chosen, upstream=False)
        summary = project.run(part, listener=listener(part)) if listener else project.run(part)
        done |= {(result.table, result.ds) for result in summary.results}
        written += sum(result.outcome in {"written", "unchanged"} for result in summary.results)
        failed += sum(result.outcome == "failed" for result in summary.results)
        days |= {ds for _, ds in chosen}
        if summary.interrupted or not done & set(chosen):
            return Synced(written, failed, len(todo), len(plan.waiting), tuple(sorted(days)), summary.interrupted)


def _newest(keys: set[tuple[str, date]]) -> Sequence[tuple[str, date]]:
    """The partitions of the newest days, whole days of all tables: what is merged follows what it is merged from."""
    chosen: list[tuple[str, date]] = []
    for day in sorted({ds for _, ds in keys}, reverse=True):
        if chosen and len(chosen) >= CHUNK:
            break
        chosen += sorted(key for key in keys if key[1] == day)
    return chosen
