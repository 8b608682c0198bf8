"""The SQL of a step as it runs for a day, in any dialect."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from drawloom.model import InputError, Schedule, Step

if TYPE_CHECKING:
    from drawloom.sql.catalog import Catalog


def rendered_sql(step: Step, schedule: Schedule, day: date, dialect: str, catalog: Catalog) -> str | None:
    """The SELECT of a step for a day; None for a Python step.

    Args:
        step: the step.
        schedule: of its pipeline.
        day: a day that the schedule fills.
        dialect: that of the text, which may be another than the step's.
        catalog: the columns of tables, as far as they are known.

    Raises:
        InputError: it cannot be rendered or translated; its problems have the step's file.
    """
    from drawloom.run.step_runner import render_step
    from drawloom.sql.catalog import column_types
    from drawloom.sql.dialect import transpile

    if step.sql is None:
        return None
    try:
        text = render_step(step, schedule, day, None, step.dialect).strip()
        if dialect == step.dialect:
            return text
        return transpile(text, step.dialect, dialect, column_types(catalog), day=day, pretty=True)
    except InputError as error:
        error.problems = tuple(replace(p, where=p.where if p.where.file else step.where) for p in error.problems)
        raise
