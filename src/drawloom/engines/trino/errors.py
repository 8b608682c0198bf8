"""Trino's errors as RunError."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import requests
from trino.exceptions import Error, HttpError, TrinoQueryError

from drawloom.engines.catalog.errors import first_line, point_at, unreachable
from drawloom.model import DrawloomError, Fix, Problem, RunError

_POSITION = re.compile(r"^line \d+:\d+: ")
_CANCELLED = {"USER_CANCELED", "ABANDONED_QUERY", "ADMINISTRATIVELY_KILLED", "ADMINISTRATIVELY_PREEMPTED"}
_DENIED = {"PERMISSION_DENIED", "INVALID_CREDENTIALS"}
_BUSY = {"QUERY_QUEUE_FULL", "NO_NODES_AVAILABLE", "SERVER_STARTING_UP", "SERVER_SHUTTING_DOWN"}
_CODES = {"INSUFFICIENT_RESOURCES": "engine-memory", "EXTERNAL": "engine-io", "INTERNAL_ERROR": "engine-io"}
_REFUSED = re.compile(r"error (401|403)\b")


class CancelledError(Exception):
    """The statement was cancelled from another thread."""


@contextmanager
def trino_errors(sql: str = "", address: str = "", shift: int = 0) -> Iterator[None]:
    """Raise the client's errors as RunError, with the line of the text.

    ``shift`` is the number of lines before the text.
    """
    try:
        yield
    except DrawloomError:
        raise
    except CancelledError as error:
        raise RunError(Problem("interrupted", "error", "the query was cancelled.")) from error
    except TrinoQueryError as error:
        raise RunError(_problem(error, sql, shift)) from error
    except pa.ArrowException as error:
        raise RunError(Problem("engine-error", "error", f"the result does not fit into Arrow: {error}")) from error
    except (Error, HttpError, requests.RequestException, ValueError) as error:  # ValueError: not JSON
        raise RunError(_other_problem(error, address)) from error


def error_name(error: RunError) -> str:
    """Trino's name of the error, such as TABLE_NOT_FOUND; empty where it has none."""
    cause = error.__cause__
    return str(cause.error_name or "") if isinstance(cause, TrinoQueryError) else ""


def error_message(error: RunError) -> str:
    """Trino's message."""
    cause = error.__cause__
    return cause.message if isinstance(cause, TrinoQueryError) else str(error)


def _problem(error: TrinoQueryError, sql: str, shift: int) -> Problem:
    location = error.error_location
    position = (location[0] - shift, location[1]) if location else None
    return point_at(_code(error), _POSITION.sub("", error.message), sql, position)


def _code(error: TrinoQueryError) -> str:
    if error.error_name in _CANCELLED:
        return "interrupted"
    if error.error_name in _DENIED:
        return "engine-denied"
    if error.error_name in _BUSY:
        return "engine-io"
    return _CODES.get(error.error_type or "", "engine-error")


def _other_problem(error: Exception, address: str) -> Problem:
    """Errors of the connection: no server, or not for this user. None of the texts contains a password."""
    if refused := _REFUSED.search(str(error)):
        what = "did not log the user in" if refused[1] == "401" else "does not allow the user to do this"
        message = f"trino at {address} {what}; it answered {refused[1]}."
        return Problem("engine-denied", "error", message, fix=Fix("Check the user and the password in the url."))
    if isinstance(error, HttpError) and re.search(r"error (404|410)\b", str(error)):
        return Problem("engine-io", "error", f"trino at {address} lost the query; it was probably restarted.")
    return unreachable("trino", address, first_line(error), "to run a query")
