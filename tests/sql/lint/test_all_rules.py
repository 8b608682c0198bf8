"""All lint rules together: no false errors on corpora, many dialects, long texts, order of findings."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import pytest
from sqlglot import exp

from drawloom.model import InputError, Problem
from drawloom.sql.catalog import CatalogEntry
from drawloom.sql.clauses import visible_ctes
from drawloom.sql.lint import lint_script, list_rules
from drawloom.sql.scope import Cte
from drawloom.sql.script import Script
from drawloom.sql.script_reader import read_script
from tests.corpora import CONSTRUCTS, TPC, constructs, corpus, needs, sqllineage, tpc
from tests.helpers import count_calls

TAGS = {
    "lint:non-deterministic": {"clock", "random"},
    "lint:not-idempotent": {"append"},
    "lint:function-on-partition-column": {"function-on-key"},
}

# Errors on texts that have no lint tag; each was checked by hand and is right.
CONFIRMED = {
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
    catalog = {table: CatalogEntry(keys=tuple(keys)) for table, keys in tables.items()}
    return read_script(row["sql"], dialect=row["dialect"], keys=tuple(row.get("keys", ("ds",))), catalog=catalog)


CORPUS = corpus()


@pytest.mark.parametrize("row", [row for row in CORPUS if "lint:" in str(row["tags"])], ids=lambda row: row["id"])
def test_finds_every_lint_tag_of_the_corpus(row: dict[str, Any]) -> None:
    found = {problem.code for problem in lint_script(script_of(row))}
    for tag in row["tags"]:
        if tag.startswith("lint:"):
            assert found & TAGS.get(tag, {tag.removeprefix("lint:")}), tag


@pytest.mark.unmeasured
@pytest.mark.parametrize("row", CORPUS, ids=lambda row: row["id"])
def test_no_false_errors_on_the_corpus(row: dict[str, Any]) -> None:
    tagged = {code for tag in row["tags"] for code in TAGS.get(tag, {tag.removeprefix("lint:")})}
    assert errors(lint_script(script_of(row))) - tagged == CONFIRMED.get(row["id"], set())


@needs(TPC)
@pytest.mark.parametrize("row", tpc(), ids=lambda row: row["id"])
def test_no_errors_on_tpc_queries(row: dict[str, Any]) -> None:
    assert errors(lint_script(script_of(row))) == set()


@needs(TPC)
def test_no_errors_on_tpc_queries_without_catalog() -> None:
    for row in tpc():
        assert errors(lint_script(read_script(row["sql"]))) == set(), row["id"]


def errors(problems: tuple[Problem, ...]) -> set[str]:
    return {problem.code for problem in problems if problem.severity == "error"}


def test_no_rule_fails_on_other_dialects() -> None:
    linted = 0
    for row in sqllineage():
        dialect = {"ansi": "", "sparksql": "spark", "non-validating": ""}.get(row["dialect"], row["dialect"])
        try:
            script = read_script(row["sql"], dialect=dialect)
        except InputError:
            continue
        lint_script(script)
        linted += 1
    assert linted > 200


@needs(CONSTRUCTS)
def test_no_errors_on_canonical_dialect_constructs() -> None:
    for name, row in constructs().items():
        assert errors(lint_script(read_script(row["duckdb_src"]))) <= {"random"}, name


LONG_TEXTS = {
    "in-list": "SELECT a FROM t WHERE ds = '{{ ds }}' AND id IN (" + ", ".join(map(str, range(10_000))) + ")",
    "ctes": "WITH "
    + ", ".join(f"q{n} AS (SELECT * FROM {f'q{n - 1}' if n else 't'})" for n in range(300))
    + " SELECT 1 FROM q299",
    "union": " UNION ALL ".join(["SELECT a FROM t WHERE ds = '{{ ds }}'"] * 500),
    "and": "SELECT a FROM t WHERE ds = '{{ ds }}' AND " + " AND ".join(f"c{n} / d{n} > 1" for n in range(500)),
    "sources": "SELECT " + ", ".join(f"x{n}.a" for n in range(150)) + " FROM " + ", ".join(f"x{n}" for n in range(150)),
}
NIGHTLY = {"union", "and", "sources"}


@pytest.mark.parametrize(
    "text", [pytest.param(t, id=i, marks=[pytest.mark.nightly] * (i in NIGHTLY)) for i, t in LONG_TEXTS.items()]
)
def test_long_texts_are_linted_quickly(text: str) -> None:
    try:
        script = read_script(text)
    except InputError as error:
        pytest.fail(str(error))
    assert count_calls(lambda: lint_script(script)) < 4_000_000  # about a second


def _joined(count: int) -> str:
    joins = (f" LEFT JOIN s.t{n} AS t{n} ON t{n}.id = t0.id AND t{n}.ds = t0.ds" for n in range(1, count))
    return f"SELECT t0.id FROM s.t0 AS t0{''.join(joins)} WHERE t0.ds = '{{{{ ds }}}}'"


def test_the_work_grows_with_the_number_of_joins_and_not_with_its_square() -> None:
    few, many = (count_calls(partial(lint_script, read_script(_joined(count)))) for count in (30, 90))
    assert many < 4 * few


def test_findings_are_in_the_order_of_the_text() -> None:
    problems = lint_script(read_script("SELECT now(), random()\nFROM t LIMIT 3"))
    assert [(problem.code, str(problem.where)) for problem in problems] == [
        ("clock", "1:8"),
        ("random", "1:15"),
        ("limit-without-order", "2:8"),
    ]


def test_finding_names_the_file() -> None:
    (problem,) = lint_script(read_script("SELECT now()", file="specs/a.sql"))
    assert str(problem.where) == "specs/a.sql:1:8"


def test_every_rule_has_a_message_and_a_reason() -> None:
    found = list_rules()
    assert len(found) > 30
    for code, severity, text in found:
        assert code.replace("-", "").isalpha()
        assert severity in ("error", "warn", "info")
        first, why = text.split("\n\n")
        assert first.endswith(".")
        assert why.endswith(".")


# Nodes where the parser keeps a flag, or the words of an option, in an argument that is a clause of queries elsewhere.
NAMESAKES = {
    "json": ("postgres", "SELECT a FROM t WHERE ds = '{{ ds }}' AND b IS JSON WITH UNIQUE KEYS"),
    "json of a query": (
        "postgres",
        "WITH q AS (SELECT b FROM t WHERE ds = '{{ ds }}') SELECT b IS JSON WITH UNIQUE FROM q",
    ),
    "serde": (
        "spark",
        "SELECT TRANSFORM (a) ROW FORMAT SERDE 'S' WITH SERDEPROPERTIES ('x' = 'y') USING 'cat' AS (b) FROM t",
    ),
    "versioning": ("tsql", "CREATE TABLE o (a INT) WITH (SYSTEM_VERSIONING = ON); INSERT INTO o SELECT a FROM t"),
}


@pytest.mark.parametrize(("dialect", "text"), NAMESAKES.values(), ids=NAMESAKES)
def test_arguments_that_are_named_like_clauses_of_queries(dialect: str, text: str) -> None:
    script = read_script(text, dialect=dialect)
    assert [read.table for read in script.reads] == ["t"]
    assert lint_script(script) is not None


def test_every_class_may_have_a_flag_in_place_of_a_clause() -> None:
    classes = [found for found in vars(exp).values() if inspect.isclass(found) and issubclass(found, exp.Expr)]
    named = [found for found in classes if "with_" in found.arg_types]
    assert len(named) > 8
    for found in named:
        names: dict[str, Cte] = {}
        assert visible_ctes(found(with_=True), names, []) is names
