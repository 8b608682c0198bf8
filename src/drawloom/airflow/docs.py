"""The page of a DAG: what the pipeline is, its steps, what they read, and the spec it was compiled from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from drawloom.model import Pipeline, Read, Step

LONGEST = 20_000  # characters of a spec that are shown
_LANGUAGES = {".sql": "sql", ".yml": "yaml", ".yaml": "yaml", ".py": "python"}


def page(pipeline: Pipeline, spec: str, text: str) -> str:
    """Markdown, as Airflow shows it; it shows neither HTML nor pictures that are not on a server."""
    return "\n".join(_parts(pipeline, spec, text)).strip() + "\n"


def _parts(pipeline: Pipeline, spec: str, text: str) -> Iterator[str]:
    if pipeline.description:
        yield f"{pipeline.description.strip()}\n"
    yield "Each run fills one day: the one that its partition key names. A run with `from` and `to` fills a range of days"
    yield "at once, and only those that are missing or out of date, unless `force` is set.\n"
    yield "| step | fills | reads |"
    yield "|---|---|---|"
    for step in pipeline.order:
        yield f"| `{step.name}` | `{step.into.name}`{_kept(step)} | {', '.join(_reads(step)) or 'nothing'} |"
    yield ""
    yield "```text"
    yield from _lineage(pipeline)
    yield "```\n"
    if text:
        yield f"The spec, `{spec}`:\n"
        yield f"```{_LANGUAGES.get(PurePath(spec).suffix, 'text')}\n{text[:LONGEST].rstrip()}\n```"


def _kept(step: Step) -> str:
    if step.into.keep is None:
        return ""
    return f", kept {step.into.keep} days" + (" and month ends" if step.into.keep_month_ends else "")


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


def _lineage(pipeline: Pipeline) -> Iterator[str]:
    """Lines of tables: each step below what it reads."""
    own = pipeline.tables
    outside = sorted({read.table for step in pipeline.steps for read in step.reads if read.table not in own})
    width = max((len(name) for name in outside), default=0)
    for step in pipeline.order:
        names = sorted({read.table for read in step.reads if read.table != step.into.name})
        past = "  (and its own past)" if step.past else ""
        yield f"{', '.join(names) or '(nothing)':<{width}}  ->  {step.into.name}{past}"
