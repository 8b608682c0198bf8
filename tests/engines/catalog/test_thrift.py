"""What is sent to a Thrift service comes back as it was, whatever its type; other answers are errors."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.engines.catalog import thrift
from tests.helpers import examples

_PLAIN = {
    thrift.BOOL: st.booleans(),
    thrift.BYTE: st.integers(-(2**7), 2**7 - 1),
    thrift.I16: st.integers(-(2**15), 2**15 - 1),
    thrift.I32: st.integers(-(2**31), 2**31 - 1),
    thrift.I64: st.integers(-(2**63), 2**63 - 1),
    thrift.DOUBLE: st.floats(allow_nan=False),
    thrift.STRING: st.binary(max_size=9),
}


def of_type(kind: int, depth: int) -> st.SearchStrategy[Any]:
    """Values of a type, whose parts are at most so deep."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    inner = fields(depth - 1)
    if kind == thrift.STRUCT:
        return st.dictionaries(st.integers(1, 99), inner, max_size=3)
    items = st.sampled_from(sorted(_PLAIN))
    if kind in (thrift.LIST, thrift.SET):
        return items.flatmap(lambda item: st.tuples(st.just(item), st.lists(_PLAIN[item], max_size=3)))
    return items.flatmap(
        lambda item: st.tuples(
            st.just(item), st.just(item), st.lists(st.tuples(_PLAIN[item], _PLAIN[item]), max_size=3)
        )
    )


def fields(depth: int = 2) -> st.SearchStrategy[thrift.Field]:
    """Fields of any type."""
    nested = [thrift.STRUCT, thrift.MAP, thrift.SET, thrift.LIST] if depth else []
    return st.sampled_from([*_PLAIN, *nested]).flatmap(lambda kind: st.tuples(st.just(kind), of_type(kind, depth)))


@contextmanager
def server(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """The port of a server that answers one message."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as one:
                one.sendall(answer(one.recv(1 << 20)))

        thread = Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def call(answer: Callable[[bytes], bytes], *arguments: thrift.Field) -> Any:
    with server(answer) as port, thrift.Connection("127.0.0.1", port) as connection:
        return connection.call("echo", *arguments)


HEAD = 4 + 4 + len("echo") + 4


def echo(message: bytes) -> bytes:
    """The argument, which is field 1, as the result, which is field 0."""
    kind, number = struct.unpack("!bh", message[HEAD : HEAD + 3])
    assert number == 1
    return message[:3] + b"\2" + message[4:HEAD] + struct.pack("!bh", kind, 0) + message[HEAD + 3 :]


@examples(50, 1000)
@given(fields())
def test_values_come_back_as_they_were(field: thrift.Field) -> None:
    assert call(echo, field) == field[1]


def test_what_a_server_refuses_is_an_error_with_its_words() -> None:
    def refuse(message: bytes) -> bytes:
        told = struct.pack("!bh", thrift.STRING, 1) + struct.pack("!i", 7) + b"no such"
        return message[:3] + b"\2" + message[4:HEAD] + struct.pack("!bh", thrift.STRUCT, 2) + told + b"\0\0"

    with pytest.raises(thrift.ThriftError, match="no such"):
        call(refuse, thrift.text("a"))


@pytest.mark.parametrize("answer", [b"", b"\0\0\0\7\xff\xff\xff\xff" * 3, b"HTTP/1.1 400 Bad", b"\x80\1\0\2\0\0\0\7"])
def test_another_server_is_an_error(answer: bytes) -> None:
    with pytest.raises(thrift.ThriftError, match="wants a log-in or another protocol"):
        call(lambda _: answer, thrift.text("a"))
