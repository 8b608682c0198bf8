"""A test as YAML: rows on a line each, in flow style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import yaml

Rows = Sequence[Mapping[str, Any]]


def yaml_text(
    name: str,
    ds: date,
    given: Mapping[str, Rows | Mapping[date, Rows]],
    expect: Mapping[str, Rows],
    *,
    comments: Iterable[str] = (),
    checks: bool = True,
) -> str:
    """The text of one test.

    Args:
        name: its name.
        ds: its day.
        given: the rows of each input, or those by day.
        expect: the rows that must come out.
        comments: lines above it.
        checks: whether the data checks run, too.
    """
    lines = [*(f"# {comment}" for comment in comments), f"{name}:", f"  ds: {ds}"]
    if not checks:
        lines.append("  checks: false")
    if given:
        lines.append("  given:")
    for table, rows in given.items():
        lines.append(f"    {table}:")
        if isinstance(rows, Mapping):
            for day, of_day in rows.items():
                lines += [f"      {day}:", *(f"        - {_flow(row)}" for row in of_day)]
        else:
            lines += [f"      - {_flow(row)}" for row in rows]
    lines.append("  expect:")
    for table, rows in expect.items():
        lines += [f"    {table}:", *(f"      - {_flow(row)}" for row in rows)]
    return "\n".join(lines) + "\n"


def _flow(row: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(
        plain_value(row), default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False
    )
    return text.strip().removesuffix("...").strip()


def plain_value(value: Any) -> Any:
    """A value as YAML can write it, such that it is read as the same one."""
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, Decimal):
        return float(value) if Decimal(repr(float(value))) == value and "e" not in repr(float(value)) else str(value)
    if isinstance(value, UUID | time):
        return str(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None) if value.tzinfo is None else value
    return value
