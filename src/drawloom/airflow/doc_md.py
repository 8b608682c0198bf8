"""The documentation page of a DAG (``doc_md``): description, steps, what they read, and the spec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from drawloom.model import Pipeline, Read, Step
from drawloom.model.day_rules import rule_text

MAX_SPEC = 20_000  # characters of a spec that are shown
_LANGUAGES = {".sql": "sql", ".yml": "yaml", ".yaml": "yaml", ".py": "python"}


def dag_page(pipeline: Pipeline, spec: str, text: str) -> str:
    """The page as Markdown. Airflow renders it in a narrow box, without HTML.

    Args:
        pipeline: the pipeline of the DAG.
        spec: the path of its spec.
        text: the text of its spec.
    """
    return "\n".join(_parts(pipeline, spec, text)).strip() + "\n"


def _parts(pipeline: Pipeline, spec: str, text: str) -> Iterator[str]:
    if pipeline.description:
        yield f"{pipeline.description.strip()}\n"
    yield "Each run fills the day that its partition key names. A run with `from` and `to` fills a range of days at once:"
    yield "those that are missing or out of date, or all of them with `force`.\n"
    for step in pipeline.order:
        yield f"- **{step.name}**{_table(step)} reads {', '.join(_reads(step)) or 'nothing'}.{_kept(step)}"
    yield ""
    if text:
        yield f"The spec, `{spec}`:\n"
        yield f"```{_LANGUAGES.get(PurePath(spec).suffix, 'text')}\n{text[:MAX_SPEC].rstrip()}\n```"


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
    """The days of a read in words, such as ``(all days)``."""
    if read.how == "all":
        return "(all days)"
    if read.how == "calendar" and not read.calendar:
        return "(by the calendar)"
    if read.how in {"calendar", "fixed"}:
        return f"({rule_text(read)})"
    return "" if str(read.days) == "0" else f"(days {read.days})"
