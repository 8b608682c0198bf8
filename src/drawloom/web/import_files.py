"""What people upload as texts: files, folders and archives within limits, and the SELECT inside of a statement that fills a table."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from drawloom.model import InputError, Problem, refuse
from drawloom.run.advise import decode
from drawloom.specs.fields import check_table
from drawloom.specs.validation import RuleError

MOST_FILES = 50
MOST_ENTRIES = 2000  # of an archive, with what is no SQL
MOST_BYTES = 1_000_000  # of one file
MOST_UNPACKED = 8_000_000  # of all files of all archives
MOST_RATIO = 100  # of an entry's size to its compressed one
SUFFIX = ".sql"
_NAME = r'(?P<name>(?:"[^"]+"|`[^`]+`|\w+)(?:\s*\.\s*(?:"[^"]+"|`[^`]+`|\w+))*)'
_BRACKETS = r"\([^()]*(?:\([^()]*\)[^()]*)*\)"
_FILLS = re.compile(
    rf"""(?P<before>(?>\s+|--[^\n]*\n|/\*.*?\*/)*+)
    (?:INSERT\s+(?:OVERWRITE|INTO)\s+(?:TABLE\s+)?{_NAME}\s*(?:PARTITION\s*{_BRACKETS}\s*)?(?:IF\s+NOT\s+EXISTS\s*)?
    |CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+|TRANSIENT\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME.replace("name", "made")}\s+
     (?:USING\s+\w+\s+|STORED\s+AS\s+\w+\s+|WITH\s*{_BRACKETS}\s*)*AS\s+)
    (?=\(?\s*(?:SELECT|WITH)\b)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Text:
    """A text and the name of the file that it is from, empty of a pasted one. ``target`` is the table that it said it fills."""

    name: str
    text: str
    target: str = ""


def read_files(files: Iterable[tuple[str, bytes]]) -> tuple[list[Text], list[Problem], int]:
    """The SQL texts of uploaded files and archives, what is wrong with others, and how many were left out as they are no SQL."""
    texts: list[Text] = []
    problems: list[Problem] = []
    ignored, room = 0, MOST_UNPACKED
    for name, content in files:
        try:
            if PurePosixPath(name).suffix.lower() == ".zip":
                found, others = unpack(name, content, room)
                room -= sum(len(data) for _, data in found)
            else:
                found, others = ([(name, content)], 0) if _is_sql(name) else ([], 1)
        except InputError as error:
            problems += error.problems
            continue
        ignored += others
        for one, data in found:
            try:
                texts.append(unwrap(Text(one, decode(_within(one, data), one))))
            except InputError as error:
                problems += error.problems
    return texts, problems, ignored


def unpack(name: str, content: bytes, room: int = MOST_UNPACKED) -> tuple[list[tuple[str, bytes]], int]:
    """The SQL files of an archive, and how many other ones it has.

    Raises:
        InputError: it is no archive, has a password, names files outside of itself, or is more than may be sent.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            _check_entries(name, entries)
            chosen = [one for one in entries if _is_sql(one.filename)]
            if len(chosen) > MOST_FILES:
                raise refuse("too-many", f"{name} has {len(chosen)} SQL files, must have {MOST_FILES} at most.")
            read = []
            for one in chosen:
                data = _read(archive, one, name)
                room -= len(data)
                if room < 0:
                    raise refuse("too-long", f"{name}: its files must have {MOST_UNPACKED:,} bytes at most.")
                read.append((one.filename, data))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise refuse("bad-archive", f"{name} cannot be unpacked: {error}.") from error
    return read, len(entries) - len(chosen)


def unwrap(given: Text) -> Text:
    """The SELECT of a text that is one INSERT or CREATE TABLE ... AS, with the table that it names; other texts as they are."""
    found = _FILLS.match(given.text)
    if not found:
        return given
    parts = re.findall(r'"[^"]+"|`[^`]+`|\w+', found["name"] or found["made"])
    target = ".".join(part.strip('"`') for part in parts[-2:])
    return Text(given.name, found["before"] + given.text[found.end() :], target)


def table_of(given: Text, schema: str) -> str:
    """The table that a text fills: the one that it names, or that its file does, in the schema that is given where it has none."""
    stem = PurePosixPath(given.name.replace("\\", "/")).name
    stem = given.target or (stem[: -len(SUFFIX)] if stem.lower().endswith(SUFFIX) else stem)
    try:
        return check_table(stem if "." in stem else f"{schema.strip()}.{stem}")
    except RuleError:
        return ""


def _check_entries(name: str, entries: Sequence[zipfile.ZipInfo]) -> None:
    problems = [problem for one in (_too_many(name, entries), *_outside(name, entries)) for problem in one]
    if problems:
        raise InputError(*problems)


def _too_many(name: str, entries: Sequence[zipfile.ZipInfo]) -> Sequence[Problem]:
    if len(entries) <= MOST_ENTRIES:
        return ()
    return refuse("too-many", f"{name} has {len(entries):,} files, must have {MOST_ENTRIES:,} at most.").problems


def _outside(name: str, entries: Iterable[zipfile.ZipInfo]) -> Iterator[Sequence[Problem]]:
    for one in entries:
        path = one.filename.replace("\\", "/")
        if path.startswith("/") or ":" in path or ".." in path.split("/"):
            yield refuse(
                "bad-archive", f"{name} names {one.filename!r:.120}, must name files inside of itself."
            ).problems
            return


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    """The bytes of one entry, which may say less than it has."""
    if entry.file_size > MOST_RATIO * max(entry.compress_size, 1) and entry.file_size > MOST_RATIO:
        raise refuse("too-long", f"{name}: {entry.filename!r:.120} is packed too tightly to be SQL.")
    with archive.open(entry) as file:
        return _within(entry.filename, file.read(MOST_BYTES + 1))


def _within(name: str, content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise refuse("too-long", f"{name:.120} must have {MOST_BYTES:,} bytes at most.")
    return content


def _is_sql(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = any(part.startswith((".", "__MACOSX")) and part != ".." for part in path.parts)
    return path.suffix.lower() == SUFFIX and not hidden
