"""DuckDB in memory, in which states are merged whatever engine made them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def memory() -> Iterator[DuckDBPyConnection]:
    """A connection to an empty database; each has its own tables."""
    with _database(os.getpid()).cursor() as cursor:
        yield cursor


@lru_cache(maxsize=1)
def _database(process: int) -> DuckDBPyConnection:  # noqa: ARG001 - one for each: it must not be used after a fork
    """Opened once, as that takes longer than most merges; without threads, of which small queries gain nothing."""
    import duckdb

    return duckdb.connect(config={"threads": 1})
