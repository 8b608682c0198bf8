"""Partitions as Parquet files: their paths, stamps and footers, and how they are published."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from drawloom.engines.lake import lock
from drawloom.engines.lake.staging import STAGING, StagingFolder, sweep, sync_folder
from drawloom.model import KEY, Column, Fix, Problem, RunError, refuse

FILE = "part-0.parquet"
LOCKS = ".locks"
PROMOTION = "environments.all"  # in place of a table, as a promotion may replace partitions of any
PUBLISH_SECONDS = 60.0  # for which readers wait for a landing that is just being published


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
        """The file of a partition, which need not exist."""
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
        """The stamp of one partition; None where it does not exist."""
        return file_stamp(self.path(table, ds))

    def tables(self) -> list[str]:
        """The names of the tables that have a folder, sorted."""
        return sorted(f"{schema}.{table}" for schema in _folders(self.root) for table in _folders(self.root / schema))

    def schemas(self) -> list[Path]:
        """The folders of the schemas, sorted; all tables are in them."""
        return [self.root / schema for schema in sorted(_folders(self.root))]

    def read_meta(self, path: Path | str) -> dict[str, str]:
        """The ``drawloom.*`` key-value metadata of a file, without the prefix.

        Raises:
            RunError: the file cannot be read as Parquet.
        """
        return dict(read_footer(path).meta)

    def open_staging(self, run: str) -> StagingFolder:
        """A new staging folder, which belongs to this process until it is closed."""
        with disk_errors(self.root):
            return StagingFolder.open(self.root / STAGING, run)

    def publish(self, staged: Path, table: str, ds: date) -> str:
        """Move a synced file to its partition atomically; returns its stamp.

        The folder is not synced. Where a power failure undoes the move, the stamp is not the one in the registry, and
        the partition is built again.
        """
        target = self.path(table, ds)
        with disk_errors(target):
            stamp = file_stamp(staged)
            _replace(staged, target)
            _remove_other_files(target)
        return stamp or ""

    @contextmanager
    def landing(self, table: str, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the lock under which one process at a time lands into a table; waits for another one to end."""
        with self._locked(table, "land", on_wait):
            yield

    @contextmanager
    def publishing(self, table: str) -> Iterator[None]:
        """Hold the lock under which landed partitions are published and recorded; see ``wait_until_published``."""
        with self._locked(table, "publish", lambda: None):
            yield

    @contextmanager
    def promoting(self, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the lock under which one process at a time promotes partitions of environments."""
        with self._locked(PROMOTION, "promote", on_wait):
            yield

    def wait_until_published(self, table: str) -> bool:
        """Wait while a landing replaces files that are not recorded yet; whether it has ended. Takes at most a minute."""
        return lock.wait_until_free(self._lock_path(table, "publish"), PUBLISH_SECONDS)

    @contextmanager
    def _locked(self, table: str, purpose: str, on_wait: Callable[[], None]) -> Iterator[None]:
        path = self._lock_path(table, purpose)
        with disk_errors(path):
            handle = lock.open_lock(path)
        with lock.hold(handle, on_wait):
            yield

    def _lock_path(self, table: str, purpose: str) -> Path:
        return self.root / LOCKS / f"{self.folder(table).relative_to(self.root).as_posix().replace('/', '.')}.{purpose}"

    def refuse_foreign(self, table: str, ds: date) -> None:
        """Refuse to publish beside a file that is not ours, as it is not deleted and who reads the folder would read it.

        Raises:
            RunError: there is one.
        """
        folder = self.path(table, ds).parent
        names = [name for name in other_files(folder) if name[0] not in "._" and not _is_of_engine(name)]
        if names:
            message = f"{folder} holds {', '.join(names[:3])}, which drawloom did not write: nothing was published."
            fix = Fix("Move it away: who reads the folder would take it for rows of the partition.")
            raise RunError(Problem("foreign-file", "error", message, fix=fix))

    def drop(self, table: str, ds: date) -> None:
        """Remove a partition, if it exists."""
        path = self.path(table, ds)
        with disk_errors(path):
            path.unlink(missing_ok=True)
            _remove_other_files(path)
            with suppress(OSError):  # another writer may have published the day again
                path.parent.rmdir()
                sync_folder(path.parent.parent)

    def rename(self, old: str, new: str) -> None:
        """Move all partitions of a table to another name at once, if it has any.

        Raises:
            RunError: the new name has a folder already.
        """
        source, target = self.folder(old), self.folder(new)
        with self.landing(old), self.publishing(old), disk_errors(target):
            if not source.is_dir():
                return
            if target.exists():
                message = f"{target} already exists, so the partitions of {old} cannot be moved there."
                raise RunError(Problem("exists", "error", message, fix=Fix("Move that folder away, then try again.")))
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
            sync_folder(target.parent)
            with suppress(OSError):  # other tables are in that schema
                source.parent.rmdir()

    def link(self, table: str, ds: date, to: Path) -> None:
        """Give the file of a partition a second name, as files are never changed in place; a copy where links cannot be."""
        path = self.path(table, ds)
        with disk_errors(path):
            try:
                os.link(path, to)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                shutil.copy2(path, to)

    def remove_folder(self, table: str) -> None:
        """Remove the folder of a table without partitions, and that of its schema if no table is left there."""
        folder = self.folder(table)
        for one in (folder, folder.parent):
            with suppress(OSError):  # it has something else, or is gone already
                one.rmdir()

    def sweep(self) -> list[str]:
        """Remove the staging folders of dead processes; returns their names."""
        return sweep(self.root / STAGING)


def _replace(staged: Path, target: Path) -> None:
    """Move a file into its folder, which a concurrent ``drop`` may remove at any moment."""
    while True:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            staged.replace(target)
        except FileNotFoundError:
            if not staged.exists():
                raise
        else:
            return


_OF_ENGINES = re.compile(
    r"part-\d{5}-[0-9a-f-]{36}.*|\d{8}_\d{6}_\d{5}_\w{5}_.*|_SUCCESS|_committed_.*|_started_.*"
)  # what Spark and Trino write into a partition, where they ran its step before


def _is_of_engine(name: str) -> bool:
    return bool(_OF_ENGINES.fullmatch(name.removeprefix(".")))


def other_files(folder: Path | str) -> list[str]:
    """The names in a partition's folder besides that of its file, sorted."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.name != FILE)
    return []


def _remove_other_files(target: Path) -> None:
    """Remove files that another engine left in the folder: readers that list it would read them, too."""
    for name in filter(_is_of_engine, other_files(target.parent)):
        other = target.parent / name
        if other.is_file():
            other.unlink(missing_ok=True)


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
    """The stamp and the inode, which differs for files of equal size and time; empty where the file does not exist."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - ten thousand of them
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ino}"


def file_stamp(path: Path | str) -> str | None:
    """The stamp ("size-mtime_ns") of a file; None where it does not exist."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - ten thousand of them
    except (FileNotFoundError, NotADirectoryError):
        return None
    return f"{stat.st_size}-{stat.st_mtime_ns}"


_NO_LINKS = {errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV}  # what file systems without hard links answer
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Raise OSError on a path in the lake as RunError."""
    try:
        yield
    except OSError as error:
        raise RunError(disk_problem(path, error)) from error


def disk_problem(path: Path, error: OSError) -> Problem:
    """The problem of an OSError on a path in the lake."""
    if error.errno in _DENIED:
        denied = Fix("Give this user the right to write there, or set `lake` to another folder.")
        return Problem("read-only", "error", f"lake == {str(path)!r}, must be writable: {error.strerror}.", fix=denied)
    fix = Fix("Free space on the disk; nothing was published.") if error.errno == errno.ENOSPC else None
    return Problem("engine-io", "error", f"file {str(path)!r} could not be written: {error.strerror}.", fix=fix)


PREFIX = "drawloom."
COLUMNS = "columns"


@dataclass(frozen=True, slots=True)
class Footer:
    """The number of rows, and the ``drawloom.*`` metadata without the prefix; empty in a file that is not ours."""

    rows: int
    meta: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Column, ...] | None:
        """The columns with their DuckDB types; None in a file that is not ours."""
        text = self.meta.get(COLUMNS)
        return None if text is None else parse_columns(text)


def read_footer(path: Path | str) -> Footer:
    """The footer of a file.

    Raises:
        RunError: the file does not exist, or is not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise corrupt_file(path, error) from error
    pairs = ((key.decode(), text.decode()) for key, text in (found.metadata or {}).items())
    return Footer(found.num_rows, {key[len(PREFIX) :]: text for key, text in pairs if key.startswith(PREFIX)})


def columns_sql(paths: Iterable[str]) -> str:
    """A SELECT of (path, text for ``parse_columns``) of those files that drawloom wrote.

    Cheaper than ``read_footer`` for many files, and where pyarrow is not needed otherwise: importing it takes longer than
    a small step.
    """
    from drawloom.engines import quote  # imported here because quote imports sqlglot, which planning does not need

    key = quote.value(PREFIX + COLUMNS)
    return f"SELECT file_name, decode(value) FROM parquet_kv_metadata({quote.values(paths)}) WHERE decode(key) = {key}"


def parse_columns(text: str) -> tuple[Column, ...]:
    """The columns with their DuckDB types, from a file's metadata."""
    return tuple(Column(name, type_) for name, type_ in json.loads(text))


def footer_metadata(meta: dict[str, str], columns: Iterable[Column]) -> dict[str, str]:
    """The key-value metadata of a file to write, with its columns."""
    texts = meta | {COLUMNS: json.dumps([(column.name, column.type) for column in columns], ensure_ascii=False)}
    return {PREFIX + key.removeprefix(PREFIX): text for key, text in texts.items()}


def corrupt_file(path: Path | str, error: Exception) -> RunError:
    """The error for a file that cannot be read."""
    return RunError(
        Problem("corrupt-file", "error", f"file {str(path)!r} is missing or not a readable Parquet file: {error}")
    )
