"""Partitions are overwritten as a whole, may be empty, and are visible only where they were declared."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from drawloom.model import Column, InputError, RunError
from tests.conformance.bench import D1, Bench, day, tuples
from tests.conformance.kinds import kinds, open_engine

# Spark is nightly here: test_steps and test_queries try it quickly.
pytestmark = pytest.mark.parametrize("kind", kinds("spark"), indirect=True, scope="session")

ROWS = "SELECT CAST(n AS BIGINT) AS n, {text} AS s FROM (VALUES (1), (2), (3)) AS v(n)"


def test_a_table_that_does_not_exist(bench: Bench) -> None:
    assert bench.engine.days(bench.t) == []
    assert bench.engine.columns(bench.t) == ()
    assert bench.engine.find_partition(bench.t, D1) is None
    bench.engine.drop(bench.t, D1)
    with pytest.raises(InputError, match=rf"table {bench.t} has neither partitions nor declared columns"):
        bench.engine.task({bench.t: [D1]})


def test_a_partition_is_overwritten_and_emptied_and_dropped(bench: Bench) -> None:
    first = bench.fill(D1, ROWS.format(text="'a'"))
    bench.fill(day(2), ROWS.format(text="'z'"))
    assert (first.rows, first.ds, first.table, first.run) == (3, D1, bench.t, "r1")
    assert first.bytes > 0
    assert bench.rows(f"SELECT n, s, ds FROM {bench.t} WHERE ds = DATE '{D1}' ORDER BY n") == [
        (n, "a", D1) for n in (1, 2, 3)
    ]
    bench.fill(D1, "SELECT CAST(7 AS BIGINT) AS n, 'b' AS s")
    assert bench.rows(f"SELECT n, s, ds FROM {bench.t} ORDER BY ds, n") == [
        (7, "b", D1),
        *((n, "z", day(2)) for n in (1, 2, 3)),
    ]
    emptied = bench.fill(D1, ROWS.format(text="'a'") + " WHERE n > 5")
    assert (emptied.rows, bench.engine.days(bench.t)) == (0, [D1, day(2)])
    assert bench.rows(f"SELECT count(*) FROM {bench.t} WHERE ds = DATE '{D1}'") == [(0,)]
    stored = bench.engine.find_partition(bench.t, D1)
    assert stored
    assert (stored.rows, stored.content, stored.columns) == (0, emptied.content, emptied.columns)
    again = bench.fill(D1, ROWS.format(text="'a'"))
    assert again.content == first.content
    bench.engine.drop(bench.t, D1)
    bench.engine.drop(bench.t, D1)
    assert bench.engine.days(bench.t) == [day(2)]
    assert bench.engine.find_partition(bench.t, D1) is None
    assert bench.rows(f"SELECT DISTINCT s FROM {bench.t}") == [("z",)]
    bench.fill(D1, "SELECT CAST(8 AS BIGINT) AS n, 'c' AS s")
    assert bench.rows(f"SELECT n FROM {bench.t} WHERE ds = DATE '{D1}'") == [(8,)]


def test_the_first_partition_of_a_table_may_be_empty(bench: Bench) -> None:
    staged = bench.fill(D1, "SELECT 1 AS a, 'x' AS b WHERE 1 = 0")
    assert (staged.rows, bench.engine.days(bench.t)) == (0, [D1])
    assert bench.engine.columns(bench.t) == (Column("a", "INTEGER"), Column("b", "VARCHAR"))
    assert bench.rows(f"SELECT * FROM {bench.t}") == []
    bench.fill(day(2), "SELECT 2 AS a, 'y' AS b")
    assert bench.rows(f"SELECT a, b, ds FROM {bench.t}") == [(2, "y", day(2))]


def test_a_step_that_reads_its_own_yesterday_and_itself(bench: Bench) -> None:
    columns = {bench.t: (Column("total", "BIGINT"),)}
    for n in range(1, 4):
        sql = f"SELECT coalesce(max(total), 0) + 1 AS total FROM {bench.t} WHERE ds = DATE '{day(n - 1)}'"
        bench.fill(day(n), sql, {bench.t: [day(n - 1)]}, columns=columns)
    assert bench.rows(f"SELECT total FROM {bench.t} ORDER BY ds") == [(1,), (2,), (3,)]
    sql = f"SELECT total * 10 AS total FROM {bench.t} UNION ALL SELECT total FROM {bench.t}"
    for _ in range(2):
        bench.fill(day(3), sql, {bench.t: [day(3)]})
    found = bench.rows(f"SELECT total FROM {bench.t} WHERE ds = DATE '{day(3)}' ORDER BY total")
    assert found == [(3,), (30,), (30,), (300,)]


def test_a_task_sees_exactly_the_days_it_declared(bench: Bench) -> None:
    for n in range(1, 6):
        bench.fill(day(n), f"SELECT {n} AS n")
    query = f"SELECT n, ds FROM {bench.t} ORDER BY n"
    for numbers in ([2, 4], [9, 2, 2], [9], [], [1, 2, 3, 5], [3]):
        days = [day(n) for n in numbers]
        with bench.engine.task({bench.t: days}) as task:
            wanted = [(n, day(n)) for n in sorted(set(numbers)) if n <= 5]
            assert tuples(task.query(query)) == wanted, numbers
    with bench.engine.task({bench.t: None}) as task:
        assert tuples(task.query(f"SELECT count(*), min(n), max(n) FROM {bench.t}")) == [(5, 1, 5)]
        assert task.fetch(f"SELECT max(ds) FROM {bench.t}") == [(day(5),)]
    with bench.engine.task({bench.t: [day(2)]}) as task:
        query = f"WITH t AS (SELECT n FROM {bench.t}) SELECT a.n + b.n FROM t AS a JOIN {bench.t} AS b ON a.n = b.n"
        assert task.fetch(query) == [(4,)]
        upper = bench.t.upper()
        assert task.fetch(
            f"SELECT (SELECT count(*) FROM {upper}), t.n FROM {upper} AS t WHERE t.n IN (SELECT n FROM {bench.t})"
        ) == [(1, 2)]
        result = task.query(f"SELECT t.n, t.ds FROM {bench.t} WHERE {bench.t}.n > 0")
        assert result.schema.types == [pa.int32(), pa.date32()]
    bench.fill(D1, f"SELECT n FROM {bench.t}", {bench.t: [day(1), day(3)]}, table="u")
    assert bench.rows(f"SELECT n FROM {bench.name('u')} ORDER BY n") == [(1,), (3,)]
    bench.fill(day(6), f"SELECT CAST(count(*) AS INTEGER) AS n FROM {bench.t}", {bench.t: [day(4), day(5)]})
    assert bench.rows(f"SELECT n FROM {bench.t} WHERE ds = DATE '{day(6)}'") == [(2,)]


def test_days_without_a_partition_give_no_rows_and_the_right_columns(bench: Bench) -> None:
    bench.fill(D1, "SELECT 1 AS n, 'x' AS s")
    with bench.engine.task({bench.t: [day(7)]}) as task:
        empty = task.query(f"SELECT * FROM {bench.t}")
    assert empty.num_rows == 0
    assert [(field.name, field.type) for field in empty.schema] == [
        ("n", pa.int32()), ("s", pa.string()), ("ds", pa.date32()),
    ]  # fmt: skip


def test_a_range_writes_every_day_and_equals_the_days_one_by_one(bench: Bench) -> None:
    numbers = ", ".join(f"({n})" for n in range(60))
    sql = f"SELECT x AS a, DATE '2026-01-01' + CAST(x % 5 AS INTEGER) AS ds FROM (VALUES {numbers}) AS v(x) WHERE x % 5 <> 2"
    days = [day(n) for n in range(1, 7)]
    with bench.engine.task({}) as task:
        staged = task.stage_range(bench.table(cluster=("a",)), sql, {ds: {"run": "r1"} for ds in days})
        bench.engine.publish(staged)
        for ds in (day(1), day(3)):
            one = task.stage(bench.table("u"), ds, f"SELECT a FROM ({sql}) AS q WHERE ds = DATE '{ds}'", {})
            assert one.content == staged[days.index(ds)].content
    assert [(part.ds, part.rows) for part in staged] == [(day(n), 0 if n in (3, 6) else 12) for n in range(1, 7)]
    assert bench.engine.days(bench.t) == days
    found = bench.rows(f"SELECT ds, count(*), min(a) FROM {bench.t} GROUP BY ds ORDER BY ds")
    assert found == [(day(n), 12, n - 1) for n in (1, 2, 4, 5)]
    with bench.engine.task({}) as task, pytest.raises(RunError) as caught:
        task.stage_range(bench.table(), sql, {ds: {} for ds in days[:2]})
    assert caught.value.problems[0].code == "wrong-day"
    with bench.engine.task({}) as task, pytest.raises(InputError, match=r"has no ds, must project it"):
        task.stage_range(bench.table(), "SELECT 1 AS a", {D1: {}})


@pytest.mark.parametrize("projected", ["", ", DATE '{ds}' AS ds"])
def test_a_batch_of_days_equals_the_days_one_by_one(bench: Bench, projected: str) -> None:
    for n in range(1, 4):
        values = ", ".join(f"({x})" for x in range(n + 1))
        bench.fill(day(n), f"SELECT x AS a, x * 3 AS b FROM (VALUES {values}) AS t(x)")
    text = "SELECT a % 2 AS k, sum(b) AS b" + projected + f" FROM {bench.t} WHERE ds = DATE '{{ds}}' GROUP BY 1"
    texts = {day(n): text.format(ds=day(n)) for n in range(1, 5)}
    into = bench.table("k", cluster=("k",))
    with bench.engine.task({bench.t: None}) as task:
        batch = task.stage_days(into, texts, {ds: {"run": "r1"} for ds in texts})
        assert task.fetch(f"SELECT sum(b) FROM ({task.partition_sql(batch[2])}) AS q") == [(18,)]
        bench.engine.publish(batch)
    assert [part.rows for part in batch] == [2, 2, 2, 0]
    for part in (batch[1], batch[3]):
        with bench.engine.task({bench.t: [part.ds]}) as task:
            assert task.stage(into, part.ds, texts[part.ds], {}).content == part.content
    assert bench.rows(f"SELECT ds, k, b FROM {bench.name('k')} ORDER BY ds, k") == [
        (day(1), 0, 0), (day(1), 1, 3), (day(2), 0, 6), (day(2), 1, 3), (day(3), 0, 6), (day(3), 1, 12),
    ]  # fmt: skip


def test_a_projected_ds_must_be_the_day_on_every_row(bench: Bench) -> None:
    for expression in ("DATE '2026-01-01'", "'2026-01-01'", "TIMESTAMP '2026-01-01 05:00:00'"):
        assert bench.fill(D1, f"SELECT 1 AS a, {expression} AS DS").columns == (Column("a", "INTEGER"),)
    none = "is missing" if bench.kind == "duckdb" else "is missing or no day"  # catalogs are asked for days, not texts
    for expression, shown in (
        ("CASE WHEN x = 0 THEN DATE '2026-01-01' ELSE DATE '2026-01-02' END", "== 2026-01-02"),
        ("CASE WHEN x = 0 THEN DATE '2026-01-01' END", none),
    ):
        with bench.engine.task({}) as task, pytest.raises(RunError) as caught:
            task.stage(bench.table(), D1, f"SELECT x AS a, {expression} AS ds FROM (VALUES (0), (1)) AS t(x)", {})
        assert str(caught.value) == f"{bench.t}.ds {shown}, must be 2026-01-01, the day of the partition, on every row."
        assert caught.value.problems[0].code == "wrong-day"
    texts = {day(n): f"SELECT 1 AS a, DATE '2026-01-02' AS ds, DATE '{day(n)}' AS d" for n in (1, 2)}
    with bench.engine.task({}) as task, pytest.raises(RunError):
        task.stage_days(bench.table(), texts, {ds: {} for ds in texts})
    assert bench.rows(f"SELECT a, ds FROM {bench.t}") == [(1, D1)]


def test_arrow_data_is_staged(bench: Bench) -> None:
    data = pa.table(
        {"n": pa.array([1, None], pa.int32()), "s": pa.array(["a", "b"]).dictionary_encode(), "ds": [D1, D1]}
    )
    with bench.engine.task({}) as task:
        staged = task.stage_arrow(bench.table(), D1, data, {"run": "py"})
        assert (staged.rows, staged.run) == (2, "py")
        assert staged.columns == (Column("n", "INTEGER"), Column("s", "VARCHAR"))
        bench.engine.publish([staged])
        with pytest.raises(RunError, match=r"must be 2026-01-02"):
            task.stage_arrow(bench.table(), day(2), data, {})
        with pytest.raises(InputError, match=rf"result for {bench.t} == list, must be a pyarrow.Table"):
            task.stage_arrow(bench.table(), D1, [{"n": 1}], {})
        with pytest.raises(InputError, match=r"n: .* must not have two columns of one name"):
            task.stage_arrow(bench.table(), D1, pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["n", "n"]), {})
        bench.engine.publish([task.stage_arrow(bench.table(), day(2), data.slice(0, 0), {"run": "py"})])
    assert bench.rows(f"SELECT n, s, ds FROM {bench.t} ORDER BY s") == [(1, "a", D1), (None, "b", D1)]
    assert bench.engine.days(bench.t) == [D1, day(2)]


def test_a_staged_partition_can_be_queried_before_it_is_published(bench: Bench) -> None:
    bench.fill(D1, "SELECT 1 AS a")
    with bench.engine.task({bench.t: [D1]}) as task:
        staged = task.stage(bench.table(), D1, "SELECT 7 AS a", {}, bench.engine.columns(bench.t))
        task.add_view(staged)
        assert tuples(task.query("SELECT a, ds FROM staged")) == [(7, D1)]
        assert tuples(task.query(f"SELECT a FROM {bench.t}")) == [(1,)]
        task.add_view(task.stage(bench.table(), day(2), "SELECT 8 AS a", {}))
        assert tuples(task.query("SELECT a, ds FROM staged")) == [(8, day(2))]
        stored = bench.engine.find_partition(bench.t, D1)
        assert stored
        assert task.fetch(f"SELECT o.a, s.a FROM ({task.partition_sql(stored)}) AS o CROSS JOIN staged AS s") == [
            (1, 8)
        ]
    assert bench.engine.days(bench.t) == [D1]
    assert bench.rows(f"SELECT a FROM {bench.t}") == [(1,)]


def test_days_in_the_far_past_and_future(bench: Bench) -> None:
    days = [date(1969, 12, 31), date(2000, 2, 29), date(9999, 12, 31)]
    for n, ds in enumerate(days):
        bench.fill(ds, f"SELECT {n} AS n")
    assert bench.engine.days(bench.t) == days
    assert bench.rows(f"SELECT n, ds FROM {bench.t} ORDER BY ds") == list(enumerate(days))


def test_special_characters_in_folder_names(bench: Bench, tmp_path: Path) -> None:
    place = tmp_path / "env=prod" / "a b%20é 'q'" / "lake"
    other = Bench(bench.kind, open_engine(bench.kind, place), place, bench.schema)
    try:
        other.fill(D1, "SELECT 1 AS a", table="s")
        other.fill(D1, f"SELECT a FROM {other.name('s')}", {other.name("s"): [D1]}, table="u")
        other.fill(day(2), "SELECT 1 AS a WHERE 1 = 0", table="u")
        assert other.rows(f"SELECT a, ds FROM {other.name('u')}") == [(1, D1)]
        assert other.engine.days(other.name("u")) == [D1, day(2)]
        assert list(place.rglob("*.parquet")) or bench.kind.startswith("trino")
        assert not list(tmp_path.rglob("*%3D*"))
    finally:
        other.engine.close()
