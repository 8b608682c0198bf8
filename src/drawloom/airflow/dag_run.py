"""The DAG run of a task: the days to fill, and its project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from drawloom.airflow.connections import set_engine_from_connection, set_from_connection

if TYPE_CHECKING:
    from drawloom.airflow.deployed_project import DeployedProject
    from drawloom.model import DrawloomError

LOG_WIDTH = 100  # characters that Airflow's log page shows without scrolling


@contextmanager
def open_deployed_project(task: BaseOperator) -> Iterator[DeployedProject]:
    """The project of a task, from the plan beside the file that its DAG was loaded from.

    Bad input fails the task at once, without retries: they would not help.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from drawloom.airflow.deployed_project import DeployedProject, plan_folder
    from drawloom.model import InputError

    dag = task.dag
    assert dag is not None, task
    try:
        with closing(DeployedProject(plan_folder(dag.fileloc))) as project:
            for name in project.missing_variables():
                set_from_connection(name)
            set_engine_from_connection(project.settings.engine)
            yield project
    except InputError as error:
        task.log.error("%s", "\n".join(_lines(error)))  # noqa: TRY400 - Airflow shows the exception itself
        raise AirflowFailException(error.problems[0].message) from None


def _lines(error: DrawloomError) -> Iterator[str]:
    """The problems, wrapped for the log page."""
    for problem in error.problems:
        place = f"{problem.where}: " if problem.where.file else ""
        yield from wrap(f"{place}{problem.message}", LOG_WIDTH)
        yield from wrap(problem.fix.title, LOG_WIDTH) if problem.fix else ()


def days_to_fill(context: Context, project: DeployedProject, pipeline: str) -> list[date]:
    """The days that a DAG run has to fill.

    That is the day of its partition key, or the range in its parameters, or else the newest day of the project, up to
    the logical date of the run if it has one.

    Raises:
        InputError: the key is not a day, or the range has only one end or no partition in it.
    """
    from drawloom.model import refuse

    first, last = _range(context)
    key = context.get("partition_key")
    if first and last and not key:
        return project.run_days(pipeline, first, last)
    if first or last:
        message = f"from == {first}, to == {last}, partition key == {key}: must be both ends of a range, or a key."
        raise refuse("bad-range", message, None, "Give `from` and `to` without a partition key, or a key alone.")
    if not key:
        moment = context.get("logical_date")
        return [project.last_day(pipeline, moment.astimezone(project.settings.zone).date() if moment else None)]
    try:
        return [date.fromisoformat(key)]
    except ValueError:
        message = f"partition key == {key!r}, must be the day to fill, like 2026-01-31."
        raise refuse("bad-key", message, None, "Trigger the DAG with such a key.") from None


def is_range(context: Context) -> bool:
    """Whether the run fills a range. Fresh days of a range are skipped unless ``force`` is set."""
    return any(_range(context))


def _range(context: Context) -> tuple[date | None, date | None]:
    params: Any = context.get("params") or {}
    first, last = (params.get(key) for key in ("from", "to"))
    return (date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None)
