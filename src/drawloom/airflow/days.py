"""Which days a run of Airflow is to fill, and where its project is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from drawloom.airflow.connections import engine_from_connection, from_connection

if TYPE_CHECKING:
    from drawloom.airflow.site import Site
    from drawloom.model import DrawloomError

WIDTH = 100  # characters of a line of a log that can be read without scrolling


@contextmanager
def site_of(task: BaseOperator) -> Iterator[Site]:
    """The project of a task, from the plan beside the file that its DAG was read from.

    Bad input fails the task at once: trying again would not help.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from drawloom.airflow.site import Site, folder_of
    from drawloom.model import InputError

    dag = task.dag
    assert dag is not None, task
    try:
        with closing(Site(folder_of(dag.fileloc))) as site:
            for name in site.unset():
                from_connection(name)
            engine_from_connection(site.settings.engine)
            yield site
    except InputError as error:
        task.log.error("%s", "\n".join(_lines(error)))  # noqa: TRY400 - Airflow shows the exception itself
        raise AirflowFailException(error.problems[0].message) from None


def _lines(error: DrawloomError) -> Iterator[str]:
    """What is wrong in lines that the log's page shows whole."""
    for problem in error.problems:
        place = f"{problem.where}: " if problem.where.file else ""
        yield from wrap(f"{place}{problem.message}", WIDTH)
        yield from wrap(problem.fix.title, WIDTH) if problem.fix else ()


def days_to_fill(context: Context, site: Site, pipeline: str) -> list[date]:
    """The day that the run's partition key names; or the range of its parameters; or the newest day there is, up to
    its logical date if it has one.

    Raises:
        InputError: the key is no day, or the range has one end only or is turned round.
    """
    from drawloom.model import refuse

    first, last = _range(context)
    key = context.get("partition_key")
    if first and last and not key:
        return site.run_days(pipeline, first, last)
    if first or last:
        message = f"from == {first}, to == {last}, partition key == {key}: must be both ends of a range, or a key."
        raise refuse("bad-range", message, None, "Give `from` and `to` without a partition key, or a key alone.")
    if not key:
        moment = context.get("logical_date")
        return [site.last_day(pipeline, moment.astimezone(site.settings.zone).date() if moment else None)]
    try:
        return [date.fromisoformat(key)]
    except ValueError:
        message = f"partition key == {key!r}, must be the day to fill, like 2026-01-31."
        raise refuse("bad-key", message, None, "Trigger the DAG with such a key.") from None


def is_range(context: Context) -> bool:
    """Whether the run fills a range, of which fresh days are left alone unless it says ``force``."""
    return any(_range(context))


def _range(context: Context) -> tuple[date | None, date | None]:
    params: Any = context.get("params") or {}
    first, last = (params.get(key) for key in ("from", "to"))
    return (date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None)
