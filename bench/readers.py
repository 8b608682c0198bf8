"""One reader of SQL over many texts, in a process of its own: `python -m bench.readers NAME` prints JSON.

``{"ms": [CPU milliseconds of each text], "right": texts whose tables were found exactly, "failed": [ids]}``
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterable
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import Any

Reader = Callable[[str], Iterable[str]]
TEXTS = Path(__file__).parents[1] / "../shared/data/autodag"
_CTE = "common_table_expression"
CAP = 60.0  # seconds a text


class Pure:
    """Imports sqlglot's Python sources though its compiled modules are installed."""

    @staticmethod
    def find_spec(name: str, path: Any = None, _: object = None) -> ModuleSpec | None:
        if not name.startswith("sqlglot.") or not path:
            return None
        return FileFinder(path[0], (SourceFileLoader, [".py"])).find_spec(name)


def drawloom() -> Reader:
    """Tables, days of each table, writes: what `drawloom advise` is built on."""
    from drawloom.sql.script_reader import read_script

    return lambda sql: [found.table for found in read_script(sql, dialect="duckdb").reads]


def drawloom_pure() -> Reader:
    """The same on sqlglot without its compiled modules."""
    sys.meta_path.insert(0, Pure())
    reader = drawloom()
    import sqlglot.parser

    assert sqlglot.parser.__file__.endswith(".py")
    return reader


def describe() -> Reader:
    """All that drawloom finds in a text: reads, writes, lineage, advice and fingerprint, uncached."""
    from drawloom.sql import analyze

    return lambda sql: [found.table for found in analyze(sql, dialect="duckdb").reads]


def sqlglot_parse() -> Reader:
    """Parsing alone, and every name in FROM that is no CTE of the text: the floor under drawloom."""
    from sqlglot import exp, parse

    def tables(sql: str) -> set[str]:
        trees = [tree for tree in parse(sql, read="duckdb") if tree]
        ctes = {cte.alias for tree in trees for cte in tree.find_all(exp.CTE)}
        return {table.name for tree in trees for table in tree.find_all(exp.Table)} - ctes

    return tables


def openlineage() -> Reader:
    """openlineage-sql: a parser in Rust; in and out tables, columns."""
    from openlineage_sql import parse  # type: ignore[import-untyped]

    def tables(sql: str) -> list[str]:
        found = parse([sql], dialect="duckdb")
        if found is None or found.errors:
            raise ValueError("no answer")
        return [table.name for table in found.in_tables]

    return tables


def sqllineage() -> Reader:
    """sqllineage: source and target tables, columns; on sqlfluff's parser."""
    from sqllineage.runner import LineageRunner

    return lambda sql: [table.raw_name for table in LineageRunner(sql, dialect="duckdb").source_tables]


def sqlfluff() -> Reader:
    """sqlfluff: a full parse, and every table reference of its tree that is no CTE of the text."""
    from sqlfluff.core import Linter

    linter = Linter(dialect="duckdb")

    def tables(sql: str) -> set[str]:
        tree = linter.parse_string(sql).tree
        if tree is None:
            raise ValueError("no tree")
        ctes = {next(cte.recursive_crawl("identifier")).raw for cte in tree.recursive_crawl(_CTE)}
        return {table.raw for table in tree.recursive_crawl("table_reference")} - ctes

    return tables


READERS = {
    "drawloom": drawloom,
    "drawloom, pure sqlglot": drawloom_pure,
    "drawloom describe": describe,
    "sqlglot parse only": sqlglot_parse,
    "openlineage-sql": openlineage,
    "sqllineage": sqllineage,
    "sqlfluff parse": sqlfluff,
}


def load(file: str, every: int = 1) -> list[dict[str, Any]]:
    """The texts of a corpus, or each n-th of them."""
    lines = (TEXTS / file).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines][::every]


def main() -> None:
    """Read all texts once."""
    name, every = sys.argv[1], int(sys.argv[2])
    reader = READERS[name]()
    reader("SELECT a FROM b.c JOIN d USING (e)")
    signal.signal(signal.SIGALRM, _late)
    times, right, failed = [], 0, []
    for text in load("tpc.jsonl", every):
        signal.setitimer(signal.ITIMER_REAL, CAP)
        began = time.process_time()
        try:
            found = {table.lower() for table in reader(text["sql"])}
        except Exception:  # whatever a reader raises, it did not read the text
            failed.append(text["id"])
            found = set()
        signal.setitimer(signal.ITIMER_REAL, 0)
        times.append(1000 * (time.process_time() - began))
        right += found == set(text["tables"])
    print(json.dumps({"ms": times, "right": right, "failed": failed}))


def _late(*_: object) -> None:
    raise TimeoutError(f"more than {CAP} seconds")


if __name__ == "__main__":
    main()
