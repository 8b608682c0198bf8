"""CSV and JSON lines as tables of texts: the header decides names and order, nothing is guessed from a sample."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from drawloom.engines import quote
from drawloom.model import Where, refuse

DELIMITERS = ",;\t|"
LINE = "line"
FILE = "drawloom_file"
_CODECS = {".gz": "gzip", ".zst": "zstd"}
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_NO_TEXT = "\ufffd"
_LONGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """The names in a CSV file's first line, and the character between them."""

    names: tuple[str, ...]
    delimiter: str


def open_bytes(path: Path | str) -> IO[bytes]:
    """A file's bytes, unpacked when its name ends in .gz or .zst."""
    import pyarrow as pa

    codec = _CODECS.get(Path(path).suffix.lower())
    file: Any = pa.input_stream(str(path), compression=codec)
    return file  # type: ignore[no-any-return]


def is_packed(path: Path | str) -> bool:
    """Whether a file is unpacked when it is read."""
    return Path(path).suffix.lower() in _CODECS


def open_text(path: Path | str) -> IO[str]:
    """A file's text, lines as they are, without a byte order mark; bytes that are no UTF-8 become U+FFFD."""
    return io.TextIOWrapper(open_bytes(path), encoding="utf-8-sig", errors="replace", newline="")


def read_header(path: Path | str, delimiter: str | None = None) -> Header:
    """The header of a CSV file; the delimiter is that of comma, semicolon, tab and bar which is most frequent in it.

    Raises:
        InputError: there is none, it is not UTF-8, or a name is empty or comes twice.
    """
    where = Where(str(path), 1)
    try:
        with open_text(path) as text:
            first = text.readline(1 << 20)
            mark = delimiter or _delimiter(first)
            names = next(csv.reader(itertools.chain([first], text), delimiter=mark, strict=True), [])
    except (OSError, csv.Error) as error:
        raise refuse("bad-file", f"header == unreadable ({error}), must be a line of names.", where) from error
    if _NO_TEXT in "".join(names):
        raise refuse("bad-file", f"header == {first[:100].rstrip()!r}, must be text in UTF-8.", where)
    if not first or not all(name.strip() for name in names):
        message = f"header == {first[:100].rstrip()!r}, must name every column."
        raise refuse("bad-file", message, where, "Write the columns' names into the first line.")
    twice = sorted({name for name in names if [n.lower() for n in names].count(name.lower()) > 1})
    if twice:
        raise refuse(
            "duplicate-column", f"header == {', '.join(twice)} more than once, must be names of their own.", where
        )
    return Header(tuple(names), mark)


def csv_texts(paths: Sequence[str], header: Header) -> str:
    """The relation of all columns as texts, with ``drawloom_file``; an empty field is NULL, quoted or not."""
    columns = quote.struct(dict.fromkeys(header.names, "VARCHAR"))
    return (
        f"read_csv({quote.values(paths)}, auto_detect=false, header=true, delim={quote.value(header.delimiter)}, "
        f"quote='\"', escape='\"', filename={quote.value(FILE)}, max_line_size={_LONGEST}, columns={columns})"
    )


def json_lines(paths: Sequence[str]) -> str:
    """The relation of a file's lines, NULL where one is blank, with ``drawloom_file``."""
    return (
        f"read_csv({quote.values(paths)}, auto_detect=false, header=false, delim='\x01', quote='', escape='', "
        f"filename={quote.value(FILE)}, max_line_size={_LONGEST}, columns={{{quote.value(LINE)}: 'VARCHAR'}})"
    )


def json_object(name: str, paths: Sequence[str]) -> str:
    """The relation of a file's JSON objects, blank lines left out; reading a line that is none fails.

    ``name`` is the table that the error speaks of.
    """
    line = quote.name(LINE)
    error = f"error({quote.value(f'drawloom: bad-value: {name} == ')} || left({line}, 100) || "
    error += f"', must be one JSON object a line, in ' || {FILE} || '.')"
    sure = (
        f"CASE WHEN NOT json_valid({line}) THEN {error} WHEN json_type({line}) <> 'OBJECT' THEN {error} ELSE {line} END"
    )
    return f"(SELECT {sure} AS {line}, {FILE} FROM {json_lines(paths)} WHERE {line} IS NOT NULL)"


def json_texts(names: Sequence[str], relation: str, *others: str) -> str:
    """The relation of members of the objects in ``line`` as texts, each line parsed once, with other columns.

    A member that is null or not there is NULL; an object or a list is its JSON.
    """
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
    found = f"json_extract_string({quote.name(LINE)}, {quote.values(pointers)}) AS members"
    items = [f"members[{number}] AS {quote.name(name)}" for number, name in enumerate(names, 1)]
    return f"(SELECT {', '.join([*items, *others])} FROM (SELECT {', '.join([found, *others])} FROM {relation}))"


def _delimiter(line: str) -> str:
    bare = _QUOTED.sub("", line)
    return max(DELIMITERS, key=bare.count)
