"""Spark's errors as RunError."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from drawloom.engines.catalog.errors import error_position, first_line, point_at, unreachable
from drawloom.model import DrawloomError, Problem, RunError

_STATE = re.compile(r"\s*SQLSTATE: \w+.*", re.DOTALL)
_PARTS = re.compile(r"\n(?:== SQL|'|\+-|JVM stacktrace)")
_CANCELLED = ("cancelled", "CANCELED", "interrupted")
_DENIED = ("PERMISSION_DENIED", "AccessControlException", "Permission denied", "not have privilege")

_FILE = ("FileNotFoundException", "FAILED_READ_FILE", "java.io.IOException", "No space left")


@contextmanager
def spark_errors(sql: str = "", address: str = "") -> Iterator[None]:
    """Raise Spark's errors as RunError, with the line of the text."""
    try:
        yield
    except DrawloomError:
        raise
    except PySparkException as error:
        raise RunError(_problem(error, sql, address)) from error
    except (Py4JError, ConnectionError, OSError) as error:
        raise RunError(_other_problem(error, sql, address)) from error


def _problem(error: PySparkException, sql: str, address: str) -> Problem:
    text = str(error)
    if "UNAVAILABLE" in text or "failed to connect" in text:
        return unreachable("spark", address, text, "to run a query")
    position = error_position(text)
    return point_at(
        _code(text), _short(text), sql, position and (position[0], position[1] + 1)
    )  # Spark counts columns from 0


def _other_problem(error: BaseException, sql: str, address: str) -> Problem:
    text = str(error)
    if isinstance(error, ConnectionError) or "Answer from Java side is empty" in text:
        return unreachable("spark", address, text, "to run a query")
    return point_at(_code(text), first_line(_cause(text)), sql, None)


def _code(text: str) -> str:
    if any(word in text for word in _CANCELLED):
        return "interrupted"
    if any(word in text for word in _DENIED):
        return "engine-denied"
    if "OutOfMemory" in text:
        return "engine-memory"
    return "engine-io" if any(word in text for word in _FILE) else "engine-error"


def _short(text: str) -> str:
    """The message without error code, plan and trace."""
    return _STATE.sub("", _PARTS.split(text.strip())[0]).strip()


def _cause(text: str) -> str:
    causes = re.findall(r"Caused by: (?:[\w.$]+: )?(.+)", text)
    return causes[-1] if causes else text
