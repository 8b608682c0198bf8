"""Calls of a Thrift service in its binary protocol, without the definition of the service.

A struct is a dict of its fields by number, each a type and a value; of a list the value has the type of its items, of a map
those of keys and values. So what a server sends can be sent back with a change, whatever else is in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Self

from drawloom.model import refuse

# As TType of the package, which is imported where it is needed.
BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST = 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15
Field = tuple[int, Any]
Struct = Mapping[int, Field]
_METHODS = {BOOL: "Bool", BYTE: "Byte", DOUBLE: "Double", I16: "I16", I32: "I32", I64: "I64", STRING: "Binary"}
_COLLECTIONS = {LIST: "List", SET: "Set"}
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
    """A connection to a server, for one thread; closed at the end of its block.

    Raises:
        InputError: the package thrift is not installed.
        ThriftError: there is no such server.
    """

    def __init__(self, host: str, port: int, timeout: float = 60) -> None:
        try:
            from thrift.protocol.TBinaryProtocol import TBinaryProtocol
            from thrift.Thrift import TApplicationException, TException, TMessageType
            from thrift.transport.TSocket import TSocket
            from thrift.transport.TTransport import TBufferedTransport
        except ImportError as error:
            message = "thrift is not installed; it is needed to write to a metastore."
            raise refuse("no-thrift", message, None, "Run pip install 'drawloom[hive]'.") from error
        self._errors = (TException, EOFError, UnicodeDecodeError)  # what its decoder says of other protocols
        self._call, self._exception, self._refusal = TMessageType.CALL, TMessageType.EXCEPTION, TApplicationException
        socket = TSocket(host, port)
        socket.setTimeout(timeout * 1000)
        self._transport = TBufferedTransport(socket)
        self._protocol = TBinaryProtocol(
            self._transport, strictRead=True, string_length_limit=_MOST, container_length_limit=_MOST
        )
        logging.getLogger("thrift").addHandler(logging.NullHandler())  # what it logs is raised, too
        self._checked(self._transport.open)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def call(self, name: str, *arguments: Field) -> Any:
        """The result of a method; its arguments are numbered from 1.

        Raises:
            ThriftError: the server refuses, or the connection fails.
        """
        hint = "; a server that wants a log-in or another protocol answers like this"
        kind, answer = self._checked(lambda: self._exchange(name, arguments), hint)
        failed = answer if kind == self._exception else next((value for n, (_, value) in answer.items() if n), None)
        if failed is not None:
            raise ThriftError(_message(failed, name))
        return answer[0][1] if 0 in answer else None

    def _exchange(self, name: str, arguments: tuple[Field, ...]) -> tuple[int, Struct]:
        protocol = self._protocol
        protocol.writeMessageBegin(name, self._call, 0)
        _write(protocol, STRUCT, dict(enumerate(arguments, 1)))
        protocol.writeMessageEnd()
        self._transport.flush()
        _, kind, _ = protocol.readMessageBegin()
        answer = _read(protocol, STRUCT)
        protocol.readMessageEnd()
        return kind, answer

    def _checked(self, action: Callable[[], Any], hint: str = "") -> Any:
        try:
            return action()
        except self._errors as error:
            said = getattr(error, "message", None) or str(error) or type(error).__name__
            raise ThriftError(f"{said}{hint}") from error


def _read(protocol: Any, kind: int) -> Any:
    if kind in _METHODS:
        return getattr(protocol, f"read{_METHODS[kind]}")()
    if kind == STRUCT:
        return _read_struct(protocol)
    if kind in _COLLECTIONS:
        item, size = getattr(protocol, f"read{_COLLECTIONS[kind]}Begin")()
        return item, [_read(protocol, item) for _ in range(size)]
    if kind == MAP:
        key, value, size = protocol.readMapBegin()
        return key, value, [(_read(protocol, key), _read(protocol, value)) for _ in range(size)]
    raise ThriftError(f"The server answers with a value of type {kind}, which Thrift does not have.")


def _read_struct(protocol: Any) -> Struct:
    found: dict[int, Field] = {}
    protocol.readStructBegin()
    while (field := protocol.readFieldBegin())[1]:
        _, kind, number = field
        found[number] = kind, _read(protocol, kind)
    return found


def _write(protocol: Any, kind: int, value: Any) -> None:
    if kind in _METHODS:
        getattr(protocol, f"write{_METHODS[kind]}")(value)
    elif kind == STRUCT:
        for number, (of, one) in value.items():
            protocol.writeFieldBegin("", of, number)
            _write(protocol, of, one)
        protocol.writeFieldStop()
    elif kind in _COLLECTIONS:
        item, items = value
        getattr(protocol, f"write{_COLLECTIONS[kind]}Begin")(item, len(items))
        for one in items:
            _write(protocol, item, one)
    else:
        key, of, pairs = value
        protocol.writeMapBegin(key, of, len(pairs))
        for name, one in pairs:
            _write(protocol, key, name)
            _write(protocol, of, one)


def _message(failed: Struct, name: str) -> str:
    kind, value = failed.get(1, (0, b""))
    return value.decode(errors="replace") if kind == STRING and value else f"{name} was refused."
