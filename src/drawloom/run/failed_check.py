"""What a failing data check reports: how many rows it found, and a few of them without personal data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from drawloom.model import KEY, Check, Column, Fix, Problem, Step

if TYPE_CHECKING:
    from drawloom.engines.base import Task

PII = "pii"  # the tag of columns whose values are not shown
HIDDEN = "***"
MAX_ROWS = 3
MAX_CHARACTERS = 300  # of a row
_FIX = Fix("Nothing was published; fix the SELECT or its input, or lower the check to severity: warn.")


ColumnsOf = Callable[[Step], Sequence[Column]]


def own_columns(step: Step) -> Sequence[Column]:
    """The columns of a step's table, as its spec has them."""
    return (*step.into.columns, *step.into.described)


def failed_check(
    task: Task, step: Step, check: Check, ds: date, sql: str, columns_of: ColumnsOf = own_columns
) -> Problem:
    """The problem of a check, at its own place.

    Args:
        task: where the partition is staged.
        step: the step that staged it.
        check: the check.
        ds: the day.
        sql: the SELECT of the rows that it finds.
        columns_of: the columns of the step's table with their tags.
    """
    columns = columns_of(step)
    ((count,),) = task.fetch(f"SELECT count(*) AS n FROM ({sql}) AS v")
    rows = task.query(f"{sql} LIMIT {MAX_ROWS}").to_pylist()
    shown = ", ".join(_row_text(row, _hidden_columns(columns, check, row)) for row in rows)
    found = f"{count:,} {'row' if count == 1 else 'rows'}{', such as' if count > len(rows) else ':'} {shown}"
    message = f"The check {check.name!r} failed for {ds}; it found {found}."
    where = check.where if check.where.file else step.where
    return Problem("check-failed", check.severity, message, where, _FIX if check.severity == "error" else None)


def _hidden_columns(columns: Sequence[Column], check: Check, row: Mapping[str, Any]) -> Collection[str]:
    """The columns of a check's result whose values are not shown: the tagged ones, and what may be made of them.

    A result that is not a column of the table is shown where it is a number and the check's SQL names no tagged column.
    """
    tagged = {column.name.lower() for column in columns if PII in column.tags}
    if not tagged:
        return ()
    public = {column.name.lower() for column in columns} - tagged | {KEY}
    others = [name for name in row if name.lower() not in public | tagged]
    names_tagged = not check.by_row and bool(tagged & {word.lower() for word in re.findall(r"\w+", check.sql)})
    unsure = {name for name in others if names_tagged or not isinstance(row[name], int | float)}
    return unsure | {name for name in row if name.lower() in tagged}


def _row_text(row: Mapping[str, Any], hidden: Collection[str]) -> str:
    values = {name: HIDDEN if name in hidden and value is not None else value for name, value in row.items()}
    return json.dumps(values, default=str, ensure_ascii=False)[:MAX_CHARACTERS]
