"""Everything that is found out about a text in the editor: the draft, where its columns come from, its SQL for a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from drawloom.model import DrawloomError, Pipeline, Step, errors
from drawloom.run.draft import Draft, read_draft
from drawloom.run.rendered import rendered_sql
from drawloom.run.step_columns import step_lineage

if TYPE_CHECKING:
    from drawloom.run.project import Project
    from drawloom.sql.column_lineage import ColumnLineage

ENGINES = ("duckdb", "spark", "trino")


@dataclass(frozen=True, slots=True)
class Study:
    """A draft with what is told of it.

    ``rendered`` has for each dialect the SQL of ``day``, and why it cannot be translated. ``lineage`` is None where there is
    not one step whose SQL people write.
    """

    draft: Draft
    day: date
    lineage: ColumnLineage | None = None
    rendered: tuple[tuple[str, str, str], ...] = ()


def study_text(project: Project, text: str, file: str, day: str, beside: Sequence[Draft] = ()) -> Study:
    """What a text would be as a spec.

    Args:
        project: whose other specs, tables and settings.
        text: the text of the spec.
        file: its file.
        day: for which its SQL is shown; the newest of the history where it is none.
        beside: drafts of other files, whose tables it may read as if they were saved.
    """
    draft = read_draft(project, text, file, beside)
    step, shown = only_step(draft.pipelines), _day(project, draft.pipelines, day)
    if step is None:
        return Study(draft, shown)
    pipeline = draft.pipelines[0]
    rendered: tuple[tuple[str, str, str], ...] = ()
    if not errors(draft.problems):
        dialects = dict.fromkeys((step.dialect, *ENGINES))
        rendered = tuple(_rendered(project, pipeline, step, shown, dialect) for dialect in dialects)
    return Study(draft, shown, step_lineage(project, pipeline, step), rendered)


def only_step(pipelines: tuple[Pipeline, ...]) -> Step | None:
    """The one step of pipelines, where there is one with SQL that people write."""
    steps = [step for pipeline in pipelines for step in pipeline.steps]
    return steps[0] if len(steps) == 1 and steps[0].sql is not None else None


def _day(project: Project, pipelines: tuple[Pipeline, ...], text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = project.history.end
    try:
        return pipelines[0].schedule.last_run_day(day) if pipelines else day
    except OverflowError:
        return project.history.end


def _rendered(project: Project, pipeline: Pipeline, step: Step, day: date, dialect: str) -> tuple[str, str, str]:
    try:
        return dialect, rendered_sql(step, pipeline.schedule, day, dialect, project.catalog) or "", ""
    except DrawloomError as error:
        return dialect, "", " ".join(problem.message for problem in error.problems)
