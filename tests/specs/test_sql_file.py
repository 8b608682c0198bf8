"""Specs in parts: what was not changed stays as it was written, and every text comes back as it was given."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.model import InputError
from drawloom.specs.load import sql_document
from drawloom.specs.sql_file import SqlFile, join_sql_file, split_sql_file

BASE = """/* drawloom
# who asked: Ana
table: core.customers
description: Every customer so far.
until:
  forever: each day continues the day before

columns:  # needed
  customer: VARCHAR
  first_day: DATE
# at the end
owner: me@example.com
*/
WITH known AS (SELECT 1)

SELECT 1
"""


def test_parts() -> None:
    parts = split_sql_file(BASE)
    assert parts.values == {
        "table": "core.customers",
        "description": "Every customer so far.",
        "owner": "me@example.com",
        "until": {"forever": "each day continues the day before"},
    }
    assert parts.others == "columns:  # needed\n  customer: VARCHAR\n  first_day: DATE"
    assert parts.sql == "WITH known AS (SELECT 1)\n\nSELECT 1"


def test_what_did_not_change_stays() -> None:
    assert join_sql_file(split_sql_file(BASE), BASE) == BASE


def test_one_value_changes_one_line() -> None:
    parts = split_sql_file(BASE)
    changed = join_sql_file(SqlFile({**parts.values, "owner": "you@example.com"}, parts.others, parts.sql), BASE)
    assert changed == BASE.replace("owner: me@", "owner: you@")
    until = join_sql_file(SqlFile({**parts.values, "until": date(2026, 5, 1)}, parts.others, parts.sql), BASE)
    assert until == BASE.replace("until:\n  forever: each day continues the day before\n", "until: 2026-05-01\n")


def test_values_come_and_go() -> None:
    parts = split_sql_file(BASE)
    values = {**parts.values, "dialect": "spark", "owner": ""}
    changed = join_sql_file(SqlFile(values, "", "SELECT 2"), BASE)
    assert "owner" not in changed
    assert "columns" not in changed
    assert changed.startswith("/* drawloom\n# who asked: Ana\ntable: core.customers\n")
    assert sql_document(changed).data["dialect"] == "spark"
    assert changed.endswith("*/\nSELECT 2\n")


def test_other_settings_are_replaced_as_a_whole() -> None:
    parts = split_sql_file(BASE)
    changed = join_sql_file(SqlFile(parts.values, "keep: 90d", parts.sql), BASE)
    assert split_sql_file(changed).others == "keep: 90d"
    assert split_sql_file(changed).values == parts.values


@pytest.mark.parametrize(
    "base",
    [
        "/* drawloom {table: core.x, until: '2026-01-01', keep: 90d} */ SELECT 1",
        "/* drawloom:\n   table: core.x\n   until: '2026-01-01'\n   keep: 90d */\nSELECT 1",
        "/* drawloom\n  table: core.x\n  until: forever: a reason\n  keep: 90d\n*/\nSELECT 1",
        '/* drawloom\n"table": core.x\nuntil: 2026-01-01\nkeep: 90d\nkind: autodag\n*/\nSELECT 1',
    ],
)
def test_headers_that_are_written_in_other_ways(base: str) -> None:
    parts = split_sql_file(base)
    assert "keep: 90d" in parts.others
    changed = join_sql_file(SqlFile({**parts.values, "owner": "me"}, parts.others, "SELECT 2"), base)
    data = sql_document(changed).data
    assert (data["table"], data["owner"], data["keep"], data["sql"].strip()) == ("core.x", "me", "90d", "SELECT 2")


def test_a_broken_header_is_told() -> None:
    for text in ("SELECT 1", "/* drawloom\ntable: [\n*/ SELECT 1", "/* drawloom\ntable: x"):
        with pytest.raises(InputError):
            split_sql_file(text)
    assert "table: core.x" in join_sql_file(SqlFile({"table": "core.x"}, "", "SELECT 1"), "no header")
    with pytest.raises(InputError):
        split_sql_file(join_sql_file(SqlFile({"table": "core.x"}, "columns: [", "SELECT 1"), BASE))


TEXTS = st.text(min_size=1).map(lambda text: text.replace("\r", "").encode("utf-8", "ignore").decode()).filter(bool)


@given(
    st.one_of(
        TEXTS, st.sampled_from(["*/", "a */ b", "yes", "1", "2026-01-01", "# x", "a: b", "- a", "@daily", "'", '"'])
    )
)
def test_every_text_comes_back(text: str) -> None:
    made = join_sql_file(SqlFile({"table": "core.x", "description": text}, "", "SELECT 1"))
    assert split_sql_file(made).values["description"] == text
    assert split_sql_file(made).sql == "SELECT 1"
    edited = join_sql_file(SqlFile({"table": "core.x", "description": text}, "", "SELECT 1"), BASE)
    assert split_sql_file(edited).values["description"].strip() == text.strip()
