"""Opening DuckDB so that it reads and writes only where it may."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from drawloom.engines import quote
from drawloom.model import refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect(
    threads: int, memory: str, folders: Iterable[Path], files: Iterable[Path | str], spill: Path | None
) -> DuckDBPyConnection:
    """An in-memory DuckDB that may touch these folders and files only, for good.

    ``memory`` is as DuckDB writes it ("4GB", "50%"); what does not fit goes to the folder ``spill``.

    Raises:
        InputError: the limits are none that DuckDB takes.
    """
    if threads < 1:
        raise refuse("bad-engine", f"threads == {threads}, must be at least 1.")
    config: dict[str, Any] = {
        "threads": threads,
        "async_threads": 0,  # with them DuckDB 2.0 hangs now and then when a COPY fails whose rows are being written
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        connection.execute(f"SET memory_limit = {quote.value(memory)}")
    except duckdb.Error as error:
        raise refuse("bad-engine", f"memory == {memory!r}, must be like 4GB or 50%: {error}") from error
    # A footer is read once for each version of a file: DuckDB looks at its time, and tasks compare versions besides.
    connection.execute("SET GLOBAL parquet_metadata_cache = true")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute(f"SET temp_directory = {quote.value(str(spill or ''))}")
    connection.execute(f"SET allowed_directories = {quote.values(map(str, folders))}")
    connection.execute(f"SET allowed_paths = {quote.values(map(str, files))}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection
