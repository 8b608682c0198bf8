"""All rules together: on corpora, on hard texts, and fast."""

from __future__ import annotations

from typing import Any

import pytest

from drawloom.model import InputError, Problem
from drawloom.sql.advice import advise, catalogue
from drawloom.sql.catalog import Entry
from drawloom.sql.read import read
from drawloom.sql.script import Script
from tests.corpora import constructs, corpus, sqllineage, tpc
from tests.work import calls

TAGS = {
    "lint:non-deterministic": {"clock", "random"},
    "lint:not-idempotent": {"append"},
    "lint:function-on-partition-column": {"function-on-key"},
}

# Errors on texts that carry no lint tag, each looked at by hand: all of them are true.
JUDGED = {
    "between_macros": {"append"},
    "quoted_names": {"append"},
    "stage_then_drop": {"append"},
    "insert_with_cte_after": {"append"},
    "or_escapes": {"missing-partition-filter"},
    "limit_blocks": {"missing-partition-filter"},
    "max_ds_not_key": {"missing-partition-filter"},
    "left_join_on_filter": {"missing-partition-filter"},
    "jinja_table_param": {"parameter-left"},
}


def script_of(row: dict[str, Any]) -> Script:
    tables = row.get("catalog") or {table: [] for table in row.get("tables", ())}
    catalog = {table: Entry(keys=tuple(keys)) for table, keys in tables.items()}
    return read(row["sql"], dialect=row["dialect"], keys=tuple(row.get("keys", ("ds",))), catalog=catalog)


CORPUS = corpus()
TPC = tpc()


@pytest.mark.parametrize("row", [row for row in CORPUS if "lint:" in str(row["tags"])], ids=lambda row: row["id"])
def test_every_tag_of_the_corpus_is_found(row: dict[str, Any]) -> None:
    found = {problem.code for problem in advise(script_of(row))}
    for tag in row["tags"]:
        if tag.startswith("lint:"):
            assert found & TAGS.get(tag, {tag.removeprefix("lint:")}), tag


@pytest.mark.parametrize("row", CORPUS, ids=lambda row: row["id"])
def test_no_false_errors_on_the_corpus(row: dict[str, Any]) -> None:
    tagged = {code for tag in row["tags"] for code in TAGS.get(tag, {tag.removeprefix("lint:")})}
    assert errors(advise(script_of(row))) - tagged == JUDGED.get(row["id"], set())


@pytest.mark.parametrize("row", TPC, ids=lambda row: row["id"])
def test_no_errors_on_tpc(row: dict[str, Any]) -> None:
    assert errors(advise(script_of(row))) == set()


def test_no_errors_on_tpc_without_a_catalog() -> None:
    for row in TPC:
        assert errors(advise(read(row["sql"]))) == set(), row["id"]


def errors(problems: tuple[Problem, ...]) -> set[str]:
    return {problem.code for problem in problems if problem.severity == "error"}


def test_many_dialects_do_not_break_a_rule() -> None:
    advised = 0
    for row in sqllineage():
        dialect = {"ansi": "", "sparksql": "spark", "non-validating": ""}.get(row["dialect"], row["dialect"])
        try:
            script = read(row["sql"], dialect=dialect)
        except InputError:
            continue
        advise(script)
        advised += 1
    assert advised > 200


def test_every_construct_of_the_portable_dialect_is_advised() -> None:
    for name, row in constructs().items():
        assert errors(advise(read(row["duckdb_src"]))) <= {"random"}, name


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t WHERE ds = '{{ ds }}' AND id IN (" + ", ".join(map(str, range(10_000))) + ")",
        " UNION ALL ".join(["SELECT a FROM t WHERE ds = '{{ ds }}'"] * 500),
        "SELECT a FROM t WHERE ds = '{{ ds }}' AND " + " AND ".join(f"c{n} / d{n} > 1" for n in range(500)),
        "WITH "
        + ", ".join(f"q{n} AS (SELECT * FROM {f'q{n - 1}' if n else 't'})" for n in range(300))
        + " SELECT 1 FROM q299",
        "SELECT " + ", ".join(f"x{n}.a" for n in range(150)) + " FROM " + ", ".join(f"x{n}" for n in range(150)),
    ],
    ids=["in-list", "union", "and", "ctes", "sources"],
)
def test_long_texts_are_advised_in_time(text: str) -> None:
    try:
        script = read(text)
    except InputError as error:
        pytest.fail(str(error))
    assert calls(lambda: advise(script)) < 4_000_000  # about a second


def test_the_order_is_that_of_the_text() -> None:
    problems = advise(read("SELECT now(), random()\nFROM t LIMIT 3"))
    assert [(problem.code, str(problem.where)) for problem in problems] == [
        ("clock", "1:8"),
        ("random", "1:15"),
        ("limit-without-order", "2:8"),
    ]


def test_the_file_is_named() -> None:
    (problem,) = advise(read("SELECT now()", file="specs/a.sql"))
    assert str(problem.where) == "specs/a.sql:1:8"


def test_the_catalogue_explains_every_rule() -> None:
    found = catalogue()
    assert len(found) > 30
    for code, severity, text in found:
        assert code.replace("-", "").isalpha()
        assert severity in ("error", "warn", "info")
        first, why = text.split("\n\n")
        assert first.endswith(".")
        assert why.endswith(".")
