"""External sources: tables over files that other systems write, found by a path pattern."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from drawloom.model import Column, refuse

Format = Literal["parquet", "csv", "json"]
_PLACEHOLDERS = {
    "{ds}": r"(\d{4}-\d{2}-\d{2})",
    "{ds_nodash}": r"(\d{8})",
    "{yyyy}": r"(\d{4})",
    "{mm}": r"(\d{2})",
    "{dd}": r"(\d{2})",
}
_FORMATS = {"{ds}": "%Y-%m-%d", "{ds_nodash}": "%Y%m%d", "{yyyy}": "%Y", "{mm}": "%m", "{dd}": "%d"}
_DAYS = (("{ds}",), ("{ds_nodash}",), ("{yyyy}", "{mm}", "{dd}"))
_WILD = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
_PART = re.compile("|".join(map(re.escape, (*_PLACEHOLDERS, *_WILD))))


@dataclass(frozen=True)
class Source:
    """A table of external files.

    ``files`` is a path pattern: ``{ds}``, ``{ds_nodash}``, ``{yyyy}``, ``{mm}`` and ``{dd}`` are replaced by the day,
    ``*``, ``?`` and ``**/`` are wildcards. Without a day it is a table without days. ``columns`` are required for
    CSV and JSON lines. ``lateness`` is how long after a day's end its files may arrive. ``gaps``: a day without
    files is a day without rows.
    """

    name: str
    files: str
    format: Format = "parquet"
    columns: tuple[Column, ...] = ()
    lateness: timedelta = timedelta(0)
    gaps: bool = False

    def __post_init__(self) -> None:
        if self._placeholders and not self._key:
            raise refuse(
                "bad-source",
                f"files of {self.name} == {self.files!r}, must name the whole day.",
                None,
                "Write {ds}, {ds_nodash}, or all of {yyyy}, {mm} and {dd}.",
            )

    @property
    def partitioned(self) -> bool:
        """Whether there are files for each day."""
        return bool(self._placeholders)

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """The folder that contains all its files."""
        found = _PART.search(self._pattern)
        fixed = self._pattern[: found.start()] if found else self._pattern
        return (Path(fixed.rpartition("/")[0] or "/"),)

    def days(self) -> list[date]:
        """The days that have files, in order; empty for a table without days."""
        return sorted(day for day in self.by_day() if day)

    def by_day(self, ds: date | None = None) -> dict[date | None, list[str]]:
        """The files of each day, or of one day, in order; under None for a table without days."""
        found: dict[date | None, list[str]] = {}
        for day, path in sorted(self._matching_files(ds), key=lambda pair: (pair[0] or date.min, pair[1])):
            found.setdefault(day, []).append(path)
        return found

    def paths(self, ds: date | None = None) -> list[str]:
        """The files of a day, or of all days."""
        return [path for paths in self.by_day(ds).values() for path in paths]

    def stamps(self) -> dict[date | None, str]:
        """A stamp for each day (under None for a table without days) that changes with sizes and times of its files."""
        return {day: _stamp(paths) for day, paths in self.by_day().items()}

    def stamp(self, ds: date | None = None) -> str:
        """The stamp of one day; empty where there are no files. Reads no file."""
        return _stamp(self.paths(ds))

    def fingerprint(self, ds: date | None = None) -> str:
        """A hash of names and contents of a day's files; empty where there are none. Reads them all."""
        root = self.folders[0]
        return _digest(f"{os.path.relpath(path, root)}\0{hash_file(path)}" for path in self.paths(ds))

    @property
    def is_hive_partitioned(self) -> bool:
        """Whether the day is in a folder ``ds=<day>``, which DuckDB reads as a column."""
        return "/ds={ds}/" in self._pattern and self._pattern.lower().count("/ds=") == 1

    @property
    def has_folder_per_day(self) -> bool:
        """Whether each day is one folder of Parquet files, which an engine can register as a partition."""
        return (
            self.format == "parquet"
            and not self.columns
            and self.is_hive_partitioned
            and self._pattern.endswith("/ds={ds}/*.parquet")
        )

    def day_sql(self, path: str) -> str:
        """The DuckDB expression of the day of a file, over the column with its path."""
        from drawloom.engines import quote

        pattern = quote.value(f"^{self._regex.pattern}$")
        texts = [f"regexp_extract({path}, {pattern}, {self._placeholders.index(mark) + 1})" for mark in self._key]
        form = quote.value("".join(_FORMATS[mark] for mark in self._key))
        return f"CAST(strptime({' || '.join(texts)}, {form}) AS DATE)"

    @cached_property
    def _pattern(self) -> str:
        return os.path.abspath(self.files).replace(os.sep, "/")  # noqa: PTH100 - resolve() would follow links

    @cached_property
    def _placeholders(self) -> list[str]:
        return [mark for mark in _PART.findall(self.files) if mark in _PLACEHOLDERS]

    @property
    def _key(self) -> tuple[str, ...]:
        return next((key for key in _DAYS if set(key) <= set(self._placeholders)), ())

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(_translate(self._pattern, re.escape, lambda part: _PLACEHOLDERS.get(part) or _WILD[part]))

    def _matching_files(self, ds: date | None) -> Iterator[tuple[date | None, str]]:
        def part(text: str) -> str:
            if text not in _PLACEHOLDERS:
                return text
            return ds.strftime(_FORMATS[text]) if ds else "*"

        pattern = _translate(self._pattern, glob.escape, part)
        for name in glob.iglob(pattern, recursive=True):
            path = name.replace(os.sep, "/")
            found = self._regex.fullmatch(path)
            if not found or not Path(path).is_file():
                continue
            day = self._day(found.groups())
            if not self.partitioned or (day and ds in (None, day)):
                yield day, path

    def _day(self, texts: tuple[str, ...]) -> date | None:
        """The day on which all placeholders in a path agree."""
        texts_by_name = dict(zip(self._placeholders, texts, strict=True))
        try:
            days = {
                datetime.strptime(
                    "".join(texts_by_name[mark] for mark in key), "".join(_FORMATS[mark] for mark in key)
                ).date()
                for key in _DAYS
                if set(key) <= set(texts_by_name)
            }
        except ValueError:
            return None
        agreed = days.pop() if len(days) == 1 else None
        same = agreed and all(agreed.strftime(_FORMATS[m]) == t for m, t in zip(self._placeholders, texts, strict=True))
        return agreed if same else None


def hash_file(path: Path | str) -> str:
    """The hash of a file's bytes, 16 hex digits."""
    with Path(path).open("rb") as file:
        hasher = hashlib.blake2b(digest_size=8)
        while block := file.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


def _stamp(paths: Iterable[str]) -> str:
    stats = ((path, Path(path).stat()) for path in paths)
    return _digest(f"{path}\0{stat.st_size}-{stat.st_mtime_ns}" for path, stat in stats)


def _digest(parts: Iterable[str]) -> str:
    hasher, empty = hashlib.blake2b(digest_size=8), True
    for part in parts:
        hasher.update(part.encode("utf-8", "surrogateescape") + b"\0")
        empty = False
    return "" if empty else hasher.hexdigest()


def _translate(pattern: str, fixed: Callable[[str], str], special: Callable[[str], str]) -> str:
    done, end = [], 0
    for found in _PART.finditer(pattern):
        done += [fixed(pattern[end : found.start()]), special(found[0])]
        end = found.end()
    return "".join([*done, fixed(pattern[end:])])
