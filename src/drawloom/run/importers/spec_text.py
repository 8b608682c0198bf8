"""The text of a ``.sql`` spec: its header in the order in which people read it, and the SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from drawloom.specs.sql_file import dump_value

_ORDER = ("table", "description", "owner", "tags", "start", "until", "keep", "dialect", "columns", "cluster", "params")
_PLAIN = frozenset({"table", "description", "owner", "start", "until", "keep", "dialect", "schedule"})


def spec_text(header: Mapping[str, Any], sql: str, comments: Mapping[str, str] | None = None) -> str:
    """The text of a spec.

    Args:
        header: its keys; those without a value are left out.
        sql: the SELECT.
        comments: descriptions of columns without a type, which a spec cannot declare; they are kept as comments.
    """
    given = {key: value for key, value in header.items() if value not in (None, "", (), [], {})}
    keys = [*(key for key in _ORDER if key in given), *(key for key in given if key not in _ORDER)]
    lines = "".join(_dump(key, given[key]) for key in keys)
    said = "".join(f"# {name}: {' '.join(text.split())}\n" for name, text in (comments or {}).items())
    above = f"# Columns; declare them with their types under `columns`:\n{said}" if said else ""
    return f"/* drawloom\n{lines}{above.replace('*/', '* /')}*/\n{sql.strip()}\n"


def _dump(key: str, value: Any) -> str:
    if key in _PLAIN and not isinstance(value, Mapping):
        return dump_value(key, value)
    text = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    if "*/" in text:  # the header ends at the first one
        text = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=10**9, default_style='"')
        text = text.replace("*/", "*\\/")
    return text
