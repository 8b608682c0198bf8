"""What is known about one partition that was produced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from drawloom.model.pipeline import digest

Inputs = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Record:
    """One partition of one table, as the registry knows it and its file's metadata repeats.

    ``run`` is the id of the write. ``content`` is a hash of the rows that does not depend on their order.
    ``code`` is the step's fingerprint. ``inputs`` maps table -> day (ISO; '' for a table without days) ->
    the content hash that was read, and ``seen`` is their digest. ``stamp`` tells the file from one written by somebody else (size and mtime).
    ``engine`` wrote it.
    """

    table: str
    ds: date
    run: str
    rows: int
    bytes: int
    content: str
    code: str
    seen: str = ""
    inputs: Inputs = field(default_factory=dict)
    at: datetime | None = None
    seconds: float = 0.0
    stamp: str = ""
    engine: str = "duckdb"


def seen(inputs: Inputs) -> str:
    """The digest of what was read: equal for equal inputs in any order."""
    return digest(f"{table} {ds} {inputs[table][ds]}" for table in sorted(inputs) for ds in sorted(inputs[table]))
