"""Values over a pipe between two of our own processes, each with its length before it."""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any

MOST_BYTES = 50_000_000
_LENGTH = struct.Struct(">Q")


def write(pipe: IO[bytes], value: object) -> None:
    """Write one value.

    Raises:
        ValueError: it is too large.
        OSError: nobody reads any more.
    """
    data = pickle.dumps(value)
    if len(data) > MOST_BYTES:
        raise ValueError(f"{len(data):,} bytes are more than {MOST_BYTES:,}.")
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read(pipe: IO[bytes]) -> Any:
    """The next value.

    Raises:
        EOFError: the other process has ended.
    """
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - it comes from a process of ours
