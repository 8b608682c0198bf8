"""Read a text: what it reads day by day, and what it writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from drawloom.model import Schedule
from drawloom.sql.catalog import Catalog
from drawloom.sql.parse import parse, refuse_other
from drawloom.sql.script import Script
from drawloom.sql.template import render

REFERENCE = date(2024, 7, 17)


def read(
    text: str,
    *,
    dialect: str = "duckdb",
    keys: tuple[str, ...] = ("ds",),
    catalog: Catalog | None = None,
    schedule: Schedule | None = None,
    target: str | None = None,
    params: Mapping[str, Any] | None = None,
    file: str | None = None,
) -> Script:
    """The script that a text is."""
    schedule = schedule or Schedule()
    refuse_other(text, file)
    day = schedule.interval(REFERENCE)[1]
    rendered = render(text, day, schedule=schedule, params=params, target=target)
    statements, _ = parse(rendered, dialect, file)
    return Script(text, dialect, rendered, day, statements, tuple(keys), schedule, catalog or {}, target, file)
