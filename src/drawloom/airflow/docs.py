"""The page of a DAG: what the pipeline is, its steps, what they read, and the spec it was compiled from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from urllib.parse import quote

from drawloom.model import Pipeline, Read, Step

LONGEST = 20_000  # characters of a spec that are shown
PICTURE = "/drawloom/lineage/{dag}.svg"  # drawn by our plugin in Airflow's own server
_LANGUAGES = {".sql": "sql", ".yml": "yaml", ".yaml": "yaml", ".py": "python"}


def page(pipeline: Pipeline, dag: str, spec: str, text: str) -> str:
    """Markdown, as Airflow shows it: in a narrow box, without HTML, and with pictures from a server only."""
    return "\n".join(_parts(pipeline, dag, spec, text)).strip() + "\n"


def _parts(pipeline: Pipeline, dag: str, spec: str, text: str) -> Iterator[str]:
    if pipeline.description:
        yield f"{pipeline.description.strip()}\n"
    yield "Each run fills the day that its partition key names. A run with `from` and `to` fills a range of days at once:"
    yield "those that are missing or out of date, or all of them with `force`.\n"
    yield f"![What comes from what]({PICTURE.format(dag=quote(dag))})\n"
    for step in pipeline.order:
        yield f"- **{step.name}**{_table(step)} reads {', '.join(_reads(step)) or 'nothing'}.{_kept(step)}"
    yield ""
    if text:
        yield f"The spec, `{spec}`:\n"
        yield f"```{_LANGUAGES.get(PurePath(spec).suffix, 'text')}\n{text[:LONGEST].rstrip()}\n```"


def _table(step: Step) -> str:
    return "" if step.name == step.into.name else f" fills `{step.into.name}`,"


def _kept(step: Step) -> str:
    if step.into.keep is None:
        return ""
    return f" Kept for {step.into.keep} days" + (", month ends for ever." if step.into.keep_month_ends else ".")


def _reads(step: Step) -> Iterator[str]:
    for read in sorted(step.reads, key=lambda read: read.table):
        yield f"`{read.table}` {days_of(read)}".strip()


def days_of(read: Read) -> str:
    """The days of a read, in words."""
    if read.how == "all":
        return "(all days)"
    if read.how == "calendar":
        return "(by the calendar)"
    if read.how == "fixed":
        return "(fixed days)"
    return "" if str(read.days) == "0" else f"(days {read.days})"
