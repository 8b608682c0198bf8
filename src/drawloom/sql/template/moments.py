"""Finds what a template says about moments, which lie elsewhere in UTC where days begin in another time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drawloom.sql.template.tags import tag_spans

_MOMENTS = re.compile(
    r"\b(?:data_interval_start|data_interval_end|logical_date|(?:prev_|next_)?execution_date|ts|ts_nodash_with_tz|run_id)\b"
)


def moments(source: str, macros: str = "") -> Iterator[str]:
    """The tags of a text that name a moment of its run, and the names of those in its macros."""
    for start, end in tag_spans(source):
        if not source.startswith("{#", start) and _MOMENTS.search(source, start, end):
            yield source[start:end]
    for start, end in tag_spans(macros):
        if found := _MOMENTS.search(macros, start, end):
            yield found[0]
