"""Calls of a Thrift service in its binary protocol, without the definition of the service.

A struct is a dict of its fields by number, each a type and a value; of a list the value has the type of its items, of a map
those of keys and values. So what a server sends can be sent back with a change, whatever else is in it.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import Any, Self

BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST = 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15
Field = tuple[int, Any]
Struct = Mapping[int, Field]
_PACKED = {BOOL: "!?", BYTE: "!b", DOUBLE: "!d", I16: "!h", I32: "!i", I64: "!q"}
_VERSION, _CALL, _EXCEPTION = 0x80010000, 1, 3
_MOST = 1 << 28  # bytes of a text, and items of a list: more is no answer of a metastore


class ThriftError(Exception):
    """The server answered with an exception, or with something that is no answer."""


def text(value: str) -> Field:
    """A text as a field."""
    return STRING, value.encode()


def texts(values: list[str]) -> Field:
    """A list of texts as a field."""
    return LIST, (STRING, [value.encode() for value in values])


class Connection:
    """A connection to a server, for one thread; closed at the end of its block."""

    def __init__(self, host: str, port: int, timeout: float = 60) -> None:
        self._socket = socket.create_connection((host, port), timeout)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def call(self, name: str, *arguments: Field) -> Any:
        """The result of a method; its arguments are numbered from 1.

        Raises:
            ThriftError: the server refuses.
            OSError: the connection fails.
        """
        head = struct.pack("!I", _VERSION | _CALL) + _packed(*text(name)) + struct.pack("!i", 0)
        self._socket.sendall(head + _packed(STRUCT, dict(enumerate(arguments, 1))))
        kind = self._read(I32) & 0xFF
        self._read(STRING), self._read(I32)
        answer: Struct = self._read(STRUCT)
        failed = answer if kind == _EXCEPTION else next((value for n, (_, value) in answer.items() if n), None)
        if failed is not None:
            raise ThriftError(_message(failed, name))
        return answer[0][1] if 0 in answer else None

    def _read(self, kind: int) -> Any:
        if kind in _PACKED:
            form = _PACKED[kind]
            return struct.unpack(form, self._bytes(struct.calcsize(form)))[0]
        if kind == STRING:
            return self._bytes(self._size())
        if kind == STRUCT:
            return self._struct()
        if kind in (LIST, SET):
            item = self._read(BYTE)
            return item, [self._read(item) for _ in range(self._size())]
        if kind == MAP:
            key, value = self._read(BYTE), self._read(BYTE)
            return key, value, [(self._read(key), self._read(value)) for _ in range(self._size())]
        raise ThriftError(f"The server answers with a value of type {kind}, which Thrift does not have.")

    def _struct(self) -> Struct:
        found: dict[int, Field] = {}
        while kind := self._read(BYTE):
            number = self._read(I16)
            found[number] = kind, self._read(kind)
        return found

    def _size(self) -> int:
        size: int = self._read(I32)
        if not 0 <= size <= _MOST:
            raise ThriftError(f"The server answers with a size of {size}, as servers do that want another protocol.")
        return size

    def _bytes(self, size: int) -> bytes:
        found = self._file.read(size)
        if len(found) < size:
            raise ThriftError("The server has closed the connection, as servers do that want a log-in.")
        return found


def _message(failed: Struct, name: str) -> str:
    kind, value = failed.get(1, (0, b""))
    return value.decode(errors="replace") if kind == STRING and value else f"{name} was refused."


def _packed(kind: int, value: Any) -> bytes:
    if kind in _PACKED:
        return struct.pack(_PACKED[kind], value)
    if kind == STRING:
        return struct.pack("!i", len(value)) + bytes(value)
    if kind == STRUCT:
        fields = (struct.pack("!bh", of, number) + _packed(of, one) for number, (of, one) in value.items())
        return b"".join(fields) + b"\0"
    if kind in (LIST, SET):
        item, items = value
        return struct.pack("!bi", item, len(items)) + b"".join(_packed(item, one) for one in items)
    key, of, pairs = value
    return struct.pack("!bbi", key, of, len(pairs)) + b"".join(_packed(key, a) + _packed(of, b) for a, b in pairs)
