"""A page as plain values, with what is known of the columns of its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drawloom.run.column_notes import columns_of_page
from drawloom.run.pages import PageData, page_json

if TYPE_CHECKING:
    from drawloom.run.project import Project


def page_with_columns(project: Project, name: str, page: PageData) -> dict[str, Any]:
    """A page as plain values, with the columns of its table; ``from`` are the columns that have said what is said of one."""
    _, rows = columns_of_page(project, name)
    columns = [
        {"name": r.name, "type": r.type, "description": r.description, "tags": r.tags, "from": r.noted_at} for r in rows
    ]
    return {**page_json(page), "columns": columns}
