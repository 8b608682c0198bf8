from __future__ import annotations

import gzip
import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake
from drawloom.engines.landing.source import Format, Source
from drawloom.model import Column, InputError, RunError, Table
from tests.engines.conftest import D1, Bench, day

ROOT = "landing"
COLUMNS = (Column("id", "BIGINT"), Column("city", "VARCHAR"), Column("fare", "DECIMAL(10,2)"))


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def parquet(path: Path, sql: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    return path


def query(tmp_path: Path, source: Source, sql: str, days: list[date] | None = None) -> list[tuple[object, ...]]:
    with DuckDB(Lake(tmp_path / "lake"), {source.name: source}) as engine:
        return Bench(engine).rows(sql, {source.name: days})


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("rides/ds={ds}/*.csv", ["rides/ds=2026-01-01/a.csv", "rides/ds=2026-01-02/b.csv"]),
        ("rides/{ds_nodash}.csv", ["rides/20260101.csv", "rides/20260102.csv"]),
        ("rides/{yyyy}/{mm}/{dd}/x?.csv", ["rides/2026/01/01/x1.csv", "rides/2026/01/02/x2.csv"]),
        ("rides/{yyyy}/{ds}.csv", ["rides/2026/2026-01-01.csv", "rides/2026/2026-01-02.csv"]),
        ("**/r-{ds}.csv", ["r-2026-01-01.csv", "deep/er/r-2026-01-02.csv"]),
    ],
)
def test_days_are_parsed_from_paths(tmp_path: Path, pattern: str, names: list[str]) -> None:
    root = tmp_path / "a[1]"
    for number, name in enumerate(names):
        put(root / name, f"id,city,fare\n{number},x,1.5\n")
    for other in ("rides/ds=2026-13-01/a.csv", "rides/20261301.csv", "rides/2025/2026-01-03.csv", "rides/20260101.txt"):
        put(root / other, "no")
    (root / "rides/ds=2026-01-05/folder.csv").mkdir(parents=True)
    source = Source("raw.rides", str(root / pattern), "csv", COLUMNS)
    assert source.days() == [day(1), day(2)]
    assert source.paths(day(2)) == [str(root / names[1])]
    assert source.paths(day(3)) == []
    assert query(tmp_path, source, "SELECT id, ds FROM raw.rides ORDER BY id") == [(0, day(1)), (1, day(2))]
    assert query(tmp_path, source, "SELECT id, typeof(ds) FROM raw.rides", [day(2)]) == [(1, "DATE")]


def test_a_pattern_names_the_whole_day() -> None:
    with pytest.raises(InputError, match=r"must name the whole day"):
        Source("raw.x", "x/{yyyy}/{mm}/*.csv")


def test_fingerprints_follow_contents_and_stamps_follow_times(tmp_path: Path) -> None:
    source = Source("raw.x", str(tmp_path / "x/{ds}/*.csv"), "csv", COLUMNS)
    one = put(tmp_path / "x/2026-01-01/a.csv", "id\n1\n")
    before, stamp = source.fingerprint(D1), source.stamp(D1)
    os.utime(one, ns=(1, 1))
    assert source.fingerprint(D1) == before
    assert source.stamp(D1) != stamp
    one.write_text("id\n2\n")
    changed = source.fingerprint(D1)
    assert changed != before
    put(tmp_path / "x/2026-01-01/b.csv", "id\n")
    assert source.fingerprint(D1) != changed
    assert (source.fingerprint(day(2)), source.stamp(day(2))) == ("", "")


def test_a_fingerprint_does_not_depend_on_where_the_project_is(tmp_path: Path) -> None:
    prints = set()
    for place in ("one", "two"):
        put(tmp_path / place / "x/2026-01-01.csv", "id\n1\n")
        prints.add(Source("raw.x", str(tmp_path / place / "x/{ds}.csv"), "csv").fingerprint(D1))
    assert len(prints) == 1


