"""A SQLite registry that this user may only read: a copy of it in memory, so that plans and looks work as ever."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa


def is_read_only(url: sa.URL) -> bool:
    """Whether this is a file that this user may not write, or that may not be created where it should be."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return False
    path = Path(url.database)
    folder = next(folder for folder in path.absolute().parents if folder.exists())
    return not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK))


def connect_to_copy(url: sa.URL) -> sa.Engine:
    """A database in memory with what the file holds; an empty one where it does not exist."""
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    path = Path(str(url.database)).absolute()
    if path.exists():
        try:
            _copy_into(copy, path)
        except sqlite3.OperationalError:  # beside a file in WAL mode that nobody has open a reader creates another one
            with tempfile.TemporaryDirectory(prefix="drawloom-") as folder:
                _copy_into(copy, _copied(path, Path(folder)))
    return sa.create_engine("sqlite://", creator=lambda: copy, poolclass=sa.StaticPool)


def _copy_into(copy: sqlite3.Connection, path: Path) -> None:
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as source:
        source.backup(copy)


def _copied(path: Path, folder: Path) -> Path:
    """A copy of the file, with what was not written back into it yet."""
    for name in (path.name, f"{path.name}-wal"):
        if (path.parent / name).exists():
            shutil.copyfile(path.parent / name, folder / name)
    return folder / path.name
