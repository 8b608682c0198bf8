"""Which pipelines and tables a search finds."""

from __future__ import annotations

from collections.abc import Iterable

from drawloom.model import Pipeline


def matches(
    pipeline: Pipeline, tables: Iterable[str], text: str, owner: str = "", kind: str = "", tag: str = ""
) -> bool:
    """Whether every word is somewhere in what names the pipeline and these tables, and owner, kind and tag fit."""
    words = " ".join([pipeline.name, pipeline.description, pipeline.owner, *pipeline.tags, *tables]).lower()
    return (
        all(word in words for word in text.lower().split())
        and owner in {"", pipeline.owner}
        and kind in {"", pipeline.kind}
        and tag in {"", *pipeline.tags}
    )
