"""Prints the outcomes of unit tests: a line for each, a table of what differs, and all of it as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from drawloom.cli.output import console, grid, number, pluralize, print_problems, value_text
from drawloom.model import Problem
from drawloom.run.unit_tests.compare import RowDiff
from drawloom.run.unit_tests.runner import FAILED, INVALID, PASSED, Outcome, TableDiff

if TYPE_CHECKING:
    from rich.table import Table

COLOURS = {PASSED: "green", FAILED: "red", INVALID: "red"}
SHOWN = 20  # rows of each kind
CELL = 24  # characters, to which a value is counted when columns are chosen


def print_outcome(outcome: Outcome) -> None:
    """Print one line, and below it what is wrong."""
    out = console()
    colour, test = COLOURS[outcome.state], outcome.test
    what = ", ".join(outcome.tables or tuple(test.test.expect))
    time = f"{1000 * outcome.seconds:.0f} ms"
    out.print(f"[{colour}]{outcome.state:<7}[/] {escape(test.name)} [dim]{escape(what)} {time}[/]", soft_wrap=True)
    for one in outcome.differences:
        print_difference(one)
    print_problems(outcome.problems)
    for note in outcome.notes:
        out.print(f"  [cyan]note[/] {escape(note)}", soft_wrap=True)
    if outcome.state == FAILED:
        out.print(f"  [dim]{escape(str(test.where))}[/]", soft_wrap=True)


def print_summary(outcomes: Sequence[Outcome], problems: Sequence[Problem]) -> None:
    """Print what is wrong with files, and how many tests came out how."""
    print_problems(problems)
    counts = Counter(outcome.state for outcome in outcomes)
    texts = [f"[{COLOURS[state]}]{counts[state]} {state}[/]" for state in COLOURS if counts[state]]
    seconds = sum(outcome.seconds for outcome in outcomes)
    told = f"{', '.join(texts)} in {seconds:.2f} s" if outcomes else "no tests"
    console().print(told + (f"; {pluralize(len(problems), 'problem')} of files" if problems else ""))


def print_difference(one: TableDiff) -> None:
    """Print how one table differs on a day."""
    out = console()
    head = f"  [bold]{escape(one.table)}[/] {one.ds}: "
    if one.diff is None:
        out.print(f"{head}a check that must return no rows found some: {escape(one.check)}", soft_wrap=True)
        columns = list(dict.fromkeys(name for row in one.rows for name in row))
        table = grid(*map(escape, columns))
        for row in one.rows:
            table.add_row(*(value_text(row.get(name)) for name in columns))
        out.print(table)
        return
    out.print(head + ", ".join(_counts(one.diff)), soft_wrap=True)
    columns, left_out = _columns_that_fit(one.diff, out.width)
    out.print(_table(one.diff, columns))
    if left_out:
        out.print(f"  [dim]not shown, as it is too wide: {escape(', '.join(left_out))}[/]", soft_wrap=True)


def _counts(diff: RowDiff) -> Iterator[str]:
    counts = {
        "missing": len(diff.missing),
        "unexpected": len(diff.unexpected),
        "changed": len(diff.changed),
        "in another order": len(diff.misplaced),
    }
    yield from (f"{number(n)} {what}" for what, n in counts.items() if n)
    yield f"{diff.equal} as expected"


def _table(diff: RowDiff, columns: Sequence[str]) -> Table:
    table = grid("", *(f"[bold]{escape(name)}[/]" if name in diff.key else escape(name) for name in columns))
    for change in diff.changed[:SHOWN]:
        table.add_row("[yellow]~ changed[/]", *(_changed_cell(change, name) for name in columns))
    for rows, mark in ((diff.missing, "[red]- missing[/]"), (diff.unexpected, "[green]+ unexpected[/]")):
        for row in rows[:SHOWN]:
            table.add_row(mark, *(value_text(row[name]) for name in columns))
    for row_number, expected, found in diff.misplaced[:SHOWN]:
        table.add_row(f"[red]- row {row_number + 1}[/]", *(value_text(expected[name]) for name in columns))
        table.add_row(f"[green]+ row {row_number + 1}[/]", *(value_text(found[name]) for name in columns))
    for rest in (diff.changed, diff.missing, diff.unexpected, diff.misplaced):
        if len(rest) > SHOWN:
            table.add_row(f"... {len(rest) - SHOWN} more")
    return table


def _changed_cell(change: Any, name: str) -> str:
    expected = value_text(change.expected[name])
    return f"[red]{expected}[/] -> [green]{value_text(change.found[name])}[/]" if name in change.columns else expected


def _columns_that_fit(diff: RowDiff, width: int) -> tuple[list[str], list[str]]:
    """The columns to show, in their order, and those for which there is no room: those that differ nowhere go first."""
    differ = Counter(name for change in diff.changed for name in change.columns)
    ranked = sorted(diff.columns, key=lambda name: (name not in diff.key, not differ[name]))
    room, kept = width - 16, set[str]()
    for name in ranked:
        room -= _width(diff, name, bool(differ[name])) + 3
        if room >= 0 or len(kept) < 2:
            kept.add(name)
    return [name for name in diff.columns if name in kept], [name for name in diff.columns if name not in kept]


def _width(diff: RowDiff, name: str, is_changed: bool) -> int:
    rows = [*(change.expected for change in diff.changed), *diff.missing, *diff.unexpected]
    longest = max([len(name), *(min(len(str(row[name])), CELL) for row in rows[:SHOWN])])
    return 2 * longest + 4 if is_changed else longest


def outcomes_json(outcomes: Sequence[Outcome], problems: Sequence[Problem]) -> dict[str, Any]:
    """All outcomes, and what is wrong with files, as plain values."""
    counts = Counter(outcome.state for outcome in outcomes)
    return {
        "tests": [_outcome_json(outcome) for outcome in outcomes],
        **{state: counts[state] for state in COLOURS},
        "problems": [problem.to_json() for problem in problems],
    }


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.test.name,
        "file": outcome.test.where.file,
        "line": outcome.test.where.line,
        "state": outcome.state,
        "seconds": round(outcome.seconds, 6),
        "tables": list(outcome.tables),
        "differences": [_difference_json(one) for one in outcome.differences],
        "problems": [problem.to_json() for problem in outcome.problems],
        "notes": list(outcome.notes),
    }


def _difference_json(one: TableDiff) -> dict[str, Any]:
    found: dict[str, Any] = {"table": one.table, "ds": one.ds}
    if one.diff is None:
        return {**found, "check": one.check, "rows": [_plain(row) for row in one.rows]}
    diff = one.diff
    changed = [
        {"expected": _plain(c.expected), "found": _plain(c.found), "columns": list(c.columns)} for c in diff.changed
    ]
    return {
        **found,
        "key": list(diff.key),
        "equal": diff.equal,
        "missing": list(map(_plain, diff.missing)),
        "unexpected": list(map(_plain, diff.unexpected)),
        "changed": changed,
        "misplaced": [{"row": n + 1, "expected": _plain(a), "found": _plain(b)} for n, a, b in diff.misplaced],
    }


def _plain(value: Any) -> Any:
    """A value whose mappings have texts as keys, as those of JSON have."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return list(map(_plain, value)) if isinstance(value, list | tuple) else value
