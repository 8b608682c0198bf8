"""Reads every SQL file in a folder: how many are read, refused with a reason, read with a problem, or silent."""

from __future__ import annotations

import argparse
import re
import signal
import sys
from collections import Counter
from pathlib import Path

from drawloom.model import InputError
from drawloom.sql.dialect import check_dialect
from drawloom.sql.script_reader import read_script

SUFFIXES = {".sql", ".hql", ".bqsql"}
SECONDS = 120
# What is no word of a statement: comments, texts in quotes, and FROM inside of functions and comparisons.
_SILENCED = re.compile(
    r"--[^\n]*|^\s*#[^\n]*|/\*.*?\*/|\{#.*?#\}|\$\$.*?\$\$|'(?:[^'\\]|''|\\.)*'|\"[^\"]*\""
    r"|\bDISTINCT\s+FROM\b|\bJOIN\s+POLICY\b|\b(?:EXTRACT|TRIM|SUBSTRING|OVERLAY|POSITION)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_MOVES_ROWS = re.compile(r"\b(?:FROM|JOIN|INTO)\s+([`@:]?[\w.$-]+)(?!\s*\(|[\w.$-])", re.IGNORECASE)
_MADE_INSIDE = re.compile(
    r"\b(\w+)\s*(?:\([^()]*\)\s*)?AS\s*(?:NOT\s+MATERIALIZED\s*|MATERIALIZED\s*)?\(", re.IGNORECASE
)
_NO_TABLES = {"select", "unnest", "values", "lateral", "where", "join", "on", "group", "order", "left", "cross"}
# Statements that name tables and touch no rows, up to their end.
_ABOUT_TABLES = re.compile(
    r"(?:^|;)\s*(?:SHOW|REVOKE|GRANT|EXPLAIN|FETCH|COMMENT|DESCRIBE|ALTER\s+(?!TABLE|VIEW)"
    r"|CREATE\s+(?:OR\s+REPLACE\s+)?(?:STATISTICS|EXTENSION|DATABASE|LIBRARY|TYPE|USER))\b[^;]*",
    re.IGNORECASE,
)


def outcome(text: str, dialect: str) -> str:
    """``read``, ``silent``, or the code of what is reported."""
    try:
        script = read_script(text, dialect=dialect)
    except InputError as error:
        return error.problems[0].code
    if script.problems:
        return script.problems[0].code
    return "read" if script.reads or script.writes or not names_tables(script.rendered.text) else "silent"


def names_tables(text: str) -> bool:
    """Whether a name follows FROM, JOIN or INTO outside of comments and quotes, and is not made by the text itself."""
    plain = _ABOUT_TABLES.sub(";", _SILENCED.sub(" ", text))
    made = {name.lower() for name in _MADE_INSIDE.findall(plain)} | _NO_TABLES
    return any(name.lower() not in made for name in _MOVES_ROWS.findall(plain))


def dialect_of(path: Path, given: str) -> str | None:
    """The dialect of a file: the one given, or ``by-folder`` that of a folder above it."""
    if given != "by-folder":
        return given
    for folder in path.parent.parts[::-1]:
        try:
            return check_dialect(folder)
        except InputError:
            continue
    return None


def main() -> None:
    """Print a line for each file that is silent, with ``--all`` for each one, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("dialect", help="such as bigquery; by-folder: the name of a folder above the file")
    parser.add_argument("--all", action="store_true", help="print every file's outcome")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _too_slow)
    counts: Counter[str] = Counter()
    for path in sorted(one for one in options.folder.rglob("*") if one.suffix in SUFFIXES and one.is_file()):
        dialect = dialect_of(path.relative_to(options.folder), options.dialect)
        if dialect is None:
            continue
        signal.alarm(SECONDS)
        try:
            found = outcome(path.read_text(encoding="utf-8", errors="replace"), dialect)
        except TimeoutError:
            found = "slow"
        except Exception as error:
            found = f"crash {type(error).__name__}"
        signal.alarm(0)
        counts[found] += 1
        if options.all or found in ("silent", "slow") or found.startswith("crash"):
            sys.stdout.write(f"{found}\t{dialect}\t{path}\n")
    sys.stdout.write(f"{sum(counts.values())} files: {dict(counts.most_common())}\n")


def _too_slow(*_: object) -> None:
    raise TimeoutError


if __name__ == "__main__":
    main()