def test_parquet_gets_ds_from_the_path(tmp_path: Path) -> None:
    for number in (1, 2):
        parquet(
            tmp_path / f"env=x/rides/ds={day(number)}/p.parquet", f"SELECT {number} AS id, {number}.5::DOUBLE AS fare"
        )
    source = Source("raw.rides", str(tmp_path / "env=x/rides/ds={ds}/*.parquet"))
    assert query(tmp_path, source, "SELECT * FROM raw.rides ORDER BY id") == [(1, 1.5, day(1)), (2, 2.5, day(2))]
    assert query(tmp_path, source, "SELECT id FROM raw.rides", [day(2), day(3)]) == [(2,)]
    assert query(tmp_path, source, "SELECT count(*) FROM raw.rides", [day(3)]) == [(0,)]


def test_a_landing_folder_named_like_a_day(tmp_path: Path) -> None:
    parquet(tmp_path / "ds=2020-05-05/r/ds=2026-01-01/p.parquet", "SELECT 1 AS id, 'x' AS filename")
    source = Source("raw.rides", str(tmp_path / "ds=2020-05-05/r/ds={ds}/*.parquet"))
    assert query(tmp_path, source, "SELECT id, filename, ds FROM raw.rides", [D1]) == [(1, "x", D1)]


@pytest.mark.parametrize("files", ["{ds}.parquet", "ds={ds}/a.parquet"])
@pytest.mark.parametrize("own", ["20260101", "DATE '2026-05-05'", "'x'"])
def test_the_day_in_the_path_counts_not_that_in_the_file(tmp_path: Path, files: str, own: str) -> None:
    """Rows of another day were read as none, with exit 0: the filter on the day's partition found no row."""
    parquet(tmp_path / "rides" / files.format(ds="2026-01-01"), f"SELECT 1 AS id, {own} AS ds")
    source = Source("raw.rides", str(tmp_path / "rides" / files))
    sql = "SELECT id, ds FROM raw.rides WHERE ds = DATE '2026-01-01'"
    assert query(tmp_path, source, sql, [D1]) == [(1, D1)]


def test_parquet_without_a_day_in_its_path_keeps_its_own_ds(tmp_path: Path) -> None:
    parquet(tmp_path / "rides/a.parquet", "SELECT 1 AS id, 20260101 AS ds")
    undated = Source("raw.rides", str(tmp_path / "rides/*.parquet"))
    assert query(tmp_path, undated, "SELECT id, ds FROM raw.rides") == [(1, 20260101)]
    assert undated.days() == []
    assert not undated.partitioned


def test_a_file_of_another_type_is_named_and_stops_only_what_reads_it(tmp_path: Path) -> None:
    for number, value in enumerate(("1", "2", "'x'"), 1):
        parquet(tmp_path / f"r/2026-01-0{number}.parquet", f"SELECT {value} AS id")
    source = Source("raw.r", str(tmp_path / "r/{ds}.parquet"))
    sql = "SELECT id FROM raw.r ORDER BY id"
    assert query(tmp_path, source, sql, [day(1), day(2)]) == [(1,), (2,)]
    assert query(tmp_path, source, sql, [day(3)]) == [("x",)]
    with pytest.raises(InputError, match=r"r/2026-01-01.parquet: raw.r.id has type INTEGER in this file and in 1 more"):
        query(tmp_path, source, sql, [day(1), day(2), day(3)])
    with DuckDB(Lake(tmp_path / "lake"), {"raw.r": source}) as engine:
        with engine.task({}) as task:
            staged = task.stage(Table("core.r"), D1, "SELECT 5 AS id", {})
        engine.publish([staged])
        assert engine.query('SELECT id FROM "core" . r').to_pylist() == [{"id": 5}]


