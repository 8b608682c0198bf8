"""Records: what the registry stores about each partition that was produced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from drawloom.model.hashing import digest
from drawloom.model.slices import Slices

Inputs = Mapping[str, Mapping[str, str]]
LANDED = "land"  # the code of partitions that were landed from raw files, which no step computes


@dataclass(frozen=True, slots=True)
class Record:
    """One partition of one table, as the registry has it; the metadata of its file repeats it.

    ``run`` is the id of the write. ``content`` is a hash of the rows that does not depend on their order.
    ``code`` is the step's fingerprint. ``inputs`` maps table -> day (ISO; '' for a table without days) ->
    the content hash that was read; ``inputs_digest`` is one hash of them all. ``stamp`` (size and time of the file)
    changes when another process replaces the file. ``engine`` wrote it. ``seconds`` is how long that took. ``slices`` are known
    where its table is sliced, and DuckDB wrote it.
    """

    table: str
    ds: date
    run: str
    rows: int
    bytes: int
    content: str
    code: str
    inputs_digest: str = ""
    inputs: Inputs = field(default_factory=dict)
    at: datetime | None = None
    seconds: float = 0.0
    stamp: str = ""
    engine: str = "duckdb"
    slices: Slices | None = None

    @property
    def is_landed(self) -> bool:
        """Whether it was landed from raw files: nothing can compute it again."""
        return self.code == LANDED


def inputs_digest(inputs: Inputs) -> str:
    """One hash of what was read: equal for equal inputs in any order."""
    return digest(f"{table} {ds} {inputs[table][ds]}" for table in sorted(inputs) for ds in sorted(inputs[table]))


def add_own_days(inputs: Inputs, table: str, contents: Mapping[str, str]) -> Inputs:
    """The inputs of a day, with the content hashes of earlier days of its own table, written in the same pass."""
    return {**inputs, table: {**inputs.get(table, {}), **contents}} if contents else inputs
