"""How plans, statuses and summaries look."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from drawloom.cli.output import console, counted, grid, number
from drawloom.run.plan import Cell, Plan, State

if TYPE_CHECKING:
    from drawloom.run.local import Result, Summary

MARKS = {
    State.FRESH: ("green", "■"),
    State.MISSING: ("dim", "·"),
    State.STALE: ("yellow", "▪"),
    State.WAITING: ("blue", "…"),
    State.FAILED: ("red", "✗"),
    State.EXPIRED: ("dim", "-"),
}
_DAY = re.compile(r" \d{4}-\d\d-\d\d")


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan for machines: one row per partition."""
    rows = [
        {
            "pipeline": cell.pipeline.name,
            "table": cell.key[0],
            "ds": cell.ds,
            "state": str(cell.state),
            "reason": cell.reason,
            "run": cell.todo,
        }
        for cell in plan.cells
    ]
    return {"cells": rows, "counts": counts(plan.cells)}


def counts(cells: Iterable[Cell]) -> dict[str, int]:
    """How many cells stand how."""
    found = Counter(str(cell.state) for cell in cells)
    return {str(state): found[str(state)] for state in State if found[str(state)]}


def print_plan(plan: Plan) -> None:
    """What would be written and why: one line per run of days that stand alike."""
    out = console()
    table = grid("table", "days", ">partitions", "state", "why")
    shown = [cell for cell in plan.cells if cell.state not in {State.FRESH, State.EXPIRED}]
    for cells in _alike(shown):
        colour, _ = MARKS[cells[0].state]
        state = f"[{colour}]{cells[0].state}[/]"
        table.add_row(cells[0].key[0], _days(cells), number(len(cells)), state, _reason(cells))
    if shown:
        out.print(table)
    todo = len(plan.todo)
    fresh = sum(cell.state is State.FRESH for cell in plan.cells)
    waiting = sum(cell.state is State.WAITING for cell in plan.cells)
    out.print(f"[bold]{number(todo)}[/] to write, {number(waiting)} waiting, {number(fresh)} fresh")


def status_json(plan: Plan) -> dict[str, Any]:
    """Tables x days for machines."""
    tables = {
        table: {
            "owner": cells[0].pipeline.owner,
            "schedule": cells[0].pipeline.schedule.text,
            "counts": counts(cells),
            "days": {cell.ds.isoformat(): str(cell.state) for cell in cells},
        }
        for table, cells in _by_table(plan.cells)
    }
    return {"tables": tables}


def print_status(plan: Plan, width: int = 60) -> None:
    """A line of marks per table, the newest day at the right, and what they mean."""
    out = console()
    table = grid("table", "owner", f"last {width} partitions", "newest", *(f">{state}" for state in State))
    for name, cells in _by_table(plan.cells):
        marks = "".join(f"[{MARKS[cell.state][0]}]{MARKS[cell.state][1]}[/]" for cell in cells[-width:])
        found = counts(cells)
        numbers = [number(found[state]) if state in found else "" for state in State]
        table.add_row(name, cells[0].pipeline.owner, marks, cells[-1].ds.isoformat(), *numbers)
    out.print(table)
    out.print("  ".join(f"[{colour}]{mark}[/] {state}" for state, (colour, mark) in MARKS.items()))


def summary_json(summary: Summary) -> dict[str, Any]:
    """What a run did, for machines: one row per partition."""
    rows = [
        {
            "pipeline": result.pipeline,
            "table": result.table,
            "ds": result.ds,
            "outcome": result.outcome,
            "rows": result.rows,
            "seconds": result.seconds,
            "error": result.error or None,
            "warnings": list(result.warnings),
        }
        for result in summary.results
    ]
    waiting = [{"table": cell.key[0], "ds": cell.ds, "reason": cell.reason} for cell in summary.waiting]
    return {"results": rows, "waiting": waiting, "interrupted": summary.interrupted}


def print_summary(summary: Summary) -> None:
    """Rows and seconds per table, then what failed and what is waiting."""
    out = console()
    ordered = sorted(summary.results, key=lambda result: result.table)
    if ordered:
        table = grid("table", "days", ">written", ">unchanged", ">failed", ">rows", ">seconds")
        for name, results in groupby(ordered, key=lambda result: result.table):
            table.add_row(name, *_summary_row(list(results)))
        out.print(table)
    _print_failures(summary)
    for cells in _alike(summary.waiting):
        out.print(f"[blue]waiting[/] {cells[0].key[0]} {_days(cells)}: {_reason(cells)}")
    if summary.interrupted:
        out.print("[yellow]stopped[/]; `drawloom run` goes on where it was.")
    elif not summary.results and not summary.waiting:
        out.print("Everything is fresh.")


def _print_failures(summary: Summary) -> None:
    """Each error once, with the days that it stopped; then what the checks warned of."""
    out = console()
    days: dict[tuple[str, str], list[date]] = {}
    ordered = sorted(summary.results, key=lambda result: (result.table, result.ds))
    for result in ordered:
        if result.outcome == "failed":
            days.setdefault((result.table, _DAY.sub("", result.error)), []).append(result.ds)
    errors = {(r.table, r.ds): r.error for r in ordered if r.outcome == "failed"}
    for (table, _), found in days.items():
        more = f" and {counted(len(found) - 1, 'more day')}" if len(found) > 1 else ""
        out.print(f"[red]failed[/] {table} {found[0]}{more}")
        out.print(_indented(errors[table, found[0]]), markup=False, soft_wrap=True)
    warned: dict[tuple[str, str], list[tuple[date, str]]] = {}
    for result in ordered:
        for warning in result.warnings:
            key = (result.table, _DAY.sub("", warning.partition("; it found")[0]))
            warned.setdefault(key, []).append((result.ds, warning))
    for (name, _), said in warned.items():
        more = f" and {counted(len(said) - 1, 'more day')}" if len(said) > 1 else ""
        ds, text = said[-1]
        out.print(f"[yellow]warning[/] {name} {ds}{more}: {escape(text)}", soft_wrap=True)


def _summary_row(results: Sequence[Result]) -> list[str]:
    outcomes = Counter(result.outcome for result in results)
    days = sorted(result.ds for result in results)
    bad = outcomes["failed"] + outcomes["blocked"] + outcomes["stopped"]
    return [
        _span(days[0], days[-1]),
        number(outcomes["written"]),
        number(outcomes["unchanged"] + outcomes["fresh"]),
        f"[red]{bad}[/]" if bad else "",
        number(sum(result.rows for result in results)),
        number(round(sum(result.seconds for result in results), 2)),
    ]


def _by_table(cells: Iterable[Cell]) -> list[tuple[str, list[Cell]]]:
    tables: dict[str, list[Cell]] = {}
    for cell in cells:
        tables.setdefault(cell.key[0], []).append(cell)
    return [(name, sorted(found, key=lambda cell: cell.ds)) for name, found in tables.items()]


def _alike(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Neighbouring cells of one table that stand alike for alike reasons."""
    found = groupby(cells, key=lambda cell: (cell.key[0], cell.state, _DAY.sub("", cell.reason)))
    return [list(group) for _, group in found]


def _reason(cells: Sequence[Cell]) -> str:
    return cells[0].reason if len(cells) == 1 else _DAY.sub("", cells[0].reason)


def _days(cells: Sequence[Cell]) -> str:
    return _span(cells[0].ds, cells[-1].ds)


def _span(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first} .. {last}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
