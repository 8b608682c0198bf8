"""Reading tables for people who look: one SELECT over the project's tables, with limits on rows and time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drawloom.model import Fix, Problem, RunError, refuse

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp

    from drawloom.engines.duckdb.engine import DuckDB
    from drawloom.run.project import Project

MAX_TEXT = 100_000  # characters of a query
SAFE_SOURCES = frozenset({"unnest", "generateseries"})  # sqlglot's names; range() is the second
TELLING = frozenset({"getenv", "current_setting", "getvariable"})  # functions that say what a machine is like
MEMORY = "1GB"
INFINITE = {2**31 - 1, 2**63 - 1}  # DuckDB's days and moments
MOST_BYTES = 4_000_000  # of an answer


@dataclass(frozen=True, slots=True)
class Rows:
    """The first rows of a result; ``more`` says that there are others."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    more: bool


class Console:
    """Runs one SELECT at a time on an engine of its own, so that stopping it stops nothing else."""

    def __init__(self, project: Project, max_rows: int, max_seconds: float) -> None:
        self._project = project
        self._max_rows = max_rows
        self._max_seconds = max_seconds
        self._lock = threading.Lock()
        self._engine: DuckDB | None = None

    def close(self) -> None:
        """Close the engine."""
        if self._engine:
            self._engine.close()

    def read(self, sql: str) -> Rows:
        """The first rows of a SELECT over tables of the project.

        Raises:
            InputError: it is no SELECT, or reads something that is no table of the project.
            RunError: it fails, took too long, or another one is running.
        """
        project = self._project
        if project.catalog_engine:
            message = "engine == " + project.settings.engine.kind + ", must be duckdb for reading tables here."
            raise refuse("no-preview", message, None, "Ask the engine itself, or use `drawloom query`.")
        names = {
            table.lower() for table in (*project.compiled.names, *project.registry.columns(), *project.settings.sources)
        }
        tree = check_select(sql, names | set(project.compiled.families))
        if not self._lock.acquire(blocking=False):
            raise RunError(
                Problem("busy", "error", "Another query is running here.", fix=Fix("Try again in a moment."))
            )
        try:
            return self._read(tree)
        finally:
            self._lock.release()

    def _read(self, tree: exp.Query) -> Rows:
        from sqlglot import select

        limited = select("*").from_(tree.subquery("shown")).limit(self._max_rows + 1).sql("duckdb")
        if self._engine is None:
            from drawloom.engines.duckdb.engine import DuckDB

            self._engine = DuckDB(self._project.lake, self._project.sources, threads=1, memory=MEMORY)
        stop = threading.Timer(self._max_seconds, self._engine.interrupt)
        stop.start()
        try:
            found = self._project.query_on(self._engine, limited)
        except RunError as error:
            if any(problem.code == "interrupted" for problem in error.problems):
                raise _too_slow(self._max_seconds) from error
            raise
        finally:
            stop.cancel()
        if found.nbytes > MOST_BYTES:
            message = f"rows == {found.nbytes:,} bytes, must be at most {MOST_BYTES:,}."
            raise refuse("too-large", message, None, "Select fewer columns, or cut long texts with left(x, 100).")
        rows = plain_rows(found)
        return Rows(tuple(found.column_names), tuple(rows[: self._max_rows]), len(rows) > self._max_rows)


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as values of Python; a day or a moment that Python does not know, such as one before Christ, is its number."""
    columns = [_plain_values(column) for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain_values(column: pa.ChunkedArray) -> list[Any]:
    try:
        return [_without_foreign(value) for value in column.to_pylist()]
    except (ValueError, OverflowError):
        return [_plain_value(value) for value in column]


def _without_foreign(value: Any) -> Any:
    """The value with texts in the place of what is of a type that only a library has, such as an interval."""
    if isinstance(value, list):
        return [_without_foreign(one) for one in value]
    if isinstance(value, dict):
        return {key: _without_foreign(one) for key, one in value.items()}
    return str(value) if isinstance(value, tuple) and type(value) is not tuple else value


def _plain_value(value: pa.Scalar) -> Any:
    try:
        return _without_foreign(value.as_py())
    except (ValueError, OverflowError):
        number = getattr(value, "value", None)
        if number is None:
            return str(value.type)  # within a list or a struct
        return "infinity" if number in INFINITE else "-infinity" if -number in INFINITE else str(number)


def check_select(sql: str, tables: set[str]) -> exp.Query:
    """The parsed text, if it is one SELECT that reads only these tables (in lower case) and its own CTEs.

    Raises:
        InputError: it is not.
    """
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    if len(sql) > MAX_TEXT:
        raise refuse("too-long", f"query == {len(sql):,} characters, must be at most {MAX_TEXT:,}.")
    try:
        statements = [one for one in parse(sql, dialect="duckdb") if one is not None]
    except (SqlglotError, RecursionError) as error:
        raise refuse("not-sql", f"The query cannot be read as SQL: {str(error).splitlines()[0]}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise refuse("not-select", "query == something else, must be one SELECT.", None, "Remove the others.")
    for message in _foreign(statements[0], tables):
        raise refuse("not-a-table", message, None, "Read tables of this project, such as those on the page of tables.")
    return statements[0]


def _foreign(tree: exp.Query, tables: set[str]) -> Iterator[str]:
    """What a query reads that is no table of the project: files, settings, functions that read."""
    from sqlglot import exp

    aliases = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Func):
            name = node.this.name if isinstance(node.this, exp.Anonymous) else node.this.key
            if name.lower() not in SAFE_SOURCES:
                yield f"{name}() == a table, must not be read here."
        elif not node.db and node.name.lower() in aliases and node.name.isidentifier():  # not a path of a file
            continue
        elif f"{node.db}.{node.name}".lower() not in tables or node.catalog:
            yield f"table == {node.sql('duckdb')}, must be a table of this project."
    for function in tree.find_all(exp.Anonymous):
        if function.name.lower() in TELLING:
            yield f"{function.name}() must not be in a query here."
    for kind in (exp.Into, exp.Command, exp.Copy):
        if tree.find(kind):
            yield f"{kind.__name__.upper()} must not be in a query."


def _too_slow(seconds: float) -> RunError:
    fix = Fix("Read fewer days: a condition on ds skips the files of others.")
    return RunError(
        Problem("too-slow", "error", f"The query took more than {seconds:g} seconds and was stopped.", fix=fix)
    )
