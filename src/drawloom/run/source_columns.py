"""The columns of sources that declare none: from their oldest and newest file, read once for each version of those."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from drawloom.engines.lake import file_version
from drawloom.engines.landing.source import Source
from drawloom.model import KEY, Column, DrawloomError

Columns = tuple[Column, ...]
ReadColumns = Callable[[str], Columns]


def source_columns(sources: Mapping[str, Source], read: ReadColumns, cache: Path) -> dict[str, Columns]:
    """The columns of each source by its name, without ``ds``; those without files are left out.

    Args:
        sources: the sources that are files.
        read: reads the columns of one Parquet file, by its path.
        cache: the folder in which they are kept.
    """
    file = cache / "sources.json"
    kept = _load(file)
    now = {name: ends for name, source in sources.items() if not source.columns and (ends := _ends(source))}
    found = {
        name: kept[name][1] if kept.get(name, ("",))[0] == _stamp(ends) else _read(ends, read)
        for name, ends in now.items()
    }
    fresh = {name: (_stamp(ends), found[name]) for name, ends in now.items()}
    if fresh != kept:
        text = json.dumps(
            {name: [stamp, [[c.name, c.type] for c in columns]] for name, (stamp, columns) in fresh.items()}
        )
        with suppress(OSError):
            cache.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return {name: columns for name, columns in found.items() if columns}


def _ends(source: Source) -> list[str]:
    """The newest and the oldest file."""
    paths = source.paths()
    return list(dict.fromkeys([paths[-1], paths[0]])) if paths else []


def _stamp(paths: list[str]) -> str:
    return " ".join(f"{path} {file_version(path)}" for path in paths)


def _read(paths: list[str], read: ReadColumns) -> Columns:
    """The columns of the first file, and those that only the second has; none where a file cannot be read."""
    columns: dict[str, Column] = {}
    try:
        for path in paths:
            for column in read(path):
                columns.setdefault(column.name.lower(), column)
        columns.pop(KEY, None)
    except DrawloomError:  # reported when it is read
        return ()
    return tuple(columns.values())


def _load(file: Path) -> dict[str, tuple[str, Columns]]:
    try:
        found = json.loads(file.read_bytes())
        return {name: (stamp, tuple(Column(*column) for column in columns)) for name, (stamp, columns) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
