from __future__ import annotations

import pytest
import requests
from trino.exceptions import HttpError, TrinoConnectionError, TrinoExternalError, TrinoQueryError, TrinoUserError

from drawloom.engines.trino.connect import connect, parse
from drawloom.engines.trino.errors import CancelledError, error_name, trino_errors
from drawloom.model import InputError, RunError


def test_parts_of_a_url() -> None:
    plain = parse("trino://ann@example.com:8081/Hive")
    assert (plain.host, plain.port, plain.user, plain.catalog) == ("example.com", 8081, "ann", "hive")
    assert (plain.scheme, plain.verify, plain.password) == ("http", True, None)
    assert parse("trino://example.com/x").port == 8080
    assert parse("trino://example.com/x").user == "drawloom"


def test_a_password_is_sent_over_tls_and_never_shown() -> None:
    url = parse("trino://ann:s%40crt@example.com/hive?verify=false")
    assert (url.password, url.scheme, url.port, url.verify) == ("s@crt", "https", 443, False)
    assert parse("trino://ann:x@h/c?verify=/etc/ca.pem").verify == "/etc/ca.pem"
    assert "s@crt" not in f"{url!r} {url}"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://h:1/c", "does not begin with trino://"),
        ("trino://h:8080", "no catalog"),
        ("trino:///hive", "no host"),
        ("trino://h:port/c", "not a number"),
        ("trino://h/c?color=red", "no option color"),
        ("trino://ann:secret@h/c?http_scheme=http", "must go over https"),
    ],
)
def test_malformed_urls_are_refused(url: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        parse(url)
    assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer() -> None:
    with pytest.raises(RunError) as caught:
        connect("trino://ann@127.0.0.1:9/hive")
    (problem,) = caught.value.problems
    assert problem.code == "engine-unreachable"
    assert problem.message.startswith("trino at 127.0.0.1:9 does not answer; tried to list its catalogs: ")


def server_error(kind: str, name: str, message: str, place: tuple[int, int] | None = None) -> dict[str, object]:
    """An error as the server sends it."""
    error: dict[str, object] = {"errorType": kind, "errorName": name, "message": message}
    return error | ({"errorLocation": {"lineNumber": place[0], "columnNumber": place[1]}} if place else {})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TrinoUserError(server_error("USER_ERROR", "DIVISION_BY_ZERO", "Division by zero")), "engine-error"),
        (TrinoUserError(server_error("USER_ERROR", "PERMISSION_DENIED", "Access Denied: x")), "engine-denied"),
        (TrinoUserError(server_error("USER_ERROR", "USER_CANCELED", "Query was canceled")), "interrupted"),
        (TrinoQueryError(server_error("INSUFFICIENT_RESOURCES", "EXCEEDED_LOCAL_MEMORY_LIMIT", "x")), "engine-memory"),
        (TrinoQueryError(server_error("INSUFFICIENT_RESOURCES", "QUERY_QUEUE_FULL", "x")), "engine-io"),
        (TrinoQueryError(server_error("INTERNAL_ERROR", "GENERIC_INTERNAL_ERROR", "x")), "engine-io"),
        (TrinoExternalError(server_error("EXTERNAL", "HIVE_CANNOT_OPEN_SPLIT", "gone")), "engine-io"),
        (TrinoConnectionError("failed to execute: refused"), "engine-unreachable"),
        (requests.ConnectionError("reset"), "engine-unreachable"),
        (HttpError("error 500: boom"), "engine-unreachable"),
        (HttpError("error 401: b'Invalid credentials: hunter2'"), "engine-denied"),
        (HttpError("error 410: b''"), "engine-io"),
        (CancelledError(), "interrupted"),
    ],
)
def test_errors_have_codes(error: Exception, code: str) -> None:
    with pytest.raises(RunError) as caught, trino_errors("SELECT 1", "h:1"):
        raise error
    assert caught.value.problems[0].code == code
    assert "hunter2" not in str(caught.value)


def test_an_error_marks_the_line_of_the_text_and_not_of_the_statement_around_it() -> None:
    error = TrinoUserError(
        server_error("USER_ERROR", "COLUMN_NOT_FOUND", "line 3:8: Column 'nope' cannot be resolved", (3, 8))
    )
    with pytest.raises(RunError) as caught, trino_errors("FROM t\nSELECT nope", "h:1", shift=1):
        raise error
    assert str(caught.value) == "Column 'nope' cannot be resolved\nLINE 2: SELECT nope\n               ^"
    assert error_name(caught.value) == "COLUMN_NOT_FOUND"
