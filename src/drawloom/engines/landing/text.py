"""CSV and JSON lines as text columns, strict casts of text to a type, and types inferred from all values.

Nothing is inferred from a sample: the header decides names and order, and every value of every file is tested.
DuckDB's own cast would round 1.5 to 2 and cut the time off a date.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from drawloom.engines import quote
from drawloom.engines.duckdb.connection import engine_errors
from drawloom.model import Column, Where, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Report = Callable[[str], None]  # gets what a landing does now, in words

DELIMITERS = ",;\t|"
LINE = "line"
FILE = "drawloom_file"
_CODECS = {".gz": "gzip", ".zst": "zstd"}
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_REPLACEMENT = "\ufffd"
_MAX_LINE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """The names in a CSV file's first line, and its delimiter."""

    names: tuple[str, ...]
    delimiter: str


def open_bytes(path: Path | str) -> IO[bytes]:
    """A file's bytes, decompressed where its name ends in .gz or .zst."""
    import pyarrow as pa

    codec = _CODECS.get(Path(path).suffix.lower())
    file: Any = pa.input_stream(str(path), compression=codec)
    return file  # type: ignore[no-any-return]


def is_compressed(path: Path | str) -> bool:
    """Whether a file is compressed."""
    return Path(path).suffix.lower() in _CODECS


def open_text(path: Path | str) -> IO[str]:
    """A file's text, with its line ends, without a byte order mark; bytes that are not UTF-8 become U+FFFD."""
    return io.TextIOWrapper(open_bytes(path), encoding="utf-8-sig", errors="replace", newline="")


def read_header(path: Path | str, delimiter: str | None = None) -> Header:
    """The header of a CSV file; the delimiter is the most frequent of comma, semicolon, tab and bar in it.

    Raises:
        InputError: there is none, it is not UTF-8, or a name is empty or duplicate.
    """
    where = Where(str(path), 1)
    try:
        with open_text(path) as text:
            first = text.readline(1 << 20)
            mark = delimiter or _delimiter(first)
            names = next(csv.reader(itertools.chain([first], text), delimiter=mark, strict=True), [])
    except (OSError, csv.Error) as error:
        raise refuse(
            "bad-file", f"the header cannot be read ({error}); it must be a line of column names.", where
        ) from error
    if _REPLACEMENT in "".join(names):
        raise refuse("bad-file", f"header == {first[:100].rstrip()!r}, must be text in UTF-8.", where)
    if not first or not all(name.strip() for name in names):
        message = f"header == {first[:100].rstrip()!r}, must name every column."
        raise refuse("bad-file", message, where, "Write the columns' names into the first line.")
    duplicates = sorted({name for name in names if [n.lower() for n in names].count(name.lower()) > 1})
    if duplicates:
        raise refuse(
            "duplicate-column", f"header has {', '.join(duplicates)} more than once, must not repeat a name.", where
        )
    return Header(tuple(names), mark)


def csv_texts(paths: Sequence[str], header: Header) -> str:
    """The relation of all columns as text, with ``drawloom_file``; an empty field is NULL, quoted or not."""
    columns = quote.struct(dict.fromkeys(header.names, "VARCHAR"))
    return (
        f"read_csv({quote.values(paths)}, auto_detect=false, header=true, delim={quote.value(header.delimiter)}, "
        f"quote='\"', escape='\"', filename={quote.value(FILE)}, max_line_size={_MAX_LINE_BYTES}, columns={columns})"
    )


def json_lines(paths: Sequence[str]) -> str:
    """The relation of the files' lines, with ``drawloom_file``; a blank line is NULL."""
    return (
        f"read_csv({quote.values(paths)}, auto_detect=false, header=false, delim='\x01', quote='', escape='', "
        f"filename={quote.value(FILE)}, max_line_size={_MAX_LINE_BYTES}, columns={{{quote.value(LINE)}: 'VARCHAR'}})"
    )


def json_object(name: str, paths: Sequence[str]) -> str:
    """The relation of the files' JSON objects, without blank lines; reading any other line fails.

    ``name`` is the table's name for the error message.
    """
    line = quote.name(LINE)
    shown = f"error({quote.value(f'drawloom: bad-value: {name} == ')} || left({line}, 100) || "
    other = f"{shown}', must be one JSON object a line, in ' || {FILE} || '.')"
    twice = f"{shown}', must not have a member twice, in ' || {FILE} || '.')"
    checked = (
        f"CASE WHEN NOT json_valid({line}) THEN {other} WHEN json_type({line}) <> 'OBJECT' THEN {other} "
        f"WHEN {repeated_member_sql(line)} IS NOT NULL THEN {twice} ELSE {line} END"
    )
    return f"(SELECT {checked} AS {line}, {FILE} FROM {json_lines(paths)} WHERE {line} IS NOT NULL)"


