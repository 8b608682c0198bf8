from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from drawloom.engines.base import Engine, Task
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.duckdb.files import select_files
from drawloom.engines.duckdb.reader import file_select
from drawloom.engines.lake import Lake
from drawloom.model import Column, DrawloomError, InputError, RunError, Table
from tests.engines.conftest import D1, Bench, day

T = Table("core.t")


def test_a_task_sees_exactly_the_days_it_declared(bench: Bench) -> None:
    for number in range(1, 6):
        bench.fill("core.t", day(number), f"SELECT {number} AS n")
    assert bench.rows("SELECT n, ds FROM core.t ORDER BY n", {"core.t": [day(4), day(2), day(9), day(2)]}) == [
        (2, day(2)),
        (4, day(4)),
    ]
    assert bench.rows("SELECT count(*) FROM Core.T", {"core.t": None}) == [(5,)]
    assert bench.rows("SELECT typeof(min(ds)) FROM core.t", {"core.t": [D1]}) == [("DATE",)]
    with pytest.raises(RunError, match=r"does not exist"):
        bench.rows("SELECT * FROM core.t", {})


def test_duckdbs_planner_estimates_the_rows_of_each_day(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT n FROM range(10) AS r(n)")
    bench.fill("core.t", day(2), "SELECT n FROM range(70000) AS r(n)")
    columns = (Column("n", "BIGINT"),)
    both = select_files([(str(bench.engine.lake.path("core.t", ds)), columns) for ds in (D1, day(2))], columns)
    plan = str(duckdb.connect().execute(f"EXPLAIN SELECT n FROM ({both}) WHERE ds = DATE '{day(2)}'").fetchall())
    assert "70,000 rows" in plan, plan


def test_short_lived_partitions_are_compressed_quickly(bench: Bench) -> None:
    sql = "SELECT n, hash(n) % 1000 AS h, 'user ' || hash(n % 777) AS s FROM range(50000) AS r(n)"
    made = {keep: bench.fill(Table("core.t", keep=keep), D1, sql) for keep in (None, 32, 31, 7)}
    assert len({staged.content for staged in made.values()}) == 1
    assert made[None].bytes == made[32].bytes != made[31].bytes == made[7].bytes


def test_days_without_a_partition_give_no_rows_and_the_right_columns(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS n, 'x' AS s")
    with bench.engine.task({"core.t": [day(7)]}) as task:
        empty = task.query("SELECT * FROM core.t")
    assert empty.num_rows == 0
    assert {field.name: str(field.type) for field in empty.schema} == {"n": "int32", "s": "string", "ds": "date32[day]"}


def test_a_step_that_reads_its_own_past_begins_with_declared_columns(bench: Bench) -> None:
    sql = "SELECT coalesce(max(total), 0) + 1 AS total FROM core.run WHERE ds = DATE '{}'"
    columns = {"core.run": (Column("total", "BIGINT"),)}
    for number in range(1, 4):
        inputs = {"core.run": [day(number - 1)]}
        known = bench.engine.columns("core.run")
        bench.fill("core.run", day(number), sql.format(day(number - 1)), inputs, known, columns=columns)
    assert bench.rows("SELECT total FROM core.run ORDER BY ds") == [(1,), (2,), (3,)]


def test_a_table_without_partitions_or_declared_columns_is_refused(bench: Bench) -> None:
    with pytest.raises(InputError, match=r"table core\.none has neither partitions nor declared columns"):
        bench.engine.task({"core.none": [D1]})


def test_an_empty_result_is_a_partition_with_columns(bench: Bench) -> None:
    staged = bench.fill("core.t", D1, "SELECT 1 AS n, 'x' AS s WHERE false")
    assert (staged.rows, [c.name for c in staged.columns]) == (0, ["n", "s"])
    assert bench.engine.days("core.t") == [D1]
    assert bench.rows("SELECT * FROM core.t") == []


def test_an_added_column_is_null_in_older_partitions(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a, 'old' AS b")
    bench.fill("core.t", day(2), "SELECT 2 AS a, 'new' AS b, 2.5::DOUBLE AS c", known=bench.engine.columns("core.t"))
    bench.fill("core.t", day(3), "SELECT 3 AS a, 3.5::DOUBLE AS c", known=bench.engine.columns("core.t"))
    assert bench.rows("SELECT a, b, c FROM core.t ORDER BY a") == [(1, "old", None), (2, "new", 2.5), (3, None, 3.5)]
    assert {c.name for c in bench.engine.columns("core.t")} == {"a", "b", "c"}
    assert bench.rows("SELECT c FROM core.t WHERE ds = DATE '2026-01-01'") == [(None,)]
    assert bench.engine.query("SELECT * FROM core.t LIMIT 0", {"core.t": [D1]}).column_names == ["a", "b", "ds"]


def test_files_of_other_tools_in_the_lake_are_read(bench: Bench) -> None:
    for number, select in ((1, "SELECT 1::INTEGER AS a"), (2, "SELECT 2::BIGINT AS A, 'x' AS b, 9 AS ds")):
        path = bench.lake.path("core.t", day(number))
        path.parent.mkdir(parents=True)
        duckdb.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    assert bench.engine.columns("core.t") == (Column("A", "BIGINT"), Column("b", "VARCHAR"))
    assert bench.rows("SELECT a, b, ds FROM core.t ORDER BY a") == [(1, None, day(1)), (2, "x", day(2))]


def test_special_characters_in_folder_names(tmp_path: Path) -> None:
    with DuckDB(Lake(tmp_path / "env=prod" / "a[1]* 'q'" / "lake")) as engine:
        bench = Bench(engine)
        bench.fill("core.t", D1, "SELECT 1 AS a")
        bench.fill("core.u", D1, "SELECT * FROM core.t", {"core.t": [D1]})
        assert engine.query("SELECT * FROM core.u").to_pylist() == [{"a": 1, "ds": D1}]


def test_a_projected_ds_must_be_the_day_on_every_row(bench: Bench) -> None:
    for expression in ("DATE '2026-01-01'", "'2026-01-01'", "TIMESTAMP '2026-01-01 05:00:00'"):
        assert bench.fill("core.t", D1, f"SELECT 1 AS a, {expression} AS DS").columns == (Column("a", "INTEGER"),)
    for expression, shown in (
        ("DATE '2026-01-01' + CAST(x AS INTEGER)", "== 2026-01-02"),
        ("CASE WHEN x = 0 THEN DATE '2026-01-01' END", "is missing"),
        ("'yesterday'", "== yesterday"),
        ("20260101", "== 20260101"),
    ):
        with pytest.raises(RunError) as caught:
            bench.fill("core.t", D1, f"SELECT x AS a, {expression} AS ds FROM range(2) AS t(x)")
        assert str(caught.value) == f"core.t.ds {shown}, must be 2026-01-01, the day of the partition, on every row."
        assert caught.value.problems[0].code == "wrong-day"


def test_ds_of_rows_that_a_join_drops_is_not_checked(bench: Bench) -> None:
    bench.fill("core.a", D1, "SELECT 1 AS k")
    bench.fill("core.b", D1, "SELECT 1 AS k")
    bench.fill("core.b", day(2), "SELECT 2 AS k")
    sql = "SELECT b.k, b.ds FROM core.b AS b JOIN core.a AS a USING (k)"
    assert bench.fill("core.c", D1, sql, {"core.a": None, "core.b": None}).rows == 1


def test_a_partition_is_sorted_by_the_cluster_key(bench: Bench) -> None:
    table = Table("core.t", cluster=("B", "a"))
    bench.fill(table, D1, "SELECT x AS a, x % 2 AS b FROM range(4) AS t(x)")
    assert bench.rows("SELECT a, b FROM core.t") == [(0, 0), (2, 0), (1, 1), (3, 1)]
    with pytest.raises(
        InputError, match=r"cluster of core.t == cty, must be a column of the table \(the nearest is city"
    ):
        bench.fill(Table("core.t", cluster=("cty",)), D1, "SELECT 'x' AS city")


def test_running_twice_writes_the_same_bytes(bench: Bench) -> None:
    sql = "SELECT x % 7 AS k, sum(sqrt(x)) AS v FROM range(100000) AS t(x) GROUP BY 1"
    bench.fill("core.t", D1, sql)
    one = bench.lake.path("core.t", D1).read_bytes()
    bench.fill("core.t", D1, sql)
    assert bench.lake.path("core.t", D1).read_bytes() == one


def test_a_range_writes_every_day_and_equals_the_days_one_by_one(bench: Bench) -> None:
    sql = "SELECT x AS a, DATE '2026-01-01' + CAST(x % 5 AS INTEGER) AS ds FROM range(500) AS t(x) WHERE x % 5 <> 2"
    days = [day(n) for n in range(1, 7)]
    with bench.engine.task({}) as task:
        staged = task.stage_range(Table("core.r", cluster=("a",)), sql + ";", {key: {"run": "r1"} for key in days})
        single = [task.stage(T, one, f"SELECT * EXCLUDE (ds) FROM ({sql}) WHERE ds = DATE '{one}'", {}) for one in days]
    assert [(s.ds, s.rows) for s in staged] == [(day(n), 0 if n in (3, 6) else 100) for n in range(1, 7)]
    assert [s.content for s in staged] == [s.content for s in single]
    for part in staged:
        bench.engine.publish([part])
        assert bench.lake.read_meta(bench.lake.path("core.r", part.ds))["ds"] == part.ds.isoformat()
    assert bench.rows("SELECT count(*), count(DISTINCT ds) FROM core.r") == [(400, 4)]


@pytest.mark.parametrize(
    ("ds", "message"),
    [
        ("DATE '2026-01-09'", "core.t.ds == 2026-01-09, must be a day from 2026-01-01 to 2026-01-02"),
        ("'x'", "core.t.ds is missing or no day, must be a day from"),
    ],
)
def test_a_range_refuses_rows_of_other_days(bench: Bench, ds: str, message: str) -> None:
    with bench.engine.task({}) as task, pytest.raises(RunError) as caught:
        task.stage_range(T, f"SELECT 1 AS a, {ds} AS ds", {day(1): {}, day(2): {}})
    assert message in str(caught.value)


def test_a_range_needs_ds(bench: Bench) -> None:
    with bench.engine.task({}) as task, pytest.raises(InputError, match=r"has no ds, must project it"):
        task.stage_range(T, "SELECT 1 AS a", {D1: {}})


@pytest.mark.parametrize("projected", ["", ", DATE '{ds}' AS ds"])
def test_a_batch_of_days_equals_the_days_one_by_one(bench: Bench, projected: str) -> None:
    for n in range(1, 6):
        bench.fill("core.t", day(n), f"SELECT x AS a, x / 3 AS b FROM range({n}) AS t(x)")
    text = "SELECT a % 3 AS k, sum(b) AS b" + projected + " FROM core.t WHERE ds = DATE '{ds}' GROUP BY 1"
    texts = {day(n): text.format(ds=day(n)) + "; -- done" for n in range(1, 6)}
    into = Table("core.k", cluster=("k",))
    with bench.engine.task({"core.t": None}) as task:
        batch = task.stage_days(into, texts, {ds: {"run": "r1", "note": ds.isoformat()} for ds in texts})
        assert task.fetch(f"SELECT sum(k) FROM ({task.partition_sql(batch[4])})") == [(3,)]
    assert [part.rows for part in batch] == [1, 2, 3, 3, 3]
    for part in batch:
        with bench.engine.task({"core.t": [part.ds]}) as task:
            assert task.stage(into, part.ds, texts[part.ds], {}).content == part.content
        bench.engine.publish([part])
        assert bench.lake.read_meta(bench.lake.path("core.k", part.ds))["note"] == part.ds.isoformat()


def test_a_batch_of_days_needs_files_with_equal_columns(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    bench.fill("core.t", day(2), "SELECT 1 AS a, 2 AS b")
    texts = {ds: f"SELECT * EXCLUDE (ds) FROM core.t WHERE ds = DATE '{ds}'" for ds in (D1, day(2))}
    with bench.engine.task({"core.t": None}) as task, pytest.raises(RunError) as caught:
        task.stage_days(T, texts, {key: {} for key in texts})
    assert caught.value.problems[0].code == "apart"


def test_arrow_data_is_staged_with_its_types(bench: Bench) -> None:
    data = pa.table(
        {"n": pa.array([1, None], pa.int8()), "s": pa.array(["a", "b"]).dictionary_encode(), "ds": [D1, D1]}
    )
    with bench.engine.task({}) as task:
        staged = task.stage_arrow(T, D1, data, {"run": "py"})
        assert (staged.rows, staged.run) == (2, "py")
        assert staged.columns == (Column("n", "TINYINT"), Column("s", "VARCHAR"))
        with pytest.raises(RunError, match=r"wrong|must be 2026-01-02"):
            task.stage_arrow(T, day(2), data, {})
        with pytest.raises(InputError, match=r"result for core.t == list, must be a pyarrow.Table"):
            task.stage_arrow(T, D1, [{"n": 1}], {})
        with pytest.raises(InputError, match=r"n: core\.t must not have two columns of one name"):
            task.stage_arrow(T, D1, pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["n", "n"]), {})


def test_a_staged_partition_can_be_queried_before_it_is_published(bench: Bench) -> None:
    with bench.engine.task({}) as task:
        staged = task.stage(T, D1, "SELECT 7 AS a", {})
        task.add_view(staged)
        assert task.query("SELECT a, ds FROM staged").to_pylist() == [{"a": 7, "ds": D1}]
        task.add_view(task.stage(T, day(2), "SELECT 8 AS a", {}))
        assert task.query("SELECT a, ds FROM staged").to_pylist() == [{"a": 8, "ds": day(2)}]
    assert bench.engine.days("core.t") == []


def test_duckdb_errors_keep_their_message_and_the_users_line(bench: Bench) -> None:
    with pytest.raises(RunError) as caught:
        bench.fill("core.t", D1, "SELECT 1 AS a,\n  nothing AS b\nFROM range(3)")
    problem = caught.value.problems[0]
    assert problem.code == "engine-error"
    assert 'Referenced column "nothing" not found' in problem.message
    assert "LINE 2:   nothing AS b\n          ^^^^^^^" in problem.message
    with pytest.raises(RunError, match=r"Could not convert string 'x' to INT32"):
        bench.fill("core.t", D1, "SELECT CAST(x AS INTEGER) AS a FROM (VALUES ('1'), ('x')) AS t(x)")


def test_a_failed_step_leaves_nothing_in_staging(bench: Bench) -> None:
    with pytest.raises(RunError):
        bench.fill("core.t", D1, "SELECT CAST(x AS INTEGER) AS a FROM (VALUES ('1'), ('x')) AS t(x)")
    assert list(bench.engine.staging.path.glob("*.parquet")) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_parquet('https://example.com/x.parquet')",
        "SELECT * FROM bench",
    ],
)
def test_queries_cannot_read_files_outside_the_lake(bench: Bench, sql: str) -> None:
    with pytest.raises(DrawloomError):
        bench.fill("core.t", D1, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '/tmp/drawloom-outside.csv'",
        "INSTALL httpfs",
        "SET memory_limit = '1TB'",
        "SET enable_external_access = true",
        "ATTACH '/tmp/drawloom-outside.db'",
    ],
)
def test_unchecked_statements_cannot_write_outside_the_lake(bench: Bench, sql: str) -> None:
    with pytest.raises(duckdb.Error):
        bench.engine.cursor().execute(sql)


