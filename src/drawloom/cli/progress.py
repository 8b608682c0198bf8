"""Live progress of a run."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Self

from drawloom.cli.output import console

if TYPE_CHECKING:
    from drawloom.run.local import Result
    from drawloom.run.plan import Plan


class RunProgress:
    """A bar per table on standard error, where that is a terminal; told of each result as it comes."""

    def __init__(self, plan: Plan) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        out = console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=out,
            disable=not out.is_terminal,
        )
        totals = Counter(cell.key[0] for cell in plan.todo)
        self._tasks = {name: self._progress.add_task(name, total=n, start=False, note="") for name, n in totals.items()}
        self._failed: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, result: Result) -> None:
        """Take in one result."""
        task = self._tasks[result.table]
        self._progress.start_task(task)
        if result.outcome in {"failed", "blocked"}:
            self._failed[result.table] += 1
            self._progress.update(task, note=f"[red]{self._failed[result.table]} failed[/]")
        self._progress.advance(task)
