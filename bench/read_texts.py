"""Reads the SQL files of real repositories: how many are read, reported, refused with a reason, or silent.

``python bench/read_texts.py CLONES`` makes the table of docs/benchmarks.md out of clones at ``CLONES/owner/name`` (of those
that are there); with a folder and a dialect it reads what lies in that folder.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from drawloom.model import InputError
from drawloom.sql.dialect import check_dialect
from drawloom.sql.dialect_support import unsupported_constructs
from drawloom.sql.lineage import lineage
from drawloom.sql.lint import lint_script
from drawloom.sql.script import Script
from drawloom.sql.script_reader import read_script

SUFFIXES = {".sql", ".hql", ".bqsql", ".sqlx"}
SECONDS = 120
# Repository, dialect, and the folder of it that is read; ``by-folder`` takes the name of the nearest folder that is a dialect.
REPOSITORIES = (
    ("mozilla/bigquery-etl", "bigquery", ""),
    ("sqlfluff/sqlfluff", "by-folder", "test/fixtures/dialects"),
    ("GoogleCloudPlatform/bigquery-utils", "bigquery", ""),
    ("GoogleCloudPlatform/bigquery-data-lineage", "bigquery", ""),
    ("dataform-co/dataform", "bigquery", ""),
    ("databricks/spark-sql-perf", "spark", ""),
    ("databrickslabs/ucx", "databricks", ""),
    ("hortonworks/hive-testbench", "hive", ""),
    ("duckdb/duckdb", "duckdb", ""),
    ("MIT-LCP/mimic-code", "by-folder, bigquery", ""),
    ("dbt-labs/metricflow", "by-folder", ""),
    ("dbt-labs/dbt-adapters", "by-folder, snowflake", ""),
    ("dbt-labs/dbt-fusion", "by-folder, snowflake", ""),
    ("dbt-labs/dbt-utils", "snowflake", ""),
    ("dbt-labs/jaffle-shop", "snowflake", ""),
    ("databricks/dbt-databricks", "databricks", ""),
    ("fivetran/dbt_hubspot", "snowflake", ""),
    ("snowplow/dbt-snowplow-unified", "snowflake", ""),
    ("SQLMesh/sqlmesh", "by-folder, duckdb", ""),
    ("risingwavelabs/risingwave", "postgres", ""),
    ("OpenLineage/OpenLineage", "spark", ""),
    ("reata/sqllineage", "ansi", ""),
    ("eakmanrq/sqlframe", "spark", ""),
    ("tobymao/sqlglot", "ansi", ""),
)
# What is no word of a statement: comments, texts in quotes, and FROM inside of functions and comparisons.
_SILENCED = re.compile(
    r"--[^\n]*|^\s*#[^\n]*|/\*.*?\*/|\{#.*?#\}|\$\$.*?\$\$|'(?:[^'\\]|''|\\.)*'|\"[^\"]*\""
    r"|\bDISTINCT\s+FROM\b|\bJOIN\s+POLICY\b|\b(?:EXTRACT|TRIM|SUBSTRING|OVERLAY|POSITION)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_MOVES_ROWS = re.compile(r"\b(?:FROM|JOIN|INTO)\s+([`@:]?[\w.$-]+)(?!\s*\(|[\w.$-])", re.IGNORECASE)
_MADE_INSIDE = re.compile(
    r"\b(\w+)\s*(?:\([^()]*\)\s*)?AS\s*(?:NOT\s+MATERIALIZED\s*|MATERIALIZED\s*)?\("
    r"|\bCREATE\s+TEMP(?:ORARY)?\s+(?:TABLE|VIEW)\s+(\w+)",
    re.IGNORECASE,
)
_NO_TABLES = {"select", "unnest", "values", "lateral", "where", "join", "on", "group", "order", "left", "cross"}
# Statements that name tables and touch no rows, up to their end.
_ABOUT_TABLES = re.compile(
    r"(?:^|;)\s*(?:SHOW|REVOKE|GRANT|EXPLAIN|FETCH|COMMENT|DESCRIBE|ALTER\s+(?!TABLE|VIEW)"
    r"|CREATE\s+(?:OR\s+REPLACE\s+)?(?:STATISTICS|EXTENSION|DATABASE|LIBRARY|TYPE|USER))\b[^;]*",
    re.IGNORECASE,
)


REST = "template, or another tool's block"
# The columns of the table, and the codes that each counts; REST counts the other reasons for which a text is refused.
COLUMNS = {
    "read": ("read",),
    "a statement reported": ("unread-statement", "parameter-left"),
    "does not parse": ("syntax-error", "unsupported-sql"),
    REST: (),
    "no SQL in it": ("not-sql",),
    "silent": ("silent",),
    "slow or crashed": ("slow", "crash"),
}


@dataclass
class Found:
    """What became of the files of a repository or folder, by their outcome; those to fear with their paths."""

    counts: Counter[str] = field(default_factory=Counter)
    feared: list[str] = field(default_factory=list)

    def add(self, outcome: str, dialect: str, path: PurePosixPath) -> None:
        """Count one file; keep it where it is silent, slow or a crash."""
        code = outcome.split(maxsplit=1)[0]
        self.counts[code] += 1
        if code in ("silent", "slow", "crash"):
            self.feared.append(f"{outcome}\t{dialect}\t{path}")

    def cells(self) -> list[str]:
        """How many files there are, and how many of each column."""
        known = {name: sum(self.counts[code] for code in codes) for name, codes in COLUMNS.items()}
        known[REST] = sum(self.counts.values()) - sum(known.values())
        return [f"{number:,}" for number in (sum(known.values()), *known.values())]


def sql_of(text: str) -> str:
    """The SQL of a snapshot of metricflow: it has notes up to a line of dashes, and asterisks for the names of schemas."""
    notes, dashes, sql = text.partition("\n---\n")
    return re.sub(r"\*{9,}", "demo", sql) if dashes and notes.startswith("test_name:") else text


def outcome_of(text: str, dialect: str) -> str:
    """``read``, ``silent``, ``slow``, ``crash`` with the exception, or the code of what is reported."""
    signal.alarm(SECONDS)
    try:
        return outcome(text, dialect)
    except TimeoutError:
        return "slow"
    except Exception as error:
        return f"crash {type(error).__name__}: {str(error)[:80]}"
    finally:
        signal.alarm(0)


def outcome(text: str, dialect: str) -> str:
    """What advice makes of a text, its lineage and findings included: ``read``, ``silent``, or what is reported first."""
    try:
        script = read_script(text, dialect=dialect)
    except InputError as error:
        return error.problems[0].code
    advise(script)
    if script.problems:
        return script.problems[0].code
    return "read" if script.reads or script.writes or not names_tables(script.rendered.text) else "silent"


def advise(script: Script) -> None:
    """Everything else that ``drawloom advise`` looks at, which may not fail either."""
    lineage(script)
    lint_script(script)
    unsupported_constructs(script, script.dialect)


def names_tables(text: str) -> bool:
    """Whether a name follows FROM, JOIN or INTO outside of comments and quotes, and is not made by the text itself."""
    plain = _ABOUT_TABLES.sub(";", _SILENCED.sub(" ", text))
    made = {name.lower() for names in _MADE_INSIDE.findall(plain) for name in names if name} | _NO_TABLES
    return any(name.lower() not in made for name in _MOVES_ROWS.findall(plain))


def dialect_of(path: PurePosixPath, given: str) -> str | None:
    """The dialect of a file: the one given; ``by-folder`` that of the nearest folder, or the one after the comma."""
    how, _, otherwise = given.partition(", ")
    if how != "by-folder":
        return check_dialect(given)
    for folder in path.parent.parts[::-1]:
        try:
            return check_dialect(folder)
        except InputError:
            continue
    return otherwise or None


def blobs(clone: Path, under: str) -> Iterator[tuple[PurePosixPath, str]]:
    """The SQL files of the newest commit of a clone, with or without a work tree."""
    listed = _git(clone, "ls-tree", "-r", "-z", "HEAD", "--", *([under] if under else [])).decode(errors="replace")
    for entry in filter(None, listed.split("\0")):
        facts, _, name = entry.partition("\t")
        mode, kind, blob = facts.split()
        path = PurePosixPath(name)
        if kind == "blob" and mode.startswith("100") and path.suffix in SUFFIXES:
            yield path, _git(clone, "cat-file", "blob", blob).decode(errors="replace")


def files(folder: Path) -> Iterator[tuple[PurePosixPath, str]]:
    """The SQL files of a folder."""
    for path in sorted(one for one in folder.rglob("*") if one.suffix in SUFFIXES and one.is_file()):
        yield PurePosixPath(path.relative_to(folder).as_posix()), path.read_text(encoding="utf-8", errors="replace")


def read_all(texts: Iterator[tuple[PurePosixPath, str]], given: str, *, show: bool) -> Found:
    """The outcomes of texts; with ``show`` one line each."""
    found = Found()
    for path, text in texts:
        dialect = dialect_of(path, given)
        if dialect is None:
            continue
        outcome = outcome_of(sql_of(text), dialect)
        found.add(outcome, dialect, path)
        if show:
            sys.stdout.write(f"{outcome}\t{dialect}\t{path}\n")
    return found


def print_table(clones: Path, names: list[str], *, show: bool) -> None:
    """The table of docs/benchmarks.md, and a line for each file to fear."""
    total: Counter[str] = Counter()
    feared = []
    print_row("repository", "commit", "dialect", "files", *COLUMNS)
    print_row(*["---"] * 3, *["---:"] * (len(COLUMNS) + 1))
    for name, dialect, under in REPOSITORIES:
        clone = clones / name
        if not clone.exists() or (names and name not in names):
            continue
        found = read_all(blobs(clone, under), dialect, show=show)
        commit = _git(clone, "rev-parse", "--short=10", "HEAD").decode().strip()
        print_row(f"{name} ({under})" if under else name, f"`{commit}`", dialect, *found.cells())
        total += found.counts
        feared += [f"{name}: {line}" for line in found.feared]
    print_row("**all**", "", "", *Found(total).cells())
    sys.stdout.write("".join(f"{line}\n" for line in feared))


def print_row(*cells: str) -> None:
    """One row of the table; at once, as a repository takes minutes."""
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table, or for a folder what became of its files; with ``--all`` each file's outcome too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of clones at owner/name; with a dialect, of SQL files")
    parser.add_argument("dialect", nargs="?", help="such as bigquery, by-folder, or `by-folder, bigquery`")
    parser.add_argument("--only", nargs="+", default=[], metavar="OWNER/NAME", help="of the clones, only these")
    parser.add_argument("--all", action="store_true", help="print every file's outcome")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _too_slow)
    if options.dialect is None:
        print_table(options.folder, options.only, show=options.all)
        return
    found = read_all(files(options.folder), options.dialect, show=options.all)
    sys.stdout.write("".join(f"{line}\n" for line in found.feared))
    sys.stdout.write(f"{sum(found.counts.values())} files: {dict(found.counts.most_common())}\n")


def _git(clone: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(clone), *arguments], check=True, stdout=subprocess.PIPE).stdout


def _too_slow(*_: object) -> None:
    raise TimeoutError


if __name__ == "__main__":
    main()
