"""Refused SQL, error messages, and cancelling queries."""

from __future__ import annotations

import threading
import time

import pyarrow as pa
import pytest

from drawloom.model import DrawloomError, InputError, RunError, SliceRead
from tests.conformance.bench import D1, Bench

NINE = " CROSS JOIN ".join(f"(VALUES {', '.join(f'({x})' for x in range(30))}) AS v{n}(x{n})" for n in range(9))
MANY = f"SELECT sum(sqrt({' + '.join(f'x{n}' for n in range(9))})) AS a FROM {NINE}"
LONG = {  # each in its own dialect
    "duckdb": "SELECT sum(sqrt(id)) AS a FROM range(1000000000000) AS r(id)",
    "spark": "SELECT sum(sqrt(id)) AS a FROM range(1000000000000)",  # a loop that checks for cancellation
    "trino": MANY,
}


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE {t}",
        "INSERT INTO {t} SELECT 2",
        "DELETE FROM {t}",
        "CREATE TABLE {t}2 AS SELECT 1 AS a",
        "SELECT 1 AS a; DROP TABLE {t}",
        "UPDATE {t} SET a = 2",
        "",
    ],
)
def test_only_a_select_is_run(bench: Bench, sql: str) -> None:
    errors = sql.format(t=bench.t)
    with pytest.raises(DrawloomError), bench.engine.task({}) as task:
        task.stage(bench.table(), D1, errors, {})
    with pytest.raises(DrawloomError):
        bench.engine.query(errors)
    assert bench.engine.days(bench.t) == []


def test_refused_statements_do_not_change_a_table(bench: Bench) -> None:
    bench.fill(D1, "SELECT 1 AS a")
    for sql in (
        f"DROP TABLE {bench.t}",
        f"DELETE FROM {bench.t}",
        f"TRUNCATE TABLE {bench.t}",
        f"ALTER TABLE {bench.t} ADD COLUMN b INTEGER",
    ):
        with pytest.raises(DrawloomError):
            bench.engine.query(sql)
    assert bench.rows(f"SELECT a, ds FROM {bench.t}") == [(1, D1)]


def test_a_task_sees_only_the_slices_that_it_is_limited_to(bench: Bench) -> None:
    rows = "SELECT * FROM (VALUES ('a', 1), ('b''s', 2), ('c', 3), (NULL, 4)) AS v(name, n)"
    bench.fill(D1, rows)
    with bench.engine.task({bench.t: [D1]}) as task:
        task.limit_rows(SliceRead(bench.t, "name", ("b's", "c", "none")))
        staged = task.stage(bench.table("u"), D1, f"SELECT name, n, n AS m FROM {bench.t} AS t WHERE t.n < 3", {})
        assert staged.rows == 1
        assert task.fetch(f"SELECT sum(n) FROM {bench.t}") == [(5,)]


def test_an_error_names_the_column_and_shows_the_users_line(bench: Bench) -> None:
    bench.fill(D1, "SELECT 1 AS a")
    with pytest.raises(RunError) as caught, bench.engine.task({bench.t: [D1]}) as task:
        task.stage(bench.table("u"), D1, f"SELECT a,\n  nothing AS b\nFROM {bench.t}", {})
    problem = caught.value.problems[0]
    assert problem.code == "engine-error"
    assert "nothing" in problem.message
    errors, _, rest = problem.message.partition("LINE ")
    assert errors.strip()
    line, mark = rest.splitlines()[:2]
    assert "nothing" in line
    prefix = len("LINE ")
    assert "LINE "[:prefix] + line[mark.index("^") - prefix :] != "LINE "
    assert line[mark.index("^") - prefix :].strip('"`').startswith("nothing")
    with pytest.raises(RunError) as caught:
        bench.engine.query(f"SELECT a FROM {bench.name('missing')}")
    assert "missing" in str(caught.value)


def test_a_failing_cast_leaves_the_old_partition(bench: Bench) -> None:
    bench.fill(D1, "SELECT 1 AS a")
    with pytest.raises(RunError) as caught:
        bench.fill(D1, "SELECT CAST(x AS INTEGER) AS a FROM (VALUES ('1'), ('x')) AS t(x)")
    assert caught.value.problems[0].code == "engine-error"
    assert "x" in str(caught.value)
    with pytest.raises(RunError):
        bench.fill(D1, "SELECT CAST(x * 4611686018427387904 AS BIGINT) AS a FROM (VALUES (3), (4)) AS t(x)", known=())
    assert bench.rows(f"SELECT a FROM {bench.t}") == [(1,)]


def test_a_text_that_is_not_sql(bench: Bench) -> None:
    with pytest.raises(DrawloomError) as caught, bench.engine.task({}) as task:
        task.stage(bench.table(), D1, "SELECT 1 AS a\nFRM nowhere WHERE", {})
    assert "LINE 2" in str(caught.value) or "line 2" in str(caught.value) or caught.value.problems[0].where.line == 2


def test_a_cluster_key_must_be_a_column(bench: Bench) -> None:
    with pytest.raises(
        InputError, match=rf"cluster of {bench.t} == cty, must be a column of the table \(the nearest is city"
    ):
        bench.fill(D1, "SELECT 'x' AS city", table=bench.table(cluster=("cty",)))
    bench.fill(D1, "SELECT x AS a, -x AS b FROM (VALUES (2), (1), (3)) AS t(x)", table=bench.table(cluster=("B", "a")))
    assert bench.rows(f"SELECT a FROM {bench.t} ORDER BY a") == [(1,), (2,), (3,)]


@pytest.mark.unmeasured
@pytest.mark.parametrize("how", ["task", "engine"])
def test_a_long_query_is_cancelled_from_another_thread(bench: Bench, how: str) -> None:
    bench.fill(D1, "SELECT 1 AS a")
    dialect = bench.engine.dialect
    with bench.engine.task({}) as task:
        errors: list[RunError] = []

        def work() -> None:
            try:
                task.stage(bench.table(), D1, LONG[dialect], {"run": "r1"}, dialect=dialect)
            except RunError as error:
                errors.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        time.sleep(3)
        assert thread.is_alive(), errors
        (task if how == "task" else bench.engine).interrupt()
        thread.join(60)
        assert not thread.is_alive()
    assert [error.problems[0].code for error in errors] == ["interrupted"]
    assert bench.rows(f"SELECT a FROM {bench.t}") == [(1,)]
    bench.fill(D1, "SELECT 2 AS a")
    assert bench.rows(f"SELECT a FROM {bench.t}") == [(2,)]


def test_results_are_arrow_tables(bench: Bench) -> None:
    bench.fill(D1, "SELECT 1 AS a, 'x' AS b")
    result = bench.engine.query(f"SELECT b, count(*) AS n, max(ds) AS last FROM {bench.t} GROUP BY b")
    assert isinstance(result, pa.Table)
    assert result.to_pylist() == [{"b": "x", "n": 1, "last": D1}]
    assert bench.engine.query("SELECT 1 AS one UNION ALL SELECT 1").to_pydict() == {"one": [1, 1]}
    nothing = bench.engine.query(f"SELECT a, b FROM {bench.t} WHERE a > 1")
    assert (nothing.num_rows, nothing.schema.types) == (0, [pa.int32(), pa.string()])
