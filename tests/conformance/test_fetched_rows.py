"""A step's rows stay in the engine: only a few are fetched, as counted in the engine's client library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from drawloom.engines.duckdb import engine
from drawloom.engines.duckdb.connection import connect
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.model import Check
from drawloom.run.failed_check import MAX_ROWS
from tests.conformance.bench import D1, Bench, day
from tests.conformance.test_steps import DAILY, read, runner, step

DIGITS = [f"(VALUES {', '.join(f'({x})' for x in range(10))}) AS d{at}(x{at})" for at in range(5)]
MANY = f"SELECT x0 + 10 * x1 + 100 * x2 + 1000 * x3 + 10000 * x4 AS n, x0 AS k FROM {' CROSS JOIN '.join(DIGITS)}"
MAX_FETCHED = 40 + MAX_ROWS  # a failing check shows some of its rows


class Fetched:
    """Counts the rows that were fetched, and the calls that fetched them."""

    def __init__(self) -> None:
        self.rows = 0
        self.calls = 0

    def take(self, result: Any) -> Any:
        self.calls += 1
        self.rows += getattr(result, "num_rows", None) or len(result or ())
        return result


class CountingConnection:
    """A DuckDB connection that counts the rows fetched from it, and from its cursors and relations."""

    def __init__(self, real: Any, fetched: Fetched) -> None:
        self._real = real
        self._fetched = fetched

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            result = found(*given, **named)
            if name in ("fetchall", "fetchmany", "arrow", "to_arrow_table", "fetch_arrow_table", "df", "pl"):
                return self._fetched.take(result)
            if name == "fetchone":
                self._fetched.rows += result is not None
            return CountingConnection(result, self._fetched) if "duckdb" in type(result).__module__ else result

        return call


@contextmanager
def count_fetched(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fetched]:
    """Count the rows that leave the engine for this process."""
    fetched = Fetched()
    with monkeypatch.context() as patch:
        if isinstance(bench.engine, DuckDB):
            opened = [(set(folders), CountingConnection(real, fetched)) for folders, real in bench.engine._databases]
            patch.setattr(bench.engine, "_databases", opened)
            patch.setattr(engine, "connect", lambda *given: CountingConnection(connect(*given), fetched))
        elif bench.kind == "spark":
            _count_spark(patch, fetched)
        else:
            _count_trino(patch, fetched)
        yield fetched


def _count_spark(patch: pytest.MonkeyPatch, fetched: Fetched) -> None:
    from pyspark.sql.classic.dataframe import DataFrame

    for name in ("collect", "toArrow", "toPandas", "take", "tail", "head"):
        real = getattr(DataFrame, name)
        patch.setattr(DataFrame, name, lambda self, *given, _real=real: fetched.take(_real(self, *given)))
    real_all = DataFrame.toLocalIterator
    patch.setattr(DataFrame, "toLocalIterator", lambda self, *given: iter(fetched.take(list(real_all(self, *given)))))


def _count_trino(patch: pytest.MonkeyPatch, fetched: Fetched) -> None:
    from trino.client import TrinoRequest

    real = TrinoRequest.process

    def process(self: Any, response: Any) -> Any:
        status = real(self, response)
        fetched.take(status.rows)
        return status

    patch.setattr(TrinoRequest, "process", process)


def test_a_step_over_many_rows_fetches_a_handful(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.fill(D1, MANY)
    sql = f"SELECT n, k, n * 2 AS m FROM {bench.t} WHERE ds = DATE '{{{{ ds }}}}'"
    check = Check("no negative values", "SELECT * FROM {{ staged }} WHERE n < 0", by_row=True)
    warn = Check("small", "SELECT * FROM {{ staged }} WHERE n > 10", severity="warn")
    made = step(bench, "u", sql, read(bench, "t"), checks=(check, warn))
    with count_fetched(bench, monkeypatch) as fetched:
        ran = runner(bench, "t").run(made, DAILY, D1, {bench.t: {"2026-01-01": "c"}})
        assert ran.records[0].rows == 100_000
        assert bench.engine.days(bench.name("u")) == [D1]
        assert bench.engine.find_partition(bench.name("u"), D1)
    assert 0 < fetched.rows <= MAX_FETCHED, f"{fetched.rows} rows in {fetched.calls} calls"
    with count_fetched(bench, monkeypatch) as fetched:
        texts = {day(n): f"SELECT n FROM {bench.t} WHERE ds = DATE '{D1}' AND n > {n} - {n}" for n in (1, 2)}
        with bench.engine.task({bench.t: None}) as task:
            bench.engine.publish(task.stage_days(bench.table("w"), texts, {ds: {"run": "r"} for ds in texts}))
    assert 0 < fetched.rows <= MAX_FETCHED, f"{fetched.rows} rows in {fetched.calls} calls"
    with count_fetched(bench, monkeypatch) as fetched:
        bench.engine.query(f"SELECT n FROM {bench.t} WHERE k < 5")
    assert fetched.rows >= 50_000, "the counter works"
