"""Sketches of distinct values as texts with a letter for each register, which merge by the largest letter of each place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PRECISION = 10  # of DuckDB's: two to the power of it are the registers
_ZERO = ord("0")
_HLL = "STRUCT(precision UTINYINT, registers UTINYINT[])"


def pack(state: str) -> str:
    """A state as DuckDB exports it, half as long: its precision, a colon and the letters."""
    found = json.loads(state)
    return f"{found['precision']}:{''.join(chr(_ZERO + register) for register in found['registers'])}"


def letters(registers: Mapping[int, int]) -> str:
    """Registers by their place as ``pack`` writes them; those that are not named are 0."""
    return f"{PRECISION}:{''.join(chr(_ZERO + registers.get(place, 0)) for place in range(2**PRECISION))}"


def estimate(connection: DuckDBPyConnection, sketches: Sequence[Sequence[str]]) -> list[float | None]:
    """How many different values there are in each group of sketches together; None of a group without any."""
    import pyarrow as pa

    states = [_unpack(_largest(group)) if group else None for group in sketches]
    connection.register("sketches", pa.table({"n": range(len(states)), "state": pa.array(states, pa.string())}))
    merged = f"finalize(to_aggregate_state(CAST(CAST(state AS JSON) AS {_HLL}), 'approx_count_distinct', ['BIGINT']))"
    found = connection.sql(f"SELECT CAST({merged} AS DOUBLE) AS value FROM sketches ORDER BY n").to_arrow_table()
    values: list[float | None] = found.column("value").to_pylist()
    return values


def _largest(sketches: Sequence[str]) -> str:
    """The largest letter of each place; of sketches of one precision."""
    if len(sketches) == 1:
        return sketches[0]
    import pyarrow as pa
    import pyarrow.compute as pc

    precision = sketches[0].partition(":")[0]
    letters = [sketch.partition(":")[2].encode("latin-1") for sketch in sketches]
    arrays = [pa.Array.from_buffers(pa.uint8(), len(one), [None, pa.py_buffer(one)]) for one in letters]
    largest = pc.max_element_wise(*arrays)
    return f"{precision}:{bytes(largest.to_pylist()).decode('latin-1')}"


def _unpack(sketch: str) -> str:
    precision, _, letters = sketch.partition(":")
    state: dict[str, Any] = {"precision": int(precision), "registers": [ord(letter) - _ZERO for letter in letters]}
    return json.dumps(state)
