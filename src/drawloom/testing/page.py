"""The law of pages: each part can be drawn for every choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from drawloom.frameworks.page import Chart, Compute, Page, drawn_columns
from drawloom.run.pages import make_page
from drawloom.run.project import Project
from drawloom.testing.laws import BrokenLawError


def check_page(project: Project, name: str, chosen: Mapping[str, str]) -> Page:
    """Run each query of a page and check that it has the columns that are drawn; return the page.

    Args:
        project: whose tables are filled.
        name: of a pipeline.
        chosen: what the viewer has chosen.

    Raises:
        BrokenLawError: a part of the page cannot be drawn.
    """
    choice = " with " + ", ".join(f"{key}={value}" for key, value in chosen.items()) if chosen else ""
    with _part(f"the page of {name}{choice}"):
        page, _ = make_page(project, name, chosen)
    if page.verdict:
        with _part(f"the verdict of {name}{choice}"):
            rows = project.query(page.verdict.query).to_pylist()
            if rows:
                page.verdict.judge(rows)
    for fact in page.facts:
        _check_query(project, f"the fact {fact.label!r} of {name}{choice}", fact.query, {fact.value, fact.day})
    for block in page.blocks:
        what = "chart" if isinstance(block, Chart) else "table"
        part = f"the {what} {block.name!r} of {name}{choice}"
        _check_query(project, part, block.query, drawn_columns(block), block.compute)
    return page


def _check_query(project: Project, part: str, query: str, columns: set[str], compute: Compute | None = None) -> None:
    """Check that a query runs, and that it, or what is computed of its rows, has the columns that are drawn."""
    with _part(part):
        found = project.query(query)
        names = found.column_names
        if compute:
            rows = compute(found.to_pylist())
            names = list(rows[0]) if rows else sorted(columns)
    if missing := columns - {"", *names}:
        raise BrokenLawError("page", f"{part} lacks {', '.join(sorted(missing))}; its query gives {', '.join(names)}.")


@contextmanager
def _part(part: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a framework's own code may raise anything
        raise BrokenLawError("page", f"{part} raises {type(error).__name__}: {error}") from error
