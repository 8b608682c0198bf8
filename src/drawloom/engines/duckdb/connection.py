"""DuckDB connections with access to some folders only, DuckDB's errors as RunError, and checks that a statement only reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from drawloom.engines import quote
from drawloom.model import Fix, Problem, RunError, refuse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation, Statement


def connect(
    threads: int,
    memory: str,
    folders: Iterable[Path],
    files: Iterable[Path | str],
    spill: Path | None,
    *,
    errors_as_json: bool = False,
) -> DuckDBPyConnection:
    """An in-memory DuckDB that can access only these folders and files; its configuration is locked.

    ``memory`` is a limit in DuckDB's notation ("4GB", "50%"); data that exceeds it is written to the folder ``spill``.
    ``errors_as_json``: errors are JSON, which has more details.

    Raises:
        InputError: DuckDB does not accept a limit.
    """
    if threads < 1:
        raise refuse("bad-engine", f"threads == {threads}, must be at least 1.")
    config: dict[str, Any] = {
        "threads": threads,
        "async_threads": 0,  # with them DuckDB 2.0 hangs now and then when a COPY fails whose rows are being written
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,  # what a text may call does not depend on what is installed
        "errors_as_json": errors_as_json,
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        connection.execute(f"SET memory_limit = {quote.value(memory)}")
    except duckdb.Error as error:
        raise refuse("bad-engine", f"memory == {memory!r}, must be like 4GB or 50%: {error}") from error
    # A footer is read once for each version of a file: DuckDB checks the file's time, and tasks compare versions as well.
    connection.execute("SET GLOBAL parquet_metadata_cache = true")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute(f"SET temp_directory = {quote.value(str(spill or ''))}")
    connection.execute(f"SET allowed_directories = {quote.values(sorted(map(str, folders)))}")
    connection.execute(f"SET allowed_paths = {quote.values(map(str, files))}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


_LINE = re.compile(r"\bLINE (\d+):")
_INNER = re.compile(r'Async write failed for range .*"exception_message":"((?:[^"\\]|\\.)*)".*')
_OWN_ERROR = "drawloom: "
_DISK_FULL = "No space left on device"
_CODES: dict[type[duckdb.Error], str] = {
    duckdb.IOException: "engine-io",
    duckdb.OutOfMemoryException: "engine-memory",
    duckdb.InterruptException: "interrupted",
}


@contextmanager
def engine_errors(shift: int = 0) -> Iterator[None]:
    """Raise DuckDB's errors as RunError; ``shift`` is the number of lines before the user's text."""
    try:
        yield
    except duckdb.Error as error:
        raise RunError(engine_problem(error, shift)) from error


def engine_problem(error: duckdb.Error, shift: int = 0) -> Problem:
    """DuckDB's message, with line numbers of the user's text."""
    text = _INNER.sub(lambda found: json.loads(f'"{found[1]}"'), str(error))
    if _OWN_ERROR in text:
        code, _, message = text.split(_OWN_ERROR, 1)[1].partition(": ")
        return Problem(code, "error", message)
    if _DISK_FULL in text:
        fix = Fix("Free space on the disk; nothing was published.")
        return Problem("engine-io", "error", f"the disk is full: {text.replace('IO Error: ', '')}.", fix=fix)
    code = _CODES.get(type(error), "engine-error")
    return Problem(code, "error", _LINE.sub(lambda found: f"LINE {int(found[1]) - shift}:", text))


def extract_select(
    connection: DuckDBPyConnection, sql: str, *, explain: bool = False, wrap_errors: bool = True
) -> Statement:
    """The one SELECT in a text (with ``explain`` also EXPLAIN).

    Raises:
        InputError: it is another kind of statement, more than one, or none.
        RunError: it is not valid SQL; without ``wrap_errors`` DuckDB's own error.
    """
    with engine_errors() if wrap_errors else nullcontext():
        found = connection.extract_statements(sql)
    if len(found) != 1:
        raise refuse("not-select", f"statements == {len(found)}, must be one SELECT.", None, "Remove the others.")
    kind = found[0].type.name
    if kind == "MULTI":
        raise refuse(
            "not-select",
            "the columns of a PIVOT without a list of values change with the data.",
            None,
            "Write PIVOT ... ON column IN (value, ...).",
        )
    if kind != "SELECT" and not (explain and kind == "EXPLAIN"):
        raise refuse(
            "not-select", f"statement == {kind}, must be a SELECT.", None, "A step only reads; it writes itself."
        )
    return found[0]


def bind_select(connection: DuckDBPyConnection, statement: Statement, sql: str) -> DuckDBPyRelation:
    """The SELECT that ``extract_select`` found in a text, bound to the tables and not yet run.

    Raises:
        RunError: it does not bind.
    """
    try:
        return connection.sql(statement)
    except duckdb.Error as error:
        raise RunError(_with_line(connection, sql, error)) from error


def _with_line(connection: DuckDBPyConnection, sql: str, error: duckdb.Error) -> Problem:
    """The error with its line and position, which DuckDB reports only when it executes a statement."""
    try:
        connection.execute(f"DESCRIBE\n{without_semicolon(sql)}").fetchall()
    except duckdb.Error as detailed:
        if str(detailed).startswith(str(error)):
            return engine_problem(detailed, shift=1)
    return engine_problem(error)


def without_semicolon(sql: str) -> str:
    """The text without trailing semicolons and comments, so that it can be put in parentheses."""
    raw = sql.encode()
    tokens = duckdb.tokenize(sql)
    while tokens and (tokens[-1][1] == duckdb.token_type.comment or raw[tokens[-1][0] : tokens[-1][0] + 1] == b";"):
        raw = raw[: tokens.pop()[0]]
    return raw.decode()
