"""Data checks as SQL, executed on rows."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Template

from drawloom.frameworks.data_checks import compile_checks
from drawloom.model import Check, Days, Read
from drawloom.specs.checks import CheckSpec

ROWS = [(1, "x", date(2026, 1, 1)), (2, "y", None), (2, None, None)]


def compiled(**check: Any) -> Check:
    (made,) = compile_checks([CheckSpec(**check)], "core.t")
    return made


def found(check: Check, rows: list[tuple[Any, ...]] | None = None, last_week: int | None = None) -> int:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE staged (id BIGINT, city VARCHAR, born DATE, ds DATE DEFAULT '2026-02-01')")
    for row in ROWS if rows is None else rows:
        connection.execute("INSERT INTO staged (id, city, born) VALUES (?, ?, ?)", row)
    connection.execute("CREATE SCHEMA core; CREATE TABLE core.t (ds DATE)")
    for _ in range(last_week or 0):
        connection.execute("INSERT INTO core.t VALUES (DATE '2026-01-25'), (DATE '2026-01-26')")
    return len(connection.execute(Template(check.sql).render(ds="2026-02-01")).fetchall())


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        ({"not_null": ["id"]}, 0),
        ({"not_null": ["id", "city"]}, 1),
        ({"unique": ["id"]}, 1),
        ({"unique": ["id", "city"]}, 0),
        ({"accepted_values": {"city": ["x", "y"]}}, 0),
        ({"accepted_values": {"city": ["x"], "id": [1]}}, 2),
        ({"accepted_values": {"born": [date(2026, 1, 1)]}}, 0),
        ({"rows": {"min": 3, "max": 3}}, 0),
        ({"rows": {"min": 4}}, 1),
        ({"rows": {"max": 2}}, 1),
        ({"sql": {"name": "x", "query": "SELECT * FROM staged WHERE id > 1"}}, 2),
    ],
)
def test_rows_that_checks_find(check: dict[str, Any], bad: int) -> None:
    assert found(compiled(**check)) == bad


@pytest.mark.parametrize(("last_week", "bad"), [(0, 0), (3, 0), (6, 0), (7, 1), (1, 1)])
def test_same_weekday(last_week: int, bad: int) -> None:
    check = compiled(same_weekday={"min": 0.5, "max": 2})
    assert found(check, last_week=last_week) == bad
    assert check.reads == (Read("core.t", Days.of(-7), "offset"),)


def test_names_and_severity() -> None:
    checks = compile_checks(
        [
            CheckSpec(not_null=("a", "b"), severity="warn"),
            CheckSpec.model_validate({"rows": {"min": 1, "max": 2}}),
            CheckSpec.model_validate({"sql": {"name": "own", "query": "SELECT 1"}}),
        ],
        "core.t",
    )
    assert [(check.name, check.severity) for check in checks] == [
        ("not_null(a, b)", "warn"),
        ("rows(min: 1, max: 2)", "error"),
        ("own", "error"),
    ]


WORDS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1)


@given(WORDS, WORDS)
def test_braces_in_values_and_names_are_not_templates(value: str, name: str) -> None:
    connection = duckdb.connect()
    quoted = '"' + name.replace('"', '""') + '"'
    connection.execute(f"CREATE TABLE staged ({quoted} VARCHAR)")
    connection.execute("INSERT INTO staged VALUES (?), (?)", [value, value + "x"])
    check = compiled(accepted_values={name: [value]})
    sql = Template(check.sql).render(ds="2026-02-01")
    rows = connection.execute(sql).fetchall()
    assert rows == [(value + "x",)]


ONE_OF_EACH = [
    CheckSpec.model_validate(check)
    for check in (
        {"not_null": ["a"]},
        {"unique": ["a", "b"], "severity": "warn"},
        {"accepted_values": {"a": [1, date(2026, 1, 1)]}},
        {"rows": {"min": 1}},
        {"same_weekday": {"min": 0.5}},
        {"sql": {"name": "own", "query": "SELECT 1"}},
    )
]


def entries(cache: Path) -> list[Path]:
    return sorted(cache.glob("*/*.checks"))


def test_checks_from_the_cache_are_those_that_were_compiled(tmp_path: Path) -> None:
    fresh = compile_checks(ONE_OF_EACH, "core.t")
    assert compile_checks(ONE_OF_EACH, "core.t", cache=tmp_path) == fresh
    (entry,) = entries(tmp_path)
    assert compile_checks(ONE_OF_EACH, "core.t", cache=tmp_path) == fresh
    entry.write_text(json.dumps([[f"kept {number}", f"SELECT {number}"] for number in range(6)]))
    kept = compile_checks(ONE_OF_EACH, "core.t", cache=tmp_path)
    assert [(check.name, check.sql) for check in kept][1] == ("kept 1", "SELECT 1")
    assert [(c.severity, c.reads, c.by_row, c.where) for c in kept] == [
        (c.severity, c.reads, c.by_row, c.where) for c in fresh
    ]


@pytest.mark.parametrize(
    "content",
    ["", "{broken", "null", "3", "[]", '[["a"]]', '{"a": "b"}', json.dumps([["a", 1]] * 6), "[1, 2, 3, 4, 5, 6]"],
)
def test_a_damaged_entry_is_compiled_again(tmp_path: Path, content: str) -> None:
    fresh = compile_checks(ONE_OF_EACH, "core.t", cache=tmp_path)
    (entry,) = entries(tmp_path)
    entry.write_text(content)
    assert compile_checks(ONE_OF_EACH, "core.t", cache=tmp_path) == fresh
    assert len(json.loads(entry.read_text())) == len(ONE_OF_EACH)


def test_values_that_look_alike_have_entries_of_their_own(tmp_path: Path) -> None:
    values: list[Any] = [1, "1", True, 1.5, "1.5", date(2026, 1, 1), "2026-01-01", "datetime.date(2026, 1, 1)"]
    for value in values * 2:
        specs = [CheckSpec(accepted_values={"a": (value,)})]
        assert compile_checks(specs, "core.t", cache=tmp_path) == compile_checks(specs, "core.t")
    assert len(entries(tmp_path)) == len(values)
    weekday = [CheckSpec.model_validate({"same_weekday": {"max": 2}})]
    assert "other" not in compile_checks(weekday, "core.t", cache=tmp_path)[0].sql
    assert "other" in compile_checks(weekday, "core.other", cache=tmp_path)[0].sql


def test_a_cache_that_cannot_be_written_and_queries_that_need_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert compile_checks(ONE_OF_EACH, "core.t", cache=tmp_path / "file") == compile_checks(ONE_OF_EACH, "core.t")
    assert compile_checks(ONE_OF_EACH[-1:], "core.t", cache=tmp_path / "new")[0].sql == "SELECT 1"
    assert not (tmp_path / "new").exists()
