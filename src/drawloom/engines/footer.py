"""What a Parquet file says of itself in its footer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from drawloom.model import Column, Problem, RunError

PREFIX = "drawloom."
COLUMNS = "columns"


@dataclass(frozen=True, slots=True)
class Footer:
    """The number of rows, and the ``drawloom.*`` metadata without the prefix; empty in a foreign file."""

    rows: int
    meta: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Column, ...] | None:
        """The columns as DuckDB types, None in a foreign file."""
        text = self.meta.get(COLUMNS)
        return None if text is None else parse_columns(text)


def read_footer(path: Path | str) -> Footer:
    """The footer of a file.

    Raises:
        RunError: the file is not there, or is not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise corrupt(path, error) from error
    pairs = ((key.decode(), text.decode()) for key, text in (found.metadata or {}).items())
    return Footer(found.num_rows, {key[len(PREFIX) :]: text for key, text in pairs if key.startswith(PREFIX)})


def columns_sql(paths: Iterable[str]) -> str:
    """The SELECT of (path, columns as ``parse_columns`` takes them) of those files that are ours.

    It costs less than ``read_footer`` for many files, and in a process that needs no pyarrow otherwise: to load that
    takes longer than a small step, and memory.
    """
    from drawloom.engines import quote  # planning reads footers, too, and needs no SQL

    key = quote.value(PREFIX + COLUMNS)
    return f"SELECT file_name, decode(value) FROM parquet_kv_metadata({quote.values(paths)}) WHERE decode(key) = {key}"


def parse_columns(text: str) -> tuple[Column, ...]:
    """The columns as DuckDB types, out of a file's metadata."""
    return tuple(Column(name, type_) for name, type_ in json.loads(text))


def write_meta(meta: dict[str, str], columns: Iterable[Column]) -> dict[str, str]:
    """The key-value metadata of a file, with its columns."""
    texts = meta | {COLUMNS: json.dumps([(column.name, column.type) for column in columns], ensure_ascii=False)}
    return {PREFIX + key.removeprefix(PREFIX): text for key, text in texts.items()}


def corrupt(path: Path | str, error: Exception) -> RunError:
    """The error for a file that cannot be read."""
    return RunError(
        Problem("corrupt-file", "error", f"file == {str(path)!r}, must be a readable Parquet file: {error}")
    )
