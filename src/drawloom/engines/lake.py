"""The folder of Parquet files: where partitions are, how one is published, what a file says of itself."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date
from pathlib import Path

from drawloom.engines.disk import disk_errors
from drawloom.engines.footer import read_footer
from drawloom.engines.staging import STAGING, Area, sweep, sync_folder
from drawloom.model import KEY, refuse

FILE = "part-0.parquet"


class Lake:
    """``<root>/<schema>/<table>/ds=2026-11-21/part-0.parquet``; folders are the table's name in lower case."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        if any(part.lower().startswith(f"{KEY}=") for part in self.root.parts):
            message = f"lake == {str(root)!r}, must not be in a folder {KEY}=..., which would be read as the day."
            raise refuse("bad-lake", message, None, "Set `lake` to another folder.")

    def __repr__(self) -> str:
        return f"Lake({str(self.root)!r})"

    def folder(self, table: str) -> Path:
        """The folder of a table.

        Raises:
            InputError: the name is not ``schema.table``, or cannot be a folder.
        """
        schema, _, rest = table.lower().partition(".")
        if not all(map(_is_folder, (schema, rest))) or "." in rest:
            message = f"table == {table!r}, must be schema.table, without slashes and not beginning with a dot or a _."
            raise refuse("bad-table", message, None, "Name it like core.rides.")
        return self.root / schema / rest

    def path(self, table: str, ds: date) -> Path:
        """The file of a partition, whether it exists or not."""
        return self.folder(table) / f"{KEY}={ds.isoformat()}" / FILE

    def scan(self, table: str) -> dict[date, str]:
        """The stamp ("size-mtime_ns") of every partition of a table, by day in order."""
        folder = self.folder(table)
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if entry.name.startswith(f"{KEY}="))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        found = ((_day(name), file_stamp(f"{folder}/{name}/{FILE}")) for name in names)
        return {day: stamp for day, stamp in found if day and stamp}

    def stamp(self, table: str, ds: date) -> str | None:
        """The stamp of one partition, None when there is none."""
        return file_stamp(self.path(table, ds))

    def tables(self) -> list[str]:
        """The tables that have a folder, by name in order."""
        return sorted(f"{schema}.{table}" for schema in _folders(self.root) for table in _folders(self.root / schema))

    def read_meta(self, path: Path | str) -> dict[str, str]:
        """What a file says of itself: its ``drawloom.*`` key-value metadata without the prefix.

        Raises:
            RunError: the file cannot be read as Parquet.
        """
        return dict(read_footer(path).meta)

    def area(self, run: str) -> Area:
        """A fresh folder in staging, which is this process's own until closed."""
        with disk_errors(self.root):
            return Area.open(self.root / STAGING, run)

    def publish(self, staged: Path, table: str, ds: date) -> str:
        """Move a synced file into its place in one step; its stamp.

        The folder is not synced: where a power failure undoes the move, the registry sees another file, or none,
        and the partition is made again.
        """
        target = self.path(table, ds)
        with disk_errors(target):
            stamp = file_stamp(staged)
            _replace(staged, target)
            _alone(target)
        return stamp or ""

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition; nothing happens where there is none."""
        path = self.path(table, ds)
        with disk_errors(path):
            path.unlink(missing_ok=True)
            _alone(path)
            with suppress(OSError):  # another writer may have landed the day anew
                path.parent.rmdir()
                sync_folder(path.parent.parent)

    def sweep(self) -> list[str]:
        """Remove what dead runs left in staging; the names of their folders."""
        return sweep(self.root / STAGING)


def _replace(staged: Path, target: Path) -> None:
    """Move a file into its folder, which a ``drop`` beside us may take away at any moment."""
    while True:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            staged.replace(target)
        except FileNotFoundError:
            if not staged.exists():
                raise
        else:
            return


def _alone(target: Path) -> None:
    """Remove files of another engine beside the partition's file: who lists the folder would read them, too."""
    try:
        with os.scandir(target.parent) as entries:
            others = [entry.path for entry in entries if entry.name != target.name and entry.is_file()]
    except FileNotFoundError:  # dropped beside us
        return
    for other in others:
        Path(other).unlink(missing_ok=True)


def _is_folder(name: str) -> bool:
    return bool(name) and name[0] not in "._" and not set(name) & set("/\\\0=")


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if _is_folder(entry.name) and entry.is_dir()]
    except FileNotFoundError:
        return []


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name[len(KEY) + 1 :])
    except ValueError:
        return None


def file_version(path: Path | str) -> str:
    """As the stamp, and told apart from a file of the same size and time; empty when there is none."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - ten thousand of them
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ino}"


def file_stamp(path: Path | str) -> str | None:
    """The stamp ("size-mtime_ns") of a file, None when there is none."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - ten thousand of them
    except (FileNotFoundError, NotADirectoryError):
        return None
    return f"{stat.st_size}-{stat.st_mtime_ns}"