def repeated_member_sql(line: str) -> str:
    """The first member that a JSON object has twice, of which DuckDB would read one; NULL where there is none."""
    keys = f"json_keys({line})"
    repeated = f"list_filter({keys}, lambda key, place: list_position({keys}, key) <> place)[1]"
    return f"CASE WHEN list_unique({keys}) < len({keys}) THEN {repeated} END"


def json_texts(names: Sequence[str], relation: str, *others: str) -> str:
    """The relation of members of the objects in ``line`` as text, with other columns; each line is parsed once.

    A member that is null or missing is NULL; an object or a list is its JSON. Numbers keep all of their digits.
    """
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
    line = quote.name(LINE)
    exact = f"regexp_matches({line}, {quote.value(_LONG_NUMBER)})"
    marked = f"CASE WHEN {exact} THEN {_marked_numbers(line)} ELSE {line} END"
    found = f"json_extract_string({marked}, {quote.values(pointers)}) AS members, {exact} AS exact"
    items = [f"{_without_marks(f'members[{number}]')} AS {quote.name(name)}" for number, name in enumerate(names, 1)]
    return f"(SELECT {', '.join([*items, *others])} FROM (SELECT {', '.join([found, *others])} FROM {relation}))"


_LONG_NUMBER = r"[0-9.]{16,}|[eE]-[0-9]{3,}"  # which a double may not hold; shorter ones come out of it as they went in
_MARK = "drawloom-number:"
_STRING_OR_NUMBER = r'("(?:[^"\\]|\\.)*")|(-?[0-9][0-9.eE+-]*)'


def _marked_numbers(line: str) -> str:
    """The JSON with its numbers as strings that begin with a mark: DuckDB reads numbers as doubles.

    Each string becomes itself and an empty pair of control characters, each number such a pair around it. JSON has no
    control characters of its own.
    """
    paired = f"regexp_replace({line}, {quote.value(_STRING_OR_NUMBER)}, '\\1' || chr(1) || '\\2' || chr(2), 'g')"
    strings = f"replace({paired}, chr(1) || chr(2), '')"
    return f"replace(replace({strings}, chr(1), {quote.value(chr(34) + _MARK)}), chr(2), {quote.value(chr(34))})"


def _without_marks(member: str) -> str:
    """A member without the marks: of a number itself, or of those in an object or a list."""
    inner = f"regexp_replace({member}, {quote.value(f'{chr(34)}{_MARK}([^{chr(34)}]*){chr(34)}')}, '\\1', 'g')"
    text = f"CASE WHEN starts_with({member}, {quote.value(_MARK)}) THEN {member}[{len(_MARK) + 1}:] ELSE {inner} END"
    return f"CASE WHEN exact AND contains({member}, {quote.value(_MARK)}) THEN {text} ELSE {member} END"


def _delimiter(line: str) -> str:
    bare = _QUOTED.sub("", line)
    return max(DELIMITERS, key=bare.count)


_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_DECIMAL = re.compile(r"DECIMAL\(\d+,\s*(\d+)\)")
_NUMBER = r"\s*-?(0|[1-9]\d*)?(\.\d+)?([eE][+-]?\d+)?\s*"

# Tried in this order on all values of a column; a code with a leading zero stays text.
_INFERABLE = (
    ("BOOLEAN", r"(?i)\s*(true|false)\s*"),
    ("BIGINT", r"\s*-?(0|[1-9]\d*)\s*"),
    ("DOUBLE", _NUMBER),
    ("DATE", r"\s*\d{4}-\d{2}-\d{2}\s*"),
    ("TIMESTAMP", r"\s*\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?\s*"),
    ("TIMESTAMP WITH TIME ZONE", r"\s*\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)\s*"),
)


def cast_sql(text: str, type_: str) -> str:
    """The expression of a text's value in a type. Check ``invalid_sql`` first: the cast also accepts some invalid texts."""
    return text if type_ == "VARCHAR" else f"TRY_CAST({_trimmed(text, type_)} AS {type_})"


def invalid_sql(text: str, type_: str) -> str | None:
    """The condition that a text is not exactly a value of the type; None where every text is valid."""
    if type_ == "VARCHAR":
        return None
    fails = [f"{cast_sql(text, type_)} IS NULL"]
    if type_ in _WHOLE:
        fails.append(_mismatch_sql(text, r"\s*[+-]?\d+(\.0*)?\s*"))
    elif found := _DECIMAL.fullmatch(type_):
        fails.append(_mismatch_sql(text, rf"\s*[+-]?\d*(\.\d{{0,{found[1]}}}0*)?\s*"))
    elif type_ in {"DOUBLE", "FLOAT"}:
        fails.append(_overflow_sql(text, type_))
    elif type_ == "DATE":
        midnight = f"CAST(TRY_CAST({text} AS DATE) AS TIMESTAMP)"
        fails.append(f"length({text}) > 10 AND TRY_CAST({text} AS TIMESTAMP) IS DISTINCT FROM {midnight}")
    return f"({text} IS NOT NULL AND ({' OR '.join(f'({fail})' for fail in fails)}))"


