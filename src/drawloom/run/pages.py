"""Pages with their rows: what every renderer (the terminal, the web, Superset, the docs) draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from drawloom.frameworks.base import framework_errors
from drawloom.frameworks.commands import Command, CommandContext
from drawloom.frameworks.page import (
    Block,
    Chart,
    DataTable,
    Fact,
    Judgement,
    Page,
    Row,
    Verdict,
    check_page,
    drawn_columns,
)
from drawloom.frameworks.stats.page import statistics_block
from drawloom.frameworks.stats.spec import STATS_FAMILY, stats_name
from drawloom.frameworks.table_page import family_page, table_page
from drawloom.model import InputError, Where, refuse
from drawloom.run.broken_specs import BrokenText

if TYPE_CHECKING:
    from drawloom.model import Pipeline
    from drawloom.run.project import Project


@dataclass(frozen=True, slots=True)
class FactValue:
    """A fact with its value. ``changes`` maps days ago -> relative change since then, None where unknown; ``history`` is oldest first."""

    fact: Fact
    value: Any
    day: date | None
    changes: Mapping[int, float | None]
    history: Sequence[Any]


@dataclass(frozen=True, slots=True)
class PageData:
    """A page, and the rows of everything on it."""

    page: Page
    verdict: Judgement | None
    facts: tuple[FactValue, ...]
    blocks: tuple[tuple[Block, Sequence[Row]], ...]


def make_page(project: Project, name: str, choices: Mapping[str, str]) -> tuple[Page, tuple[str, ...]]:
    """The page of a spec, a table or a family, and the tables that it shows.

    Raises:
        InputError: the name or a choice is unknown.
    """
    compiled = project.compiled
    if family := compiled.families.get(name.lower()):
        return check_page(family_page(family, choices)), tuple(member.table for member in family.members)
    pipeline = project.find(name)
    framework, spec = compiled.frameworks[pipeline.kind], compiled.specs[pipeline.name]
    with framework_errors(framework.kind, "page", pipeline.spec):
        page = framework.page(spec, choices) if framework.page else table_page(pipeline, choices)
    return check_page(_with_statistics(project, page, pipeline, name)), tuple(pipeline.tables)


def _with_statistics(project: Project, page: Page, pipeline: Pipeline, name: str) -> Page:
    """The page with the statistics of its table, where a spec watches that and has some."""
    table = next((one for one in pipeline.tables if one.lower() == name.lower()), pipeline.steps[-1].into.name)
    member = stats_name(table)
    family = project.compiled.families.get(STATS_FAMILY)
    is_watched = family is not None and any(one.table == member for one in family.members)
    if not is_watched or member not in project.registry.columns([member]):
        return page
    return replace(page, blocks=(*page.blocks, statistics_block(member)))


def load_page(project: Project, name: str, choices: Mapping[str, str], *, raw: bool = True) -> PageData:
    """The page of a pipeline, with its rows.

    Args:
        project: the project.
        name: the pipeline, one of its tables, or a family.
        choices: what the viewer has chosen, by name.
        raw: whether rows of tables are read as they are; without it only what is computed from them.

    Raises:
        InputError: the name or a choice is unknown, or none of its tables has a partition yet, and the page does not
            say what is true before.
    """
    page, tables = make_page(project, name, choices)
    if not _has_rows(project, page, name, tables):
        return PageData(page, Judgement(page.before, "unknown"), (), ())
    return _fill_page(project, page, raw=True) if raw else _fill_page(project, _without_rows(page), raw=False)


def find_block(page: Page, name: str) -> Block:
    """One chart or table of a page.

    Raises:
        InputError: it has none of this name.
    """
    found = next((one for one in page.blocks if one.name == name), None)
    if found is None:
        names = ", ".join(one.name for one in page.blocks)
        raise refuse("unknown-name", f"block == {name!r}, must be a part of the page.", None, f"There are: {names}.")
    return found


def load_block(project: Project, name: str, choices: Mapping[str, str], block: str) -> Sequence[Row]:
    """The rows of one chart or table of a page: no other query of the page is asked.

    Raises:
        InputError: the name, a choice or the block is unknown, or none of its tables has a partition yet.
    """
    page, tables = make_page(project, name, choices)
    found = find_block(page, block)
    if not _has_rows(project, page, name, tables):
        return ()
    return _fill_page(project, replace(page, verdict=None, facts=(), blocks=(found,))).blocks[0][1]


def _has_rows(project: Project, page: Page, name: str, tables: Sequence[str]) -> bool:
    """Whether the tables of a page have what it shows; False where it says itself what is true before.

    Raises:
        InputError: none of them has a partition, and the page does not say what is true before.
    """
    snapshot = project.snapshot(tables)
    filled = [table for table in tables if snapshot.days(table)]
    if page.before and len(filled) < len(tables):
        return False
    if not filled:
        raise refuse("no-partition", f"{name} has no partitions yet.", fix=f"drawloom run {name}")
    return True


def _without_rows(page: Page) -> Page:
    """The page with an explanation in the place of rows as they are in a table."""
    hidden = "Rows are not shown here: ui.allow_preview is false in drawloom.yml."
    blocks = (replace(one, empty=hidden) if isinstance(one, DataTable) and one.raw else one for one in page.blocks)
    return replace(page, blocks=tuple(blocks))


def load_command(project: Project, command: Command, name: str, texts: Mapping[str, str | None]) -> PageData:
    """What a framework's command shows.

    Args:
        project: the project.
        command: the command.
        name: what it is about, such as a spec.
        texts: its options as they were given; None for those that were not.

    Raises:
        InputError: an option, or what the command makes of the name; the errors of the spec of that name, if it has some.
    """
    values, left_out = command.values(texts), project.left_out
    broken = BrokenText(project.config.root, left_out).file_of(name)
    if broken:
        raise InputError(*left_out[broken])
    specs = [spec for spec in project.compiled.specs.values() if spec.where.file not in left_out]
    context = CommandContext(specs, lambda table: sorted(project.snapshot([table]).days(table)))
    with framework_errors(command.name, "command", Where()):
        page = check_page(command.page(context, name, values))
    return _fill_page(project, page)


def _fill_page(project: Project, page: Page, *, raw: bool = True) -> PageData:
    """The page with its rows, raw ones only where that is said; each query is asked once."""

    @cache
    def rows(query: str) -> list[dict[str, Any]]:
        found = project.query(query).to_pylist()
        return [{name: _plain_value(value) for name, value in row.items()} for row in found]

    def block_rows(block: Block) -> Sequence[Row]:
        if isinstance(block, DataTable) and block.raw and not raw:
            return ()
        found = rows(block.query)
        return _with_drawn_columns(block, block.compute(found) if block.compute else found)

    with framework_errors(page.title, "page", Where()):
        return PageData(
            page,
            _judge(page.verdict, rows(page.verdict.query)) if page.verdict else None,
            tuple(_fact_value(fact, rows(fact.query)) for fact in page.facts),
            tuple((block, block_rows(block)) for block in page.blocks),
        )


def _with_drawn_columns(block: Block, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows, if they have the columns that are drawn."""
    missing = drawn_columns(block) - set(rows[0]) if rows else set()
    if missing:
        message = f"{block.name}: the query of this part of the page does not return {', '.join(sorted(missing))}."
        raise refuse("bad-page", message, None, f"It returns {', '.join(rows[0])}.")
    return rows


