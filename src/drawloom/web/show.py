"""The page of a spec, a table or a family: whatever its framework says it is, drawn."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from drawloom.frameworks.page import Block, Chart, DataColumn, DataTable, Judgement
from drawloom.frameworks.page_text import Row
from drawloom.model import InputError, refuse
from drawloom.run.pages import PageData, find_block, make_page
from drawloom.run.plan import State
from drawloom.run.spec_files import editable_file
from drawloom.web.context import TheSite
from drawloom.web.draw.charts import Drawing, draw_chart, legend
from drawloom.web.draw.sparkline import sparkline
from drawloom.web.draw.styles import svg_file
from drawloom.web.preview import require_preview
from drawloom.web.site import GOOD, Status, fresh_until
from drawloom.web.templating import render

router = APIRouter(prefix="/show")
NEVER_RUN = Judgement("Never run yet: there is nothing to show before its first partition.", "unknown")
MOST_ROWS = 200  # of a table on a page; the CSV has all


@dataclass(frozen=True, slots=True)
class Drawn:
    """A block with what is drawn of it."""

    block: Block
    rows: Sequence[Row]
    columns: Sequence[DataColumn]
    drawing: Drawing | None = None

    @property
    def wide(self) -> bool:
        """Whether it takes the whole width of the page."""
        return self.drawing.wide if self.drawing else len(self.columns) > 4

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Colours and labels of a chart."""
        return list(legend(self.block)) if isinstance(self.block, Chart) else []


@dataclass(frozen=True, slots=True)
class Freshness:
    """Until when the data of a page is fresh, and how many partitions are in another state, with the first table that has some."""

    until: str
    others: Sequence[tuple[State, int, str]]


@router.get("/{name}")
def show(request: Request, site: TheSite, name: str) -> Response:
    """The page of a pipeline, one of its tables, or a family. Query parameters are its choices."""
    choices = chosen(request)
    try:
        data, not_run = site.page(name, choices), False
    except InputError as error:
        if error.problems[0].code != "no-partition":
            raise
        data, not_run = PageData(make_page(site.project, name, choices)[0], NEVER_RUN, (), ()), True
    pipeline = next((p for p in site.project.pipelines if name in {p.name, *p.tables}), None)
    family = site.project.compiled.families.get(name.lower())
    tables = [member.table for member in family.members] if family else list(pipeline.tables) if pipeline else []
    return render(
        request,
        "show.html",
        name=name,
        page=data.page,
        data=data,
        pipeline=pipeline,
        not_run=not_run,
        file=editable_file(pipeline),
        freshness=freshness_of(site.status, tables),
        drawn=[_draw(block, rows) for block, rows in data.blocks],
        sparkline=sparkline,
        choices=choices,
        most=MOST_ROWS,
    )


@router.get("/{name}/{block}.csv")
def show_csv(request: Request, site: TheSite, name: str, block: str) -> Response:
    """All rows of a chart or a table as CSV."""
    found = find_block(make_page(site.project, name, chosen(request))[0], block)
    if isinstance(found, DataTable) and found.raw:
        require_preview(site)
    rows = site.block_rows(name, chosen(request), block)
    text = io.StringIO()
    if rows:
        writer = csv.writer(text)
        writer.writerows([_csv_value(value) for value in line] for line in (rows[0], *(row.values() for row in rows)))
    return _file(text.getvalue(), f"{name}-{block}.csv", "text/csv")


@router.get("/{name}/{block}.sql")
def show_sql(request: Request, site: TheSite, name: str, block: str) -> Response:
    """The query of a chart or a table."""
    found = find_block(make_page(site.project, name, chosen(request))[0], block)
    return PlainTextResponse(found.query + "\n")


@router.get("/{name}/{block}.svg")
def show_svg(request: Request, site: TheSite, name: str, block: str) -> Response:
    """A chart as a picture."""
    found = find_block(make_page(site.project, name, chosen(request))[0], block)
    rows = site.block_rows(name, chosen(request), block) if isinstance(found, Chart) else ()
    if not isinstance(found, Chart) or not rows:
        raise refuse("unknown-name", f"chart == {block!r}, must be a chart of the page that has rows.")
    return _file(svg_file(draw_chart(found, rows).svg), f"{name}-{block}.svg", "image/svg+xml")


def freshness_of(status: Status, tables: Sequence[str]) -> Freshness:
    """How fresh the data of a page is: until which day all of its tables are, and what of them is not."""
    found = [status.tables[table] for table in tables if table in status.tables]
    bad = [(one.table, state, n) for one in found for state, n in one.counts.items() if state not in GOOD]
    counts: dict[State, tuple[int, str]] = {}
    for table, state, n in bad:
        counts[state] = counts.get(state, (0, table))[0] + n, table if state not in counts else counts[state][1]
    return Freshness(fresh_until(found), [(state, n, table) for state, (n, table) in counts.items()])


def chosen(request: Request) -> dict[str, str]:
    """The choices in an address; a form sends what is not chosen as an empty text."""
    return {name: value for name, value in request.query_params.items() if value}


def _draw(block: Block, rows: Sequence[Row]) -> Drawn:
    if isinstance(block, DataTable):
        columns = block.columns or tuple(DataColumn(key) for key in (rows[0] if rows else ()))
        return Drawn(block, rows, columns)
    drawing = draw_chart(block, rows) if rows else None
    return Drawn(block, drawing.rows if drawing else rows, chart_columns(block), drawing)


def chart_columns(chart: Chart) -> Sequence[DataColumn]:
    """The columns of the table under a chart."""
    found = [DataColumn(chart.y)] if chart.y else []
    if chart.form != "forest":
        found.append(DataColumn(chart.x))
    if chart.value:
        return [*found, DataColumn(chart.value, format=chart.format if chart.form == "heatmap" else "text")]
    for one in chart.series:
        found.append(DataColumn(one.column, one.label, chart.format))
        found += [DataColumn(key, label, chart.format) for key, label in ((one.low, "low"), (one.high, "high")) if key]
    return found


def _csv_value(value: Any) -> Any:
    """A value for a spreadsheet: a text that would be read as a formula gets a quote in front."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


def _file(text: str, name: str, kind: str) -> Response:
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in name)
    return Response(text, media_type=kind, headers={"content-disposition": f'attachment; filename="{safe}"'})
