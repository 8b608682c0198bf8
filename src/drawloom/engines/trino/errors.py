"""Trino's errors as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import requests
from trino.exceptions import Error, HttpError, TrinoQueryError

from drawloom.engines.catalog.errors import first_line, marked, unreachable
from drawloom.model import DrawloomError, Fix, Problem, RunError

_PLACE = re.compile(r"^line \d+:\d+: ")
_STOPPED = {"USER_CANCELED", "ABANDONED_QUERY", "ADMINISTRATIVELY_KILLED", "ADMINISTRATIVELY_PREEMPTED"}
_DENIED = {"PERMISSION_DENIED", "INVALID_CREDENTIALS"}
_BUSY = {"QUERY_QUEUE_FULL", "NO_NODES_AVAILABLE", "SERVER_STARTING_UP", "SERVER_SHUTTING_DOWN"}
_KINDS = {"INSUFFICIENT_RESOURCES": "engine-memory", "EXTERNAL": "engine-io", "INTERNAL_ERROR": "engine-io"}
_REFUSED = re.compile(r"error (401|403)\b")


class StoppedError(Exception):
    """The statement was stopped from another thread."""


@contextmanager
def trino_errors(sql: str = "", address: str = "", shift: int = 0) -> Iterator[None]:
    """Raise what the client raises as RunError, with the line of the text that it means.

    ``shift`` is how many lines were put before the text.
    """
    try:
        yield
    except DrawloomError:
        raise
    except StoppedError as error:
        raise RunError(Problem("interrupted", "error", "the query was stopped.")) from error
    except TrinoQueryError as error:
        raise RunError(_problem(error, sql, shift)) from error
    except pa.ArrowException as error:
        raise RunError(Problem("engine-error", "error", f"the answer must fit into Arrow: {error}")) from error
    except (Error, HttpError, requests.RequestException, ValueError) as error:  # also what is no JSON
        raise RunError(_other(error, address)) from error


def name_of(error: RunError) -> str:
    """Trino's own name of what went wrong, such as TABLE_NOT_FOUND; empty where it has none."""
    cause = error.__cause__
    return str(cause.error_name or "") if isinstance(cause, TrinoQueryError) else ""


def said_of(error: RunError) -> str:
    """Trino's own message."""
    cause = error.__cause__
    return cause.message if isinstance(cause, TrinoQueryError) else str(error)


def _problem(error: TrinoQueryError, sql: str, shift: int) -> Problem:
    place = error.error_location
    at = (place[0] - shift, place[1]) if place else None
    return marked(_code(error), _PLACE.sub("", error.message), sql, at)


def _code(error: TrinoQueryError) -> str:
    if error.error_name in _STOPPED:
        return "interrupted"
    if error.error_name in _DENIED:
        return "engine-denied"
    if error.error_name in _BUSY:
        return "engine-io"
    return _KINDS.get(error.error_type or "", "engine-error")


def _other(error: Exception, address: str) -> Problem:
    """What is not about the query: no way to the server, or none for this user. Passwords are in none of the texts."""
    if refused := _REFUSED.search(str(error)):
        what = "let the user in" if refused[1] == "401" else "let the user do this"
        message = f"trino == {address}, must {what}; it answered {refused[1]}."
        return Problem("engine-denied", "error", message, fix=Fix("Look at the user and the password in the url."))
    if isinstance(error, HttpError) and re.search(r"error (404|410)\b", str(error)):
        return Problem("engine-io", "error", f"trino == {address}, must know the query; it was lost in a restart.")
    return unreachable("trino", address, first_line(error), "to run a query")