def _plain_value(value: Any) -> Any:
    """A value that can be drawn and is JSON: sums of integers come as decimals, and NaN and infinity are no numbers."""
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, Decimal | float) and not math.isfinite(value):
        return None
    return value


def _judge(verdict: Verdict, rows: Sequence[Row]) -> Judgement:
    return verdict.judge(rows) if rows else Judgement(verdict.empty, "unknown")


def _fact_value(fact: Fact, rows: Sequence[Row]) -> FactValue:
    if not rows:
        return FactValue(fact, None, None, {}, ())
    last = rows[-1]
    by_day: dict[date, Any] = {row[fact.day]: row[fact.value] for row in rows} if fact.day else {}
    changes = {
        days: _relative_change(by_day.get(last[fact.day] - timedelta(days=days)), last[fact.value])
        for days in fact.compare
    }
    return FactValue(
        fact,
        last[fact.value],
        last[fact.day] if fact.day else None,
        changes,
        [row[fact.value] for row in rows] if fact.day else (),
    )


def _relative_change(before: Any, now: Any) -> float | None:
    numbers = isinstance(before, int | float) and isinstance(now, int | float)
    return (now - before) / before if numbers and before else None


def page_json(data: PageData) -> dict[str, Any]:
    """The page as plain values, with the query and the rows of each part."""
    page = data.page
    return {
        "title": page.title,
        "description": page.description,
        "choices": [
            {"name": c.name, "label": c.label, "value": c.value, "values": list(c.values)} for c in page.choices
        ],
        "verdict": {"text": data.verdict.text, "tone": data.verdict.tone} if data.verdict else None,
        "facts": [_fact_json(value) for value in data.facts],
        "blocks": [_block_json(block, rows) for block, rows in data.blocks],
    }


def _fact_json(value: FactValue) -> dict[str, Any]:
    return {
        "label": value.fact.label,
        "value": value.value,
        "format": value.fact.format,
        "note": value.fact.note,
        "day": value.day,
        "changes": {f"{days}d": change for days, change in value.changes.items()},
        "history": list(value.history),
        "query": value.fact.query,
    }


def _block_json(block: Block, rows: Sequence[Row]) -> dict[str, Any]:
    common = {
        "name": block.name,
        "title": block.title,
        "caption": block.caption,
        "query": block.query,
        "rows": list(rows),
    }
    if isinstance(block, Chart):
        series = [
            {"column": s.column, "label": s.label, "colour": s.colour, "below": s.below, "adds_up": s.adds_up}
            for s in block.series
        ]
        return {**common, "form": block.form, "x": block.x, "y": block.y, "value": block.value, "series": series}
    return {**common, "form": "table", "columns": [{"name": c.name, "label": c.label} for c in block.columns]}