def test_parquet_files_with_different_columns_are_united(tmp_path: Path) -> None:
    parquet(tmp_path / "r/2026-01-01.parquet", "SELECT 1::INTEGER AS id")
    parquet(tmp_path / "r/2026-01-02.parquet", "SELECT 2::BIGINT AS id, 'x' AS city")
    source = Source("raw.r", str(tmp_path / "r/{ds}.parquet"))
    assert query(tmp_path, source, "SELECT id, city, typeof(id) FROM raw.r ORDER BY id") == [
        (1, None, "BIGINT"),
        (2, "x", "BIGINT"),
    ]


def test_declared_columns_of_parquet_are_cast_where_that_is_exact(tmp_path: Path) -> None:
    parquet(tmp_path / "r/2026-01-01.parquet", "SELECT 1::INTEGER AS id, '2.50' AS fare, 'x' AS more")
    wide = Source("raw.r", str(tmp_path / "r/{ds}.parquet"), columns=(COLUMNS[0], COLUMNS[2]))
    assert query(tmp_path, wide, "SELECT id, typeof(id), fare::VARCHAR FROM raw.r") == [(1, "BIGINT", "2.50")]
    narrow = Source("raw.r", str(tmp_path / "r/{ds}.parquet"), columns=(Column("id", "TINYINT"),))
    with pytest.raises(InputError, match=r"raw.r.id has type INTEGER in this file, must be TINYINT, as declared"):
        query(tmp_path, narrow, "SELECT * FROM raw.r")
    missing = Source("raw.r", str(tmp_path / "r/{ds}.parquet"), columns=(Column("fair", "DOUBLE"),))
    with pytest.raises(
        InputError, match=r"fair is declared for raw.r, but missing in its files \(the nearest is fare\)"
    ):
        query(tmp_path, missing, "SELECT * FROM raw.r")


def test_a_source_without_files_has_its_declared_columns(tmp_path: Path) -> None:
    declared = Source("raw.r", str(tmp_path / "r/{ds}.csv"), "csv", COLUMNS)
    assert query(tmp_path, declared, "SELECT count(fare), min(typeof(ds)) FROM raw.r") == [(0, None)]
    undeclared = Source("raw.r", str(tmp_path / "r/{ds}.parquet"))
    with pytest.raises(
        InputError, match=r"files of raw.r == .*, must match a file, or the source must have declared columns"
    ):
        query(tmp_path, undeclared, "SELECT * FROM raw.r")


def test_csv_is_read_strictly_whatever_the_order_of_its_columns(tmp_path: Path) -> None:
    put(tmp_path / "r/2026-01-01.csv", '\ufeffcity;fare;id;more\r\n"a;b";1.5;1;x\r\n;;2;\r\n')
    put(tmp_path / "r/2026-01-02.csv", 'ID,City,fare\n3,"é ""q""",2.25\n')
    (tmp_path / "r/2026-01-03.csv.gz").write_bytes(gzip.compress(b"id,city,fare\n4,z,1\n"))
    source = Source("raw.r", str(tmp_path / "r/{ds}.csv*"), "csv", COLUMNS)
    assert query(tmp_path, source, "SELECT id, city, fare::VARCHAR, ds FROM raw.r ORDER BY id") == [
        (1, "a;b", "1.50", day(1)),
        (2, None, None, day(1)),
        (3, 'é "q"', "2.25", day(2)),
        (4, "z", "1.00", day(3)),
    ]


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        ("csv", "id,city,fare\n1.5,x,1\n", r"raw\.r\.id == 1\.5, must be BIGINT, in .*2026-01-01\.csv\."),
        ("csv", "id,city,fare\n1,x,1.239\n", r"raw\.r\.fare == 1\.239, must be DECIMAL\(10,2\), in "),
        ("csv", "id,citty,fare\n1,x,1\n", r"2026-01-01\.csv: city is declared for raw\.r.*\(the nearest is citty\)"),
        ("csv", "id,city,fare\n1,x,1,9\n", r"2026-01-01\.csv"),
        ("csv", "", r"2026-01-01\.csv:1: header == '', must name every column"),
        ("csv", "id,,fare\n", r"header == 'id,,fare', must name every column"),
        ("csv", "id,ID,fare\n", r"header has ID, id more than once"),
        ("json", '{"id": "x"}\n', r"raw\.r\.id == x, must be BIGINT, in .*2026-01-01\.json\."),
        ("json", '{"id": 1}\n{broken\n', r"raw\.r == \{broken, must be one JSON object a line, in "),
        ("json", "[1]\n", r"raw\.r == \[1\], must be one JSON object a line, in "),
    ],
)
def test_errors_of_files_name_the_file(tmp_path: Path, form: Format, text: str, message: str) -> None:
    put(tmp_path / f"r/2026-01-01.{form}", text)
    source = Source("raw.r", str(tmp_path / f"r/{{ds}}.{form}"), form, COLUMNS)
    with pytest.raises((InputError, RunError), match=message):
        query(tmp_path, source, "SELECT * FROM raw.r")