def type_tests(text: str) -> dict[str, str]:
    """The types that can be inferred, each with the condition that a text is a value of it."""
    return {type_: f"({_type_test(text, type_, like)})" for type_, like in _INFERABLE}


def _type_test(text: str, type_: str, like: str) -> str:
    fits = f"regexp_full_match({text}, {quote.value(like)}) AND {cast_sql(text, type_)} IS NOT NULL"
    return f"{fits} AND NOT isinf({cast_sql(text, type_)})" if type_ == "DOUBLE" else fits


def _overflow_sql(text: str, type_: str) -> str:
    """The condition that a number is too large for the type: DuckDB makes it infinite, which only a word may be."""
    return f"isinf({cast_sql(text, type_)}) AND regexp_matches({text}, '[0-9]')"


def _trimmed(text: str, type_: str) -> str:
    """An integer without zeros after the decimal point: DuckDB would round what is too long for a double."""
    if type_ not in _WHOLE:
        return text
    return f"CASE WHEN contains({text}, '.') THEN regexp_replace({text}, '\\.0*\\s*$', '') ELSE {text} END"


def _mismatch_sql(text: str, pattern: str) -> str:
    """The condition that a number does not match; only numbers with a point or exponent need the slow test."""
    is_special = f"(contains({text}, '.') OR contains(lower({text}), 'e'))"
    return f"{is_special} AND NOT regexp_full_match({text}, {quote.value(pattern)})"


_SAMPLE = 1000
_COLUMNS_AT_ONCE = 64  # whose values are tested in one pass: bounds memory, whatever the number of columns


def infer_file_columns(connection: DuckDBPyConnection, paths: Sequence[str], form: str) -> tuple[Column, ...]:
    """The columns of CSV files with the same header, or of JSON lines, with inferred types."""
    if form == "csv":
        header = read_header(paths[0])
        return infer_columns(connection, header.names, csv_texts(paths, header))
    members = json_members(connection, json_object("file", paths))
    return infer_columns(connection, members, json_texts(members, json_object("file", paths))) if members else ()


def infer_columns(
    connection: DuckDBPyConnection, names: Sequence[str], relation: str, report: Report = lambda _: None
) -> tuple[Column, ...]:
    """Each text column with the narrowest type that fits all its values; VARCHAR where all are NULL.

    The first values rule out most types, so that the pass over all values tests only the remaining ones.
    """
    columns: list[Column] = []
    for first in range(0, len(names), _COLUMNS_AT_ONCE):
        some = names[first : first + _COLUMNS_AT_ONCE]
        report(f"inferring the types of columns {first + 1} to {first + len(some)} of {len(names)}")
        selected = f"SELECT {', '.join(map(quote.name, some))} FROM {relation}"
        all_types = {name: tuple(type_tests("")) for name in some}
        remaining = _fitting(connection, all_types, f"({selected} LIMIT {_SAMPLE})", when_null=True)
        fit = _fitting(connection, remaining, f"({selected})", when_null=False)
        columns += [Column(name, next(iter(fit[name]), "VARCHAR")) for name in some]
    return tuple(columns)


def json_members(connection: DuckDBPyConnection, relation: str) -> list[str]:
    """The names of the members of all objects in the column ``line``, in the order of their first occurrence."""
    keys = f"SELECT unnest(json_keys({quote.name(LINE)})) AS name, row_number() OVER () AS place FROM {relation}"
    names = f"SELECT name FROM ({keys}) GROUP BY name ORDER BY min(place)"
    with engine_errors():
        return [name for (name,) in connection.execute(names).fetchall()]


def _fitting(
    connection: DuckDBPyConnection, types: dict[str, tuple[str, ...]], relation: str, *, when_null: bool
) -> dict[str, tuple[str, ...]]:
    """The types of each column that fit all its values.

    With a FILTER for each, DuckDB would hold a copy of the arguments of all for every one of them.
    """
    tests = [
        f"coalesce(bool_and(CASE WHEN {text} IS NOT NULL THEN {type_tests(text)[type_]} END), {when_null})"
        for name, some in types.items()
        for text in [quote.name(name)]
        for type_ in some
    ]
    if not tests:
        return types
    with engine_errors():
        (row,) = connection.execute(f"SELECT {', '.join(tests)} FROM {relation}").fetchall()
    results = iter(row)
    return {name: tuple(type_ for type_ in some if next(results)) for name, some in types.items()}
