from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from drawloom.engines.landing.land import Landing, StageOptions, stage_files
from drawloom.model import Column, InputError, RunError, Table
from tests.engines.conftest import D1, Bench, day

RIDES = 'id,city,fare,on\n1,Paris,1.5,2026-01-01\n2,"Rome, old",,2026-01-02\n3,,2,2026-01-01\n'
FIX = "Rename the column in the file, or declare it (name: type)."
COLUMNS = (Column("id", "BIGINT"), Column("city", "VARCHAR"), Column("fare", "DOUBLE"), Column("on", "DATE"))


def put(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def land(bench: Bench, files: list[Path], table: Table | str = "staging.rides", **options: Any) -> Landing:
    landing = stage_files(bench.engine, table, files, StageOptions(**{"ds": "on", "run": "land1"} | options))
    for staged in landing.staged:
        bench.engine.publish([staged])
    return landing


def problems(bench: Bench, files: list[Path], **options: Any) -> list[str]:
    """The problems of a refused landing, with paths relative to the folder; checks that nothing is left behind."""
    with pytest.raises(InputError) as caught:
        land(bench, files, **options)
    assert list(bench.engine.staging.path.glob("*.parquet")) == []
    assert bench.lake.tables() == []
    return [str(problem).replace(f"{files[0].parent}/", "") for problem in caught.value.problems]


def test_one_partition_for_each_day_with_types_inferred_from_all_values(bench: Bench, tmp_path: Path) -> None:
    landing = land(bench, [put(tmp_path, "a.csv", RIDES)])
    assert landing.columns == COLUMNS
    assert (landing.inferred, landing.delimiter, landing.gaps, landing.rows) == (True, ",", (), 3)
    assert [(staged.ds, staged.rows, staged.run) for staged in landing.staged] == [
        (day(1), 2, "land1"),
        (day(2), 1, "land1"),
    ]
    assert bench.rows("SELECT id, city, fare, ds FROM staging.rides ORDER BY id") == [
        (1, "Paris", 1.5, day(1)),
        (2, "Rome, old", None, day(2)),
        (3, None, 2.0, day(1)),
    ]


def test_the_day_may_be_any_expression(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", "year,month,day,x\n2026,1,1,a\n2026,1,2,b\n")
    landing = land(bench, [file], ds="make_date(year, month, day) -- the day")
    assert [staged.ds for staged in landing.staged] == [day(1), day(2)]
    stamped = put(tmp_path, "b.csv", "at,x\n2026-01-03 23:59:59,a\n")
    assert [staged.ds for staged in land(bench, [stamped], "staging.b", ds="AT").staged] == [day(3)]
    compact = put(tmp_path, "c.csv", "d,x\n20260104,a\n")
    expression = "strptime(CAST(d AS VARCHAR), '%Y%m%d')"
    assert [staged.ds for staged in land(bench, [compact], "staging.c", ds=expression).staged] == [day(4)]


def test_a_ds_column_becomes_the_partition_and_is_not_stored(bench: Bench, tmp_path: Path) -> None:
    files = [put(tmp_path, "a.csv", "DS,x\n2026-01-01,a\n"), put(tmp_path, "b.csv", "x,ds\nb,2026-01-02\n")]
    landing = land(bench, files, ds="ds")
    assert landing.columns == (Column("x", "VARCHAR"),)
    assert bench.rows("SELECT x, ds FROM staging.rides ORDER BY x") == [("a", day(1)), ("b", day(2))]
    declared = land(bench, files, "staging.b", ds="ds", columns=landing.columns)
    assert [staged.rows for staged in declared.staged] == [1, 1]


def test_partitions_store_the_names_of_their_files_and_are_sorted(bench: Bench, tmp_path: Path) -> None:
    one = put(tmp_path, "a.csv", "id,on\n9,2026-01-01\n1,2026-01-02\n")
    two = put(tmp_path, "b.csv", "on,id\n2026-01-01,3\n")
    landing = land(bench, [two, one], Table("staging.rides", cluster=("id",)))
    assert bench.rows("SELECT id FROM staging.rides WHERE ds = DATE '2026-01-01'") == [(3,), (9,)]
    files = json.loads(bench.lake.read_meta(bench.lake.path("staging.rides", D1))["files"])
    assert files == {"a.csv": landing.files[str(one)], "b.csv": landing.files[str(two)]}
    second = json.loads(bench.lake.read_meta(bench.lake.path("staging.rides", day(2)))["files"])
    assert list(second) == ["a.csv"]


def test_landing_twice_gives_the_same_contents_and_fingerprints(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", RIDES)
    one, two = land(bench, [file]), land(bench, [file, file], columns=COLUMNS)
    assert [staged.content for staged in one.staged] == [staged.content for staged in two.staged]
    assert one.files == two.files
    assert not two.inferred


def test_gaps_are_reported_and_landed_only_with_empty_days(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", "id,on\n1,2026-01-01\n2,2026-01-04\n")
    assert land(bench, [file]).gaps == (day(2), day(3))
    assert bench.engine.days("staging.rides") == [day(1), day(4)]
    landing = land(bench, [file], empty_days=True)
    assert landing.gaps == ()
    assert [staged.rows for staged in landing.staged] == [1, 0, 0, 1]
    assert bench.engine.days("staging.rides") == [day(1), day(2), day(3), day(4)]


def test_more_than_ten_years_of_empty_days_are_refused(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", "id,on\n1,1026-01-01\n2,2026-01-04\n")
    assert "days == 1026-01-01 to 2026-01-04, must be at most 3660 days" in problems(bench, [file], empty_days=True)[0]


@pytest.mark.parametrize(("name", "delimiter"), [("a.tsv", "\t"), ("a.csv", ";"), ("a.txt", "|")])
def test_delimiters_are_found_in_the_header(bench: Bench, tmp_path: Path, name: str, delimiter: str) -> None:
    text = f'"id, no"{delimiter}on\r\n1{delimiter}2026-01-01\r\n'
    landing = land(bench, [put(tmp_path, name, "\ufeff" + text)])
    assert landing.delimiter == delimiter
    assert landing.columns[0] == Column("id, no", "BIGINT")


def test_columns_may_have_any_name(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", 'filename,line,"select",on\nf,1,2,2026-01-01\n')
    assert [column.name for column in land(bench, [file]).columns] == ["filename", "line", "select", "on"]
    lines = put(tmp_path, "a.jsonl", '{"filename": "f", "line": 1, "members": 2, "on": "2026-01-01"}\n')
    assert [column.name for column in land(bench, [lines], "staging.b").columns] == [
        "filename",
        "line",
        "members",
        "on",
    ]


def test_a_file_may_have_one_column(bench: Bench, tmp_path: Path) -> None:
    assert land(bench, [put(tmp_path, "a.csv", "on\n2026-01-01\n")]).rows == 1


def test_compressed_files_are_read(bench: Bench, tmp_path: Path) -> None:
    one = put(tmp_path, "a.csv.gz", gzip.compress(RIDES.encode()))
    two = put(tmp_path, "b.csv.zst", pa.Codec("zstd").compress(RIDES.encode(), asbytes=True))
    assert land(bench, [one, two]).rows == 6
    assert first_bad_line(bench, put(tmp_path, "c.csv.gz", gzip.compress(b"id,on\n1,2026-01-01\nx,2026-01-01\n"))) == 3


def first_bad_line(bench: Bench, file: Path) -> int | None:
    with pytest.raises(InputError) as caught:
        land(bench, [file], columns=(COLUMNS[0], COLUMNS[3]))
    return caught.value.problems[0].where.line


def test_json_lines_keep_their_members_types(bench: Bench, tmp_path: Path) -> None:
    text = '\n{"id": 1, "on": "2026-01-01", "a b/~\\"": true}\n\n{"on": "2026-01-02", "tags": ["x"], "id": 2.5}\n'
    landing = land(bench, [put(tmp_path, "a.jsonl", text)])
    assert landing.columns == (
        Column("id", "DOUBLE"),
        Column("on", "DATE"),
        Column('a b/~"', "BOOLEAN"),
        Column("tags", "VARCHAR"),
    )
    assert bench.rows('SELECT id, "a b/~""", tags FROM staging.rides ORDER BY id') == [
        (1.0, True, None),
        (2.5, None, '["x"]'),
    ]
    columns = (Column("ID", "DOUBLE"), Column("on", "DATE"), Column('a b/~"', "BOOLEAN"), Column("tags", "VARCHAR[]"))
    assert land(bench, [tmp_path / "a.jsonl"], "staging.b", columns=columns).columns == columns
    assert bench.rows("SELECT id, tags FROM staging.b ORDER BY 1") == [(1.0, None), (2.5, ["x"])]


def test_parquet_keeps_its_types(bench: Bench, tmp_path: Path) -> None:
    for name in ("a.parquet", "b.pq"):
        path = tmp_path / name
        duckdb.execute(
            f"COPY (SELECT x::TINYINT AS id, DATE '2026-01-01' + x::INTEGER AS on FROM range(3) t(x)) "
            f"TO '{path}' (FORMAT parquet)"
        )
    landing = land(bench, sorted(tmp_path.glob("*.p*")))
    assert landing.columns == (Column("id", "TINYINT"), Column("on", "DATE"))
    assert (landing.rows, landing.inferred, landing.delimiter) == (6, True, None)
    declared = land(bench, sorted(tmp_path.glob("*.p*")), "staging.b", columns=(COLUMNS[0], COLUMNS[3]))
    assert declared.columns == (COLUMNS[0], COLUMNS[3])


def test_declared_columns_of_the_table_are_used(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", "id,on\n1,2026-01-01\n")
    table = Table("staging.rides", (Column("id", "DECIMAL(10,2)"), Column("on", "VARCHAR")))
    assert land(bench, [file], table).columns == table.columns


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            RIDES + 'x,"two\nlines",1,2026-01-02\n\n5,"a\r\nb",2.5.1,2026-01-03\n6,,,2026-02-30\n',
            [
                "a.csv:5: id == 'x', must be BIGINT.",
                "a.csv:8: fare == '2.5.1', must be DOUBLE.",
                "a.csv:10: on == '2026-02-30', must be DATE.",
            ],
        ),
        (RIDES + "4,a,1,\n", ["a.csv:5: ds (on) is missing, must be a day like 2026-11-21."]),
        (RIDES + "4,a,1\n", ["a.csv:5: line == '4,a,1', must have as many values as the header."]),
        (RIDES + '4,"a\nb",1,2,3\n', ["a.csv:5: line == '4,\"a\\nb\",1,2,3', must have as many values as the header."]),
        (RIDES + '4,"a\n', ["a.csv:5: line == '4,\"a', must close its quotes, and double those inside."]),
        (RIDES.encode() + b"4,\xff,1,2026-01-01\n", ["a.csv:5: line == '4,?,1,2026-01-01', must be UTF-8."]),
        (
            "id,town,fare,on\n",
            [
                f"a.csv:1: column city is declared for the table, but not in the header. {FIX}",
                f"a.csv:1: column town is in the header, but not declared for the table. {FIX}",
            ],
        ),
        ("id,citty,fare,on\n", None),
        ("id,city,fare,on\n", ["the files have no rows."]),
        ("", ["a.csv:1: header == '', must name every column. Write the columns' names into the first line."]),
    ],
)
def test_csv_that_cannot_be_parsed_is_refused_with_file_and_line(
    bench: Bench, tmp_path: Path, text: str | bytes, expected: list[str] | None
) -> None:
    found = problems(bench, [put(tmp_path, "a.csv", text)], columns=COLUMNS)
    if expected is None:
        assert "(the nearest is citty)" in found[0]
    else:
        assert found == expected


PEAK = r"""
import re, sys
from pathlib import Path
from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.lake import Lake
from drawloom.engines.landing.land import StageOptions, stage_files
with DuckDB(Lake(sys.argv[1])) as engine:
    landing = stage_files(engine, "raw.wide", [sys.argv[2]], StageOptions("day", "r"))
# Not ru_maxrss: it begins with the memory of the process that forked this one.
peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
print(len(landing.columns), int(peak[1]) // 1024)
"""


def test_memory_does_not_grow_with_the_square_of_the_columns(tmp_path: Path) -> None:
    header, line = ",".join(f"c{n}" for n in range(250)), ",".join("1.5" for _ in range(250))
    file = put(tmp_path, "wide.csv", f"day,{header}\n" + f"2026-01-01,{line}\n" * 2500)
    child = [sys.executable, "-c", PEAK, str(tmp_path / "lake"), str(file)]
    columns, peak = subprocess.run(child, check=True, capture_output=True, text=True).stdout.split()
    assert int(columns) == 251
    assert int(peak) < 700, "MB; with a copy of all arguments for each test it is more than twice that"


def test_only_the_first_problems_are_shown(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", "id,on\n" + "x,2026-01-01\n" * 1000)
    found = problems(bench, [file], columns=(COLUMNS[0], COLUMNS[3]))
    assert [line.partition(" ")[0] for line in found[:10]] == [f"a.csv:{n}:" for n in range(2, 12)]
    assert found[10].startswith("990 more rows cannot be read.")


def test_line_numbers_are_right_after_megabytes_of_quoted_lines(bench: Bench, tmp_path: Path) -> None:
    rows = "".join(f'{n},"x\ny",1,2026-01-01\n' for n in range(150_000))
    file = put(tmp_path, "a.csv", "id,city,fare,on\n" + rows + "x,,1,2026-01-01\n")
    assert problems(bench, [file], columns=COLUMNS) == ["a.csv:300002: id == 'x', must be BIGINT."]
    file = put(tmp_path, "a.csv", "id,city,fare,on\n" + rows + "1,2\n")
    assert problems(bench, [file], columns=COLUMNS)[0].startswith("a.csv:300002: line == '1,2'")


def test_each_file_has_its_own_lines(bench: Bench, tmp_path: Path) -> None:
    good = put(tmp_path, "a.csv", "id,on\n" + "1,2026-01-01\n" * 5)
    bad = put(tmp_path, "b.csv", "on;id\n2026-01-01;1\n2026-01-01;y\n;7\n")
    assert problems(bench, [good, bad], columns=(COLUMNS[0], COLUMNS[3])) == [
        "b.csv:3: id == 'y', must be BIGINT.",
        "b.csv:4: ds (on) is missing, must be a day like 2026-11-21.",
    ]


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ('{"id": 1, "on": "2026-01-01"}\n\n{oops\n[1]\n', (), ["a.json:3: line == '{oops', must be one JSON object.", "a.json:4: line == '[1]', must be one JSON object."]),
        ('\n\n{"id": "x", "on": "2026-01-01"}\n', (COLUMNS[0], COLUMNS[3]), ["a.json:3: id == 'x', must be BIGINT."]),
        ('\n{"id": 1}\n', (COLUMNS[0], COLUMNS[3]), ["a.json:2: ds (on) is missing, must be a day like 2026-11-21."]),
        ('{"id": 1, "ID": 2}\n', (), ["a.json: members == id, ID, must not differ by case only."]),
        ("{}\n", (), ["a.json: the files have no JSON object with a member."]),
        ("", (), ["a.json: the files have no JSON object with a member."]),
    ],
)  # fmt: skip
def test_json_that_cannot_be_read_is_refused_with_its_line(
    bench: Bench, tmp_path: Path, text: str, columns: tuple[Column, ...], expected: list[str]
) -> None:
    assert problems(bench, [put(tmp_path, "a.json", text)], columns=columns) == expected


EXACT = '{"a": 12345678901234567.89, "b": {"c": [12345678901234567.89, "say \\"12345678901234567.89\\""]}, "on": "2026-01-01"}'


def test_numbers_of_json_keep_their_digits(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.jsonl", EXACT + '\n{"a": 1.5, "b": {"c": []}, "on": "2026-01-01"}\n')
    nested = "STRUCT(c VARCHAR[])"
    columns = (Column("a", "DECIMAL(20,2)"), Column("b", nested), COLUMNS[3])
    land(bench, [file], columns=columns)
    assert bench.rows("SELECT a::VARCHAR, b.c FROM staging.rides ORDER BY a") == [
        ("1.50", []),
        ("12345678901234567.89", ["12345678901234567.89", 'say "12345678901234567.89"']),
    ]
    assert problems_of(bench, file, (Column("a", "DECIMAL(18,1)"), Column("b", nested), COLUMNS[3])) == [
        "a.jsonl:1: a == '12345678901234567.89', must be DECIMAL(18,1)."
    ]


def problems_of(bench: Bench, file: Path, columns: tuple[Column, ...]) -> list[str]:
    with pytest.raises(InputError) as caught:
        land(bench, [file], "staging.other", columns=columns)
    return [str(problem).replace(f"{file.parent}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("name", "text"), [("a.jsonl", '{"n": %s, "on": "2026-01-01"}\n'), ("a.csv", "n,on\n%s,2026-01-01\n")]
)
def test_a_number_that_is_too_large_does_not_become_infinite(
    bench: Bench, tmp_path: Path, name: str, text: str
) -> None:
    columns = (Column("n", "DOUBLE"), COLUMNS[3])
    found = problems_of(bench, put(tmp_path, name, text % "1e400"), columns)
    assert found == [f"{name}:{2 if name == 'a.csv' else 1}: n == '1e400', must be DOUBLE."]
    assert land(bench, [tmp_path / name]).columns[0].type == "VARCHAR"
    assert land(bench, [put(tmp_path, name, text % "NaN")], "staging.b", columns=columns).rows == 1
    assert bench.rows("SELECT isnan(n) FROM staging.b") == [(True,)]


def test_a_member_that_an_object_has_twice_is_refused(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.json", '{"id": 1, "on": "2026-01-01"}\n{"id": 1, "on": "2026-01-01", "id": 2}\n')
    assert problems(bench, [file]) == ["a.json:2: member 'id' must not be in an object twice."]


@pytest.mark.parametrize("day_text", ["infinity", "20000-01-01", "0044-03-15 (BC)"])
def test_days_that_the_calendar_does_not_have_are_refused(bench: Bench, tmp_path: Path, day_text: str) -> None:
    file = put(tmp_path, "a.csv", f"id,on\n1,{day_text}\n")
    assert problems(bench, [file], columns=(COLUMNS[0], COLUMNS[3]))[0].startswith("a.csv:2: ds (on) == ")


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("20260131", "strptime(CAST(seen AS VARCHAR), '%Y%m%d')"),
        ("1767225600", "to_timestamp(seen)"),
        ("1767225600000", "epoch_ms(seen)"),
        ("31/01/2026", "strptime(seen, '%d/%m/%Y')"),
        ("01/31/2026 10:00", "strptime(seen, '%m/%d/%Y %H:%M')"),
        ("31.01.26", "strptime(seen, '%d.%m.%y')"),
        ("10/Oct/2026:13:55:36 -0700", "strptime(seen, '%d/%b/%Y:%H:%M:%S %z')"),
        ("Oct 10, 2026", "strptime(seen, '%b %d, %Y')"),
        ("yesterday", ""),
    ],
)
def test_a_value_that_is_no_day_is_shown_with_the_expression_to_try(
    bench: Bench, tmp_path: Path, value: str, hint: str
) -> None:
    file = put(tmp_path, "a.csv", f'id,seen\n1,"{value}"\n')
    found = problems(bench, [file], ds="seen")
    assert value in found[0]
    assert (f'Try --ds "{hint}".' in found[-1]) == bool(hint)
    if hint:
        assert [staged.rows for staged in land(bench, [file], "staging.c", ds=hint).staged] == [1]


def test_members_that_are_not_declared_are_refused(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.json", '{"id": 1, "on": "2026-01-01", "frae": 1}\n')
    found = problems(bench, [file], columns=COLUMNS)
    assert found[0].startswith("a.json:1: column frae is in the file, but not declared (the nearest is fare).")


@pytest.mark.parametrize(
    ("ds", "message"),
    [
        (
            "id",
            "ds == 'id' has type BIGINT, must be a DATE, a TIMESTAMP, or text like 2026-11-21; the first value is 1.",
        ),
        ("nothing", "ds == 'nothing', must be a column, or an expression over the columns: Binder Error"),
        ("on +", "ds == 'on +', must be a column, or an expression over the columns: Parser Error"),
        ("id); DROP TABLE x; SELECT (1", "must be one SELECT"),
        ("id, fare", "has type TUPLE(BIGINT, DOUBLE), must be a DATE"),
        ("city", "ds (city) == 'Paris', must be a day like 2026-11-21."),
        ("strptime(city, '%Y')", "ds (strptime(city, '%Y')) is missing, must be a day"),
    ],
)
def test_ds_must_be_a_day(bench: Bench, tmp_path: Path, ds: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        land(bench, [put(tmp_path, "a.csv", RIDES)], ds=ds)
    assert message in str(caught.value)


def test_files_of_one_landing_have_the_same_columns(bench: Bench, tmp_path: Path) -> None:
    files = [put(tmp_path, "a.csv", "id,on\n1,2026-01-01\n"), put(tmp_path, "b.csv", "id,day\n1,2026-01-01\n")]
    assert [line.partition(". ")[0] for line in problems(bench, files)] == [
        "b.csv:1: column on is in the first file, but not in the header",
        "b.csv:1: column day is in the header, but not in the first file",
    ]


def test_parquet_files_of_other_types_are_refused(bench: Bench, tmp_path: Path) -> None:
    for name, sql in (
        ("a", "SELECT 1::INTEGER AS id, DATE '2026-01-01' AS on"),
        ("b", "SELECT 'x' AS id, DATE '2026-01-01' AS on"),
    ):
        duckdb.execute(f"COPY ({sql}) TO '{tmp_path / name}.parquet' (FORMAT parquet)")
    files = sorted(tmp_path.glob("*.parquet"))
    assert problems(bench, files)[0].startswith("b.parquet: id has type VARCHAR, must be INTEGER as in a.parquet.")
    with pytest.raises(InputError, match=r"type VARCHAR|must be BIGINT"):
        land(bench, files[1:], columns=(COLUMNS[0], COLUMNS[3]))


def test_parquet_rows_without_a_day_are_reported(bench: Bench, tmp_path: Path) -> None:
    duckdb.execute(f"COPY (SELECT 1 AS id, NULL::DATE AS on) TO '{tmp_path}/a.parquet' (FORMAT parquet)")
    assert problems(bench, [tmp_path / "a.parquet"])[0].startswith("a.parquet:1: ds (on) is missing")


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        ([], {}, "no files were given"),
        (["none.csv"], {}, "none.csv' not found"),
        (["a.csv", "a.json"], {}, "must be of one format"),
        (["a.xlsx"], {}, "files == a.xlsx, must be of one format: csv, json (lines) or parquet"),
        (["a.csv"], {"fmt": "xml"}, "must be of one format"),
        (["a.csv"], {"table": "rides"}, "must be schema.table"),
        (["a.csv"], {"columns": (Column("id", "NUMBER"), COLUMNS[3])}, "staging.rides.id has type NUMBER"),
        (["a.csv"], {"columns": (Column("id", "INTERVAL"), COLUMNS[3])}, "staging.rides.id has type INTERVAL"),
    ],
)
def test_invalid_arguments_are_refused(
    bench: Bench, tmp_path: Path, names: list[str], options: dict[str, Any], message: str
) -> None:
    for name in ("a.csv", "a.json", "a.xlsx"):
        put(tmp_path, name, "id,on\n1,2026-01-01\n")
    with pytest.raises(InputError) as caught:
        land(bench, [tmp_path / name for name in names], **options)
    assert message in str(caught.value)


def test_the_format_can_be_given(bench: Bench, tmp_path: Path) -> None:
    assert land(bench, [put(tmp_path, "data.export", RIDES)], fmt="csv").rows == 3


def test_mixed_line_ends_are_refused(bench: Bench, tmp_path: Path) -> None:
    found = problems(bench, [put(tmp_path, "a.csv", "id,on\n1,2026-01-01\r\n2,2026-01-01\n")])
    assert found[0].startswith("a.csv")


def test_a_file_that_changes_while_it_is_read_is_refused(bench: Bench, tmp_path: Path) -> None:
    file = put(tmp_path, "a.csv", "id,on\n" + "1,2026-01-01\n" * 500_000)
    done = threading.Event()

    def touch() -> None:
        while not done.is_set():
            file.touch()
            time.sleep(0.01)

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        with pytest.raises(InputError, match=r"changed while it was read"):
            land(bench, [file])
    finally:
        done.set()
        thread.join()


def test_a_corrupt_parquet_file_is_named(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"bad\.parquet"):
        land(bench, [put(tmp_path, "bad.parquet", b"no such thing")])


def test_days_before_the_year_1000(bench: Bench, tmp_path: Path) -> None:
    assert land(bench, [put(tmp_path, "a.csv", "id,on\n1,0999-01-01\n")]).staged[0].ds == date(999, 1, 1)