def test_a_header_of_other_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r/2026-01-01.csv"
    path.parent.mkdir()
    path.write_bytes("id,straße\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"must be text in UTF-8"):
        query(tmp_path, Source("raw.r", str(tmp_path / "r/{ds}.csv"), "csv", COLUMNS), "SELECT * FROM raw.r")


def test_json_lines_are_read_strictly(tmp_path: Path) -> None:
    put(
        tmp_path / "r/2026-01-01.jsonl",
        '{"id": 1, "city": "a", "fare": 1.5, "x": {"y": [1]}}\n\n{"id": "2", "fare": null}\n',
    )
    columns = (*COLUMNS, Column("x", "STRUCT(y INTEGER[])"))
    source = Source("raw.r", str(tmp_path / "r/{ds}.jsonl"), "json", columns)
    assert query(tmp_path, source, "SELECT id, city, fare::VARCHAR, x, ds FROM raw.r ORDER BY id") == [
        (1, "a", "1.50", {"y": [1]}, D1),
        (2, None, None, None, D1),
    ]


@pytest.mark.parametrize(
    ("form", "text", "proposal"),
    [
        ("csv", "id,city,fare,on\n1,x,1.5,2026-01-01\n2,,,\n", "{id: BIGINT, city: VARCHAR, fare: DOUBLE, on: DATE}"),
        ("json", '{"id": 1, "b": true}\n{"t": "2026-01-01 10:00:00"}\n', "{id: BIGINT, b: BOOLEAN, t: TIMESTAMP}"),
        ("json", "{}\n", "{}"),
    ],
)
def test_columns_must_be_declared_and_are_proposed(tmp_path: Path, form: Format, text: str, proposal: str) -> None:
    put(tmp_path / f"r/2026-01-01.{form}", text)
    source = Source("raw.r", str(tmp_path / f"r/{{ds}}.{form}"), form)
    for days in (None, [day(9)]):
        with pytest.raises(InputError) as caught:
            query(tmp_path, source, "SELECT * FROM raw.r", days)
        assert f"raw.r has no declared columns, which {form} files need" in str(caught.value)
        assert proposal in str(caught.value)
    with DuckDB(Lake(tmp_path / "lake"), {"raw.r": source}) as engine, pytest.raises(InputError):
        engine.columns("raw.r")


def test_columns_that_cannot_be_inferred_must_be_declared(tmp_path: Path) -> None:
    source = Source("raw.r", str(tmp_path / "r/{ds}.csv"), "csv")
    with pytest.raises(InputError, match=r"Declare its columns: name and type"):
        query(tmp_path, source, "SELECT * FROM raw.r")


def test_days_and_columns_of_a_source(tmp_path: Path) -> None:
    parquet(tmp_path / "r/2026-01-02.parquet", "SELECT 1 AS id, 9 AS ds")
    declared = Source("raw.d", str(tmp_path / "d/{ds}.csv"), "csv", COLUMNS)
    sources = {"raw.r": Source("raw.r", str(tmp_path / "r/{ds}.parquet")), "raw.d": declared}
    with DuckDB(Lake(tmp_path / "lake"), sources) as engine:
        assert engine.days("Raw.R") == [day(2)]
        assert engine.columns("raw.r") == (Column("id", "INTEGER"),)
        assert engine.columns("raw.d") == COLUMNS
        assert engine.query("SELECT id FROM raw.r").to_pylist() == [{"id": 1}]
        assert engine.query("SELECT count(*) AS n FROM raw.r JOIN raw.d USING (id)").to_pylist() == [{"n": 0}]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = put(tmp_path / "r/2026-01-01.csv", "id,city,fare\n1,a,1\n")
    source = Source("raw.r", str(tmp_path / "r/{ds}.csv"), "csv", COLUMNS)
    with DuckDB(Lake(tmp_path / "lake"), {"raw.r": source}) as engine:
        assert Bench(engine).rows("SELECT id FROM raw.r") == [(1,)]
        assert Bench(engine).rows("SELECT id FROM raw.r") == [(1,)]
        path.write_text("fare;city;id\n1;a;77\n")
        assert Bench(engine).rows("SELECT id FROM raw.r") == [(77,)]


def test_a_corrupt_source_file_is_named(tmp_path: Path) -> None:
    put(tmp_path / "r/2026-01-01.parquet", "nothing of the kind")
    with pytest.raises(RunError, match=r"2026-01-01\.parquet"):
        query(tmp_path, Source("raw.r", str(tmp_path / "r/{ds}.parquet")), "SELECT * FROM raw.r")


def test_a_batch_of_days_of_a_source_equals_the_days_one_by_one(tmp_path: Path) -> None:
    texts = {
        day(n): f"SELECT city, sum(fare) AS fare FROM raw.rides WHERE ds = DATE '{day(n)}' GROUP BY ALL" for n in (1, 2)
    }
    for n in (1, 2):
        put(tmp_path / f"r-{day(n)}.csv", f"fare,city,id\n{n}.5,x,1\n{n},y,2\n")
        parquet(tmp_path / f"r-{day(n)}.parquet", f"SELECT {n} AS fare, 'x' AS city FROM range(3)")
    forms: dict[Format, int] = {"csv": 2, "parquet": 1}
    for form, rows in forms.items():
        source = _rides(tmp_path, form)
        with DuckDB(Lake(tmp_path / form), {source.name: source}) as engine:
            with engine.task({source.name: list(texts)}) as task:
                batch = task.stage_days(Table("core.k"), texts, {ds: {} for ds in texts})
            for part in batch:
                with engine.task({source.name: [part.ds]}) as task:
                    single = task.stage(Table("core.k"), part.ds, texts[part.ds], {})
                assert (single.content, single.rows) == (part.content, rows)


@pytest.mark.parametrize("compressed", [True, False])
def test_files_with_different_columns_or_compression_are_not_read_in_one_batch(
    tmp_path: Path, compressed: bool
) -> None:
    for n in (1, 2):
        (tmp_path / f"r-{day(n)}.csv.gz").write_bytes(gzip.compress(b"id,city,fare\n1,x,2\n"))
        parquet(tmp_path / f"r-{day(n)}.parquet", f"SELECT {n} AS fare, 'x' AS city{', 1 AS more' * (n - 1)}")
    source = _rides(tmp_path, "csv", ".csv.gz") if compressed else _rides(tmp_path, "parquet")
    texts = {ds: f"SELECT city FROM raw.rides WHERE ds = DATE '{ds}'" for ds in (day(1), day(2))}
    with DuckDB(Lake(tmp_path / "lake"), {source.name: source}) as engine:
        with engine.task({source.name: list(texts)}) as task, pytest.raises(RunError) as caught:
            task.stage_days(Table("core.k"), texts, {ds: {} for ds in texts})
        assert caught.value.problems[0].code == "apart"


def _rides(folder: Path, form: Format, ending: str = "") -> Source:
    columns = () if form == "parquet" else COLUMNS
    return Source("raw.rides", str(folder / f"r-{{ds}}{ending or '.' + form}"), form, columns)
