"""Prints plans, the status of tables, and the progress and summary of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.markup import escape

from drawloom.cli.output import console, grid, number, print_problems
from drawloom.run.as_json import by_table, counts
from drawloom.run.plan import Key, Plan, PlannedPartition, State
from drawloom.run.spans import same_on_days, without_days

if TYPE_CHECKING:
    from drawloom.run.local_runner import Result, Summary
    from drawloom.run.project import Project

MARKS = {
    State.FRESH: ("green", "■"),
    State.MISSING: ("dim", "·"),
    State.STALE: ("yellow", "▪"),
    State.WAITING: ("blue", "…"),
    State.FAILED: ("red", "✗"),
    State.SKIPPED: ("red", "»"),
    State.EXPIRED: ("dim", "-"),
    State.MISSED: ("magenta", "x"),
}
NARROW = 120  # columns, below which a table leaves out what matters less
_RARE = {State.MISSED, State.SKIPPED}  # states that status shows where there are any


def left_out_json(project: Project) -> dict[str, Any]:
    """The errors of specs that were left out, for the JSON of a command; nothing without any."""
    problems = [problem.to_json() for found in project.left_out.values() for problem in found]
    return {"left_out": problems} if problems else {}


def print_left_out(project: Project, names: Sequence[str] = ()) -> None:
    """Print to standard error which specs were left out; with their errors, unless others were named."""
    if project.left_out:
        more = "; `drawloom check` lists them" if names else ""
        files = escape(", ".join(sorted(project.left_out)))
        console(stderr=True).print(f"[red]left out[/], as they have errors{more}: {files}", soft_wrap=True)
        print_problems((p for found in project.left_out.values() for p in found if not names), stderr=True)


def print_damaged(damaged: Mapping[Key, str]) -> None:
    """Print them: one line for each range of days with the same reason, then what to do."""
    out = console()
    for (table, why), group in groupby(damaged.items(), key=lambda item: (item[0][0], item[1])):
        days = [ds for (_, ds), _ in group]
        out.print(f"[red]damaged[/] {escape(table)} {_span(days[0], days[-1])}: {escape(why)}", soft_wrap=True)
    if damaged:
        text = "Land the files of these days again, or have `drawloom registry rebuild` forget days without a file."
        out.print(f"  [green]->[/] {text}", soft_wrap=True)


def print_plan(plan: Plan) -> None:
    """Print what would be written and why: one line for each range of days with the same state and reason."""
    out = console()
    table = grid("table", "days", ">partitions", "state", "~why")
    shown = [partition for partition in plan.partitions if _is_worth_a_line(partition)]
    for partitions in _group_alike(shown):
        colour, _ = MARKS[partitions[0].state]
        state = f"[{colour}]{partitions[0].state}[/]"
        table.add_row(
            partitions[0].key[0], _days(partitions), number(len(partitions)), state, escape(_reason(partitions))
        )
    if shown:
        out.print(table)
    todo = len(plan.todo)
    fresh = sum(partition.state is State.FRESH for partition in plan.partitions)
    waiting = sum(partition.state is State.WAITING for partition in plan.partitions)
    print_damaged(plan.damaged)
    out.print(f"[bold]{number(todo)}[/] to write, {number(waiting)} waiting, {number(fresh)} fresh")


def _is_worth_a_line(partition: PlannedPartition) -> bool:
    """Whether the plan explains it: all but what is fresh or expired, and landed ones that are kept in spite of a change."""
    if partition.step.landed and partition.reason:
        return True
    return partition.state not in {State.FRESH, State.EXPIRED}


def print_status(plan: Plan, width: int = 60) -> None:
    """Print a line of marks per table, the newest day at the right, and a legend."""
    out = console()
    present = {partition.state for partition in plan.partitions}
    states = [state for state in State if state not in _RARE or state in present]
    found_by_table = by_table(plan.partitions)
    is_narrow = out.width < NARROW
    if is_narrow:  # the newest partitions matter most
        states = [state for state in states if state in present]
        longest = max((len(name) for name, _ in found_by_table), default=0)
        width = max(min(width, out.width - longest - 16 - sum(len(state) + 3 for state in states)), 7)
    owner = [] if is_narrow else ["owner"]
    table = grid("table", *owner, f"last {width} partitions", "newest", *(f">{state}" for state in states))
    for name, partitions in found_by_table:
        marks = "".join(
            f"[{MARKS[partition.state][0]}]{MARKS[partition.state][1]}[/]" for partition in partitions[-width:]
        )
        found = counts(partitions)
        numbers = [number(found[state]) if state in found else "" for state in states]
        owner = [] if is_narrow else [escape(partitions[0].pipeline.owner)]
        table.add_row(name, *owner, marks, partitions[-1].ds.isoformat(), *numbers)
    out.print(table)
    print_damaged(plan.damaged)
    out.print("  ".join(f"[{colour}]{mark}[/] {state}" for state, (colour, mark) in MARKS.items() if state in states))


def print_summary(summary: Summary) -> None:
    """Print rows and seconds per table, then failures, warnings and what is waiting."""
    out = console()
    ordered = sorted(summary.results, key=lambda result: result.table)
    if ordered:
        skipped = any(result.outcome in _NOT_TRIED for result in ordered)
        more = [">skipped"] if skipped else []
        table = grid("table", "days", ">written", ">unchanged", ">failed", *more, ">rows", ">seconds")
        for name, results in groupby(ordered, key=lambda result: result.table):
            table.add_row(name, *_summary_row(list(results), skipped=skipped))
        out.print(table)
    _print_failures(summary)
    for partitions in _group_alike(summary.waiting):
        out.print(
            f"[blue]waiting[/] {partitions[0].key[0]} {_days(partitions)}: {escape(_reason(partitions))}",
            soft_wrap=True,
        )
    print_damaged(summary.damaged)
    if summary.interrupted:
        out.print("[yellow]stopped[/]; `drawloom run` continues where it stopped.")
    elif not (summary.results or summary.waiting or summary.damaged):
        out.print("Everything is fresh.")


def _print_failures(summary: Summary) -> None:
    """Print each error once with the days that have it, what was skipped for it, then the warnings of checks."""
    out = console()
    ordered = sorted(summary.results, key=lambda result: (result.table, result.ds))
    failed = [(result.table, result.ds, result.error) for result in ordered if result.outcome == "failed"]
    for table, days, text in same_on_days(failed):
        out.print(f"[red]failed[/] {table} {_days_text(days)}")
        out.print(_indented(text), markup=False, soft_wrap=True)
    for table, results in groupby((r for r in ordered if r.outcome == "skipped"), key=lambda result: result.table):
        out.print(f"[red]skipped[/] {table} {_days_text([r.ds for r in results])}: an input failed")
    warned = [(result.table, result.ds, warning) for result in ordered for warning in result.warnings]
    for table, days, text in same_on_days(warned):
        out.print(f"[yellow]warning[/] {table} {_days_text(days)}: {escape(text)}", soft_wrap=True)


def _days_text(days: Sequence[date]) -> str:
    """The span of days, and how many they are."""
    return f"{days[0]} .. {days[-1]} ({len(days)} days)" if len(days) > 1 else str(days[0])


_NOT_TRIED = ("skipped", "stopped")


def _summary_row(results: Sequence[Result], *, skipped: bool) -> list[str]:
    outcomes = Counter(result.outcome for result in results)
    days = sorted(result.ds for result in results)
    failed, not_tried = outcomes["failed"], outcomes["skipped"] + outcomes["stopped"]
    return [
        _span(days[0], days[-1]),
        number(outcomes["written"]),
        number(outcomes["unchanged"] + outcomes["fresh"]),
        f"[red]{number(failed)}[/]" if failed else "",
        *([number(not_tried) if not_tried else ""] if skipped else []),
        number(sum(result.rows for result in results)),
        number(round(sum(result.seconds for result in results), 2)),
    ]


def _group_alike(partitions: Sequence[PlannedPartition]) -> list[list[PlannedPartition]]:
    """Groups neighbouring partitions of one table with the same state and, days aside, the same reason."""
    found = groupby(
        partitions, key=lambda partition: (partition.key[0], partition.state, without_days(partition.reason))
    )
    return [list(group) for _, group in found]


def _reason(partitions: Sequence[PlannedPartition]) -> str:
    return partitions[0].reason if len(partitions) == 1 else without_days(partitions[0].reason)


def _days(partitions: Sequence[PlannedPartition]) -> str:
    return _span(partitions[0].ds, partitions[-1].ds)


def _span(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first} .. {last}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


class RunProgress:
    """A progress bar per table on standard error, if that is a terminal. Called with each result."""

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
        totals = Counter(partition.key[0] for partition in plan.todo)
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
        """Advance the bar of the result's table."""
        task = self._tasks[result.table]
        self._progress.start_task(task)
        if result.outcome == "failed":
            self._failed[result.table] += 1
            self._progress.update(task, note=f"[red]{self._failed[result.table]} failed[/]")
        self._progress.advance(task)
