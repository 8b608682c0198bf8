"""DuckDB over rows that are given: tasks see the days that they may, and what they publish is there for the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from drawloom.engines.duckdb.rows import DuckRows
from drawloom.model import Column, InputError, RunError, Table

MON, TUE = date(2026, 1, 5), date(2026, 1, 6)
N = (Column("n", "INTEGER"),)
TABLE = Table("core.n", N, cluster=("n",))


@pytest.fixture
def rows() -> Iterator[DuckRows]:
    with DuckRows() as made:
        made.add_table(
            "raw.n", N, f"SELECT * FROM (VALUES (2, DATE '{MON}'), (1, DATE '{MON}'), (9, DATE '{TUE}')) v (n, ds)"
        )
        made.add_table("raw.names", (Column("name", "VARCHAR"),), "SELECT 'a' AS name", dated=False)
        yield made


def select(rows: DuckRows, sql: str, **days: Any) -> list[dict[str, Any]]:
    with rows.task({table.replace("__", "."): of_table for table, of_table in days.items()}) as task:
        found: list[dict[str, Any]] = task.query(sql).to_pylist()
    return found


def test_a_task_sees_its_days_and_tables_only(rows: DuckRows) -> None:
    assert select(rows, "SELECT n FROM raw.n", raw__n=[TUE]) == [{"n": 9}]
    assert select(rows, "SELECT n FROM raw.n", raw__n=[]) == []
    assert select(rows, "SELECT count(*) AS n FROM raw.n", raw__n=None) == [{"n": 3}]
    assert select(rows, "SELECT name FROM raw.names", raw__names=None) == [{"name": "a"}]
    with pytest.raises(RunError, match=r"raw\.n|Catalog Error"):
        select(rows, "SELECT * FROM raw.n", raw__names=None)
    with pytest.raises(InputError, match="must be a table of the project"):
        select(rows, 'SELECT * FROM _drawloom_rows.main."raw.n"', raw__names=None)
    with pytest.raises(InputError, match=r"the columns of raw\.other are not known"):
        rows.task({"raw.other": [MON]})
    with rows.task({"raw.other": [MON]}, {"raw.other": N}) as task:
        assert task.query("SELECT n, ds FROM raw.other").num_rows == 0


def test_what_is_published_replaces_its_day_in_the_order_of_the_cluster_key(rows: DuckRows) -> None:
    def publish(sql: str) -> None:
        with rows.task({"raw.n": [MON]}) as task:
            part = task.stage(TABLE, MON, sql, {})
            assert task.fetch(f"SELECT count(*) FROM ({task.partition_sql(part)})") == [(part.rows,)]
            rows.publish([part])

    publish("SELECT n FROM raw.n")
    assert [row["n"] for row in select(rows, "SELECT n FROM core.n", core__n=[MON])] == [1, 2]
    publish("SELECT n + 5 AS n FROM raw.n WHERE n > 1")
    assert select(rows, "SELECT n, ds FROM core.n", core__n=None) == [{"n": 7, "ds": MON}]
    with pytest.raises(RunError, match=r"core\.n\.ds == 2026-01-06, must be 2026-01-05"):
        publish(f"SELECT n, DATE '{TUE}' AS ds FROM raw.n")
    rows.clear()
    assert rows.columns("core.n") == ()


def test_several_days_are_staged_in_one_pass(rows: DuckRows) -> None:
    with rows.task({"raw.n": None}) as task:
        parts = task.stage_range(TABLE, "SELECT n, ds FROM raw.n", {MON: {}, TUE: {}})
        assert [(part.ds, part.rows) for part in parts] == [(MON, 2), (TUE, 1)]
        rows.publish(parts)
    assert [row["n"] for row in select(rows, "SELECT n FROM core.n", core__n=[TUE])] == [9]


def test_rows_of_another_engine_get_the_types_of_the_columns(rows: DuckRows) -> None:
    data = pa.table({"n": pa.array([3, 4], pa.int64()), "ds": [TUE, TUE]})
    rows.add_rows("core.n", N, data)
    rows.add_rows("core.n", N, data.slice(0, 1))
    assert str(rows.all_rows("core.n").schema.field("n").type) == "int32"
    assert rows.all_rows("core.n").num_rows == 3
    assert rows.is_dated("core.n")
    assert not rows.is_dated("raw.names")
    with pytest.raises(RunError, match="out of range"):
        rows.add_rows("core.n", N, pa.table({"n": pa.array([2**40]), "ds": [TUE]}))


def test_tasks_can_be_interrupted_and_a_failing_one_leaves_nothing(rows: DuckRows) -> None:
    with rows.task({"raw.n": None}):
        rows.interrupt()
    rows.interrupt()
    with pytest.raises(RunError, match="HUGE"):
        rows.add_table("raw.bad", (Column("n", "HUGE"),), "SELECT CAST(1 AS HUGE) AS n")
    assert rows.columns("raw.bad") == ()
    with pytest.raises(RunError, match="HUGE"):
        rows.types((Column("n", "HUGE"),))
