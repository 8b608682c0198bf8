"""The content hash: equal for equal rows in any order, different otherwise."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from drawloom.engines.base import Task
from tests.conformance.bench import D1, Bench
from tests.conformance.kinds import kinds

NUMBERS = pa.struct([("x", pa.int32()), ("y", pa.int32())])
MAP = pa.map_(pa.string(), pa.int32())
BYTES = {"a": pa.struct([("x", pa.binary()), ("y", pa.list_(pa.binary()))]), "b": pa.map_(pa.string(), pa.binary())}
Given = tuple[dict[str, pa.DataType], list[tuple[Any, ...]]]
PLAIN = {"a": pa.int32(), "b": pa.string()}
TWO = {"a": pa.int32(), "b": pa.int32()}
DIFFERENT: dict[str, tuple[Given, Given]] = {
    "a value": ((PLAIN, [(1, "x")]), (PLAIN, [(1, "y")])),
    "swapped": ((TWO, [(1, 2)]), (TWO, [(2, 1)])),
    "swapped rows": ((TWO, [(1, 2), (3, 4)]), (TWO, [(1, 4), (3, 2)])),
    "a NULL moved": ((TWO, [(1, None)]), (TWO, [(None, 1)])),
    "NULLs moved": ((TWO, [(None, 1), (1, None)]), (TWO, [(None, None), (1, 1)])),
    "a duplicate": ((PLAIN, [(1, "x")]), (PLAIN, [(1, "x"), (1, "x")])),
    "two duplicates": ((TWO, [(1, 1), (1, 1), (2, 2)]), (TWO, [(1, 1), (2, 2), (2, 2)])),
    "empty text or NULL": ((PLAIN, [(1, "")]), (PLAIN, [(1, None)])),
    "no row or a NULL row": ((PLAIN, []), (PLAIN, [(None, None)])),
    "a name": ((PLAIN, [(1, "x")]), ({"a": pa.int32(), "c": pa.string()}, [(1, "x")])),
    "a type": (({"a": pa.int32()}, [(1,)]), ({"a": pa.int64()}, [(1,)])),
    "empty array or NULL": (({"a": pa.list_(pa.int32())}, [([],)]), ({"a": pa.list_(pa.int32())}, [(None,)])),
    "empty array or [NULL]": (({"a": pa.list_(pa.int32())}, [([],)]), ({"a": pa.list_(pa.int32())}, [([None],)])),
    "NULL moved in an array": (
        ({"a": pa.list_(pa.int32())}, [([1, None],)]),
        ({"a": pa.list_(pa.int32())}, [([None, 1],)]),
    ),
    "another end in an array of texts": (
        ({"a": pa.list_(pa.string())}, [(["a", "bc"],)]),
        ({"a": pa.list_(pa.string())}, [(["ab", "c"],)]),
    ),
    "order in an array": (({"a": pa.list_(pa.int32())}, [([1, 2],)]), ({"a": pa.list_(pa.int32())}, [([2, 1],)])),
    "brackets in arrays": (
        ({"a": pa.list_(pa.list_(pa.int32()))}, [([[1], [2]],)]),
        ({"a": pa.list_(pa.list_(pa.int32()))}, [([[1, 2]],)]),
    ),
    "NULL moved in a struct": (
        ({"a": NUMBERS}, [({"x": 1, "y": None},)]),
        ({"a": NUMBERS}, [({"x": None, "y": 1},)]),
    ),
    "struct of NULLs or NULL": (({"a": NUMBERS}, [({"x": None, "y": None},)]), ({"a": NUMBERS}, [(None,)])),
    "a value in a map": (({"a": MAP}, [([("k", 1)],)]), ({"a": MAP}, [([("k", 2)],)])),
    "a NULL in a map": (({"a": MAP}, [([("k", None)],)]), ({"a": MAP}, [([],)])),
    "a byte in a struct": (
        (BYTES, [({"x": b"\x00\xff", "y": [b"a", None]}, None)]),
        (BYTES, [({"x": b"\x00\xfe", "y": [b"a", None]}, None)]),
    ),
    "bytes in an array": (
        (BYTES, [({"x": None, "y": [b"a", b"bc"]}, None), (None, None)]),
        (BYTES, [({"x": None, "y": [b"ab", b"c"]}, None), (None, None)]),
    ),
    "a byte in a map": ((BYTES, [(None, [("k", b"a")])]), (BYTES, [(None, [("k", b"b")])])),
    "NaN or NULL": (({"a": pa.float64()}, [(float("nan"),)]), ({"a": pa.float64()}, [(None,)])),
    "a last bit": (({"a": pa.float64()}, [(1.0,)]), ({"a": pa.float64()}, [(1.0000000000000002,)])),
    "a last digit": (
        ({"a": pa.decimal128(38, 10)}, [(Decimal("9" * 28 + ".0000000001"),)]),
        ({"a": pa.decimal128(38, 10)}, [(Decimal("9" * 28 + ".0000000002"),)]),
    ),
}
SAME: dict[str, tuple[Given, Given]] = {
    "order": (
        (PLAIN, [(1, "x"), (2, None), (None, "z"), (1, "x")]),
        (PLAIN, [(None, "z"), (1, "x"), (1, "x"), (2, None)]),
    ),
    "columns": (({"a": pa.int32(), "b": pa.int64()}, [(1, 2)]), ({"b": pa.int64(), "a": pa.int32()}, [(2, 1)])),
    "zeros": (({"a": pa.float64()}, [(0.0,)]), ({"a": pa.float64()}, [(-0.0,)])),
}


def content(bench: Bench, task: Task, given: Given) -> str:
    types, rows = given
    columns = {name: pa.array([row[n] for row in rows], kind) for n, (name, kind) in enumerate(types.items())}
    return task.stage_arrow(bench.table(), D1, pa.table(columns), {"run": "r"}).content


@pytest.fixture
def task(bench: Bench) -> Any:
    with bench.engine.task({}) as made:
        yield made


@pytest.mark.parametrize("kind", kinds("spark", "trino-hive"), indirect=True, scope="session")
def test_different_rows_have_different_hashes(bench: Bench, task: Task) -> None:
    collisions = [
        what for what, (one, other) in DIFFERENT.items() if content(bench, task, one) == content(bench, task, other)
    ]
    assert collisions == []


def test_equal_rows_have_the_same_hash(bench: Bench, task: Task) -> None:
    differences = [
        what for what, (one, other) in SAME.items() if content(bench, task, one) != content(bench, task, other)
    ]
    assert differences == []


def test_a_published_partition_has_the_hash_that_it_was_staged_with(bench: Bench) -> None:
    staged = bench.fill(D1, "SELECT n, NULLIF(n, 2) AS m, CAST(n AS VARCHAR) AS s FROM (VALUES (1), (2), (3)) AS v(n)")
    stored = bench.engine.find_partition(bench.t, D1)
    assert stored
    assert (stored.content, stored.rows, stored.columns) == (staged.content, staged.rows, staged.columns)
    assert stored.bytes > 0
    assert len(stored.content) == 16