def test_what_lies_beside_the_schemas_cannot_be_opened(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    (bench.lake.root / "registry.db").write_text("secret")
    with pytest.raises(duckdb.Error, match="Permission Error"):
        bench.engine.cursor().execute(f"SELECT * FROM read_text('{bench.lake.root}/registry.db')")
    bench.fill("mart.new_schema", D1, "SELECT a FROM core.t", {"core.t": [D1]})
    assert bench.rows("SELECT a FROM mart.new_schema", {"mart.new_schema": [D1]}) == [(1,)]


def test_a_task_reads_only_its_tables_in_whatever_is_run(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    stored, path = bench.engine.inspect("core.t", D1), bench.lake.path("core.t", D1)
    with bench.engine.task({}) as task:
        for run in (task.fetch, task.query, lambda sql: task.stage_days(T, {D1: sql}, {D1: {}})):
            with pytest.raises(InputError, match="must not open files"):
                run(f"SELECT a FROM read_parquet('{path}')")
        assert task.fetch(f"SELECT a FROM ({task.partition_sql(stored)})") == [(1,)]


def test_tasks_do_not_see_each_other(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    bench.fill("core.t", day(2), "SELECT 2 AS a")
    with bench.engine.task({"core.t": [D1]}) as one, bench.engine.task({"core.t": [day(2)]}) as other:
        assert one.query("SELECT a FROM core.t").to_pylist() == [{"a": 1}]
        assert other.query("SELECT a FROM core.t").to_pylist() == [{"a": 2}]


def test_tasks_run_in_parallel_threads(bench: Bench) -> None:
    bench.fill("core.base", D1, "SELECT x AS a FROM range(50000) AS t(x)")
    errors: list[Exception] = []

    def work(number: int) -> None:
        try:
            bench.fill("core.t", day(number), f"SELECT sum(a) + {number} AS s FROM core.base", {"core.base": [D1]})
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert bench.rows("SELECT s FROM core.t ORDER BY ds") == [(1249975000 + n,) for n in range(1, 13)]


def test_query_finds_the_tables_it_mentions(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    bench.fill("core.u", D1, "SELECT 2 AS a")
    assert bench.rows("SELECT t.a, u.a FROM core.t JOIN core.U ON true") == [(1, 2)]
    assert bench.rows("SELECT 1") == [(1,)]
    assert ("core", "t") in [row[1:3] for row in bench.rows("SHOW ALL TABLES")]
    assert bench.engine.query("DESCRIBE core.t").column("column_name").to_pylist() == ["a", "ds"]
    assert bench.engine.query("SUMMARIZE core.t").num_rows == 2
    assert "PARQUET" in str(bench.engine.query("EXPLAIN SELECT * FROM core.t").to_pylist()).upper()
    with pytest.raises(InputError, match=r"statement == CREATE, must be a SELECT"):
        bench.engine.query("CREATE TABLE x AS SELECT 1")


def test_a_corrupt_partition_is_named(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    bench.fill("core.t", day(2), "SELECT x AS a FROM range(10000) AS t(x)")
    path = bench.lake.path("core.t", day(2))
    path.write_bytes(b"PAR1 this is no Parquet PAR1")
    with pytest.raises(RunError, match=r"ds=2026-01-02/part-0\.parquet"):
        bench.rows("SELECT * FROM core.t")


def test_a_partition_with_a_damaged_middle_is_named(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT random() AS a FROM range(100000) AS t(x)")
    path = bench.lake.path("core.t", D1)
    content = bytearray(path.read_bytes())
    content[100:200_000] = b"\xff" * (200_000 - 100)
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"part-0\.parquet"):
        bench.rows("SELECT sum(a) FROM core.t")


def test_the_error_for_too_little_memory(lake: Lake) -> None:
    with DuckDB(lake, memory="20MB") as engine, pytest.raises(RunError) as caught:
        Bench(engine).fill("core.t", D1, "SELECT list(x) AS v FROM range(20000000) AS t(x)")
    assert caught.value.problems[0].code == "engine-memory"
    assert "memory" in str(caught.value).lower()


@pytest.mark.parametrize(
    ("settings", "message"), [({"memory": "lots"}, "memory == 'lots'"), ({"threads": 0}, "threads == 0")]
)
def test_invalid_limits_are_refused(lake: Lake, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DuckDB(lake, **settings)


def test_interrupt_cancels_the_running_query(bench: Bench) -> None:
    over = threading.Event()

    def interrupt_until_over() -> None:
        while not over.wait(0.2):  # repeated, as an interrupt between two statements has no effect
            bench.engine.interrupt()

    thread = threading.Thread(target=interrupt_until_over)
    thread.start()
    with pytest.raises(RunError) as caught:
        bench.rows("SELECT count(*) FROM range(10000000000) AS t(x) WHERE x % 3 = sqrt(x)")
    over.set()
    thread.join()
    assert caught.value.problems[0].code == "interrupted"


def test_ctrl_c_cancels_a_query(tmp_path: Path) -> None:
    text = """
import signal, sys
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake
signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background may ignore it
with DuckDB(Lake(sys.argv[1])) as engine:
    print("GO", flush=True)
    engine.query("SELECT count(*) FROM range(100000000000) AS t(x) WHERE x % 3 = sqrt(x)")
"""
    command = [sys.executable, "-c", text, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout
        child.stdout.readline()
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        try:
            _, errors = child.communicate(timeout=20)
        finally:
            child.kill()
    assert "KeyboardInterrupt" in errors or "interrupted" in errors
    assert list((tmp_path / ".staging").iterdir()) == []


def test_duckdb_is_an_engine_and_its_task_a_task(bench: Bench) -> None:
    engine: Engine = bench.engine
    task: Task = engine.task({})
    with task:
        assert task.query("SELECT 1 AS a").to_pylist() == [{"a": 1}]
    assert engine.dialect == "duckdb"


def test_a_published_partition_can_be_inspected(bench: Bench) -> None:
    staged = bench.fill("core.t", D1, "SELECT x AS a FROM range(9) AS t(x)")
    found = bench.engine.inspect("core.t", D1)
    assert replace(found, location=staged.location) == staged


def test_times_are_in_utc_whatever_the_machine(bench: Bench) -> None:
    query = "SELECT current_setting('TimeZone')"
    assert bench.engine.cursor().execute(query).fetchall() == [("UTC",)]


def test_columns_of_one_file(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    path = bench.lake.path("core.t", D1)
    assert bench.engine.file_columns(path) == (Column("a", "INTEGER"),)
    assert bench.engine.cursor().execute(file_select(path)).fetchall() == [(1,)]
    assert bench.engine.columns("core.none") == ()


def test_portable_functions_are_expanded_for_duckdb(bench: Bench) -> None:
    sql = "SELECT dow(DATE '2026-11-26') AS weekday, bucket('x', 'salt', 10) AS b"
    staged = bench.fill("core.t", D1, sql)
    assert [column.type for column in staged.columns] == ["BIGINT", "BIGINT"]
    assert bench.rows("SELECT weekday, dow(ds), b BETWEEN 0 AND 9 FROM core.t") == [(3, 3, True)]
    with bench.engine.task({"core.t": [D1]}) as task:
        assert task.fetch("SELECT dow(ds) FROM core.t") == [(3,)]
        texts = {day(n): f"SELECT dow(DATE '{day(n)}') AS weekday" for n in (1, 2)}
        days = task.stage_days(Table("core.u"), texts, {ds: {} for ds in texts})
        ranged = task.stage_range(Table("core.v"), "SELECT dow(ds) AS weekday, ds FROM core.t", {D1: {}})
    assert [part.rows for part in (*days, *ranged)] == [1, 1, 1]


def test_a_result_is_read_in_batches_while_other_queries_run(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT n FROM range(5000) AS r(n)")
    with bench.engine.task({"core.t": [D1]}) as task:
        sizes, read = [], []
        for batch in task.batches("SELECT n FROM core.t", 2000):
            sizes.append(batch.num_rows)
            read += batch["n"].to_pylist()
            assert task.fetch("SELECT count(*) FROM core.t") == [(5000,)]
        assert max(sizes) <= 2000
        assert read == list(range(5000))
        (empty,) = task.batches("SELECT n FROM core.t WHERE n < 0", 10)
        assert (empty.num_rows, empty.column_names) == (0, ["n"])


def test_batches_of_a_partition_that_is_replaced_meanwhile_are_refused_at_their_end(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT n FROM range(5000) AS r(n)")
    with bench.engine.task({"core.t": [D1]}) as task:
        batches = task.batches("SELECT n FROM core.t", 1000)
        next(batches)
        bench.fill("core.t", D1, "SELECT n + 1 AS n FROM range(5000) AS r(n)")
        with pytest.raises(RunError, match=r"files of core\.t were replaced while they were read"):
            list(batches)


def test_batches_that_fail_half_way_and_texts_that_write_are_refused(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT n FROM range(5000) AS r(n)")
    with bench.engine.task({"core.t": [D1]}) as task:
        with pytest.raises(RunError, match="half way"):
            list(task.batches("SELECT CASE WHEN n = 4000 THEN error('half way') ELSE '' END AS x FROM core.t", 1000))
        with pytest.raises(InputError, match="must be a SELECT"):
            list(task.batches("DROP VIEW core.t", 10))
        with pytest.raises(RunError, match="nosuch does not exist"):
            list(task.batches("SELECT * FROM core.nosuch", 10))
