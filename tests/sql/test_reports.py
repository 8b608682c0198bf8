"""Texts from public bug reports of other tools: statements and parts of statements that were read as nothing, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from drawloom.model import Schedule
from drawloom.sql import analyze
from tests.corpora import REPORTS, needs, reports

TODAY, YESTERDAY = [[0, 0]], [[-1, -1]]
READS: dict[str, dict[str, Any]] = {
    "k01_exists": {"core.people": YESTERDAY},
    "k02_array": {"core.people": TODAY},
    "k03_mysql_delete_join": {"core.expired": TODAY},
    "k04_join_on": {"core.a": TODAY, "core.b": TODAY, "core.c": TODAY},
    "k06_values": {"core.orders": TODAY},
    "k07_merge_on": {"core.src": TODAY, "core.lookup": TODAY},
    "k08_qualify": {"core.orders": TODAY, "core.limits": TODAY},
    "k12_cte_named_as_table": {"core.x": TODAY, "core.y": YESTERDAY},
    "k13_twice_joined": {"core.a": TODAY, "core.b": [[-7, -7], [0, 0]]},
    "k14_struct_or_cte": {"core.t": [[-1, 0]]},
    "k16_empty_interval": {"core.e": []},
    "k17_temp_table": {"core.s1": TODAY, "core.s4": TODAY},
    "k18_governance_ddl": {"core.t": TODAY},
    "k19_insert_table": {"core.src": TODAY},
    "k20_qualify_alias": {"core.s": [[-2, 0]]},
    "r01_insert_directory_using": {"mart.page_counts": TODAY},
    "r02_if_paren_then": {"core.flags": TODAY, "core.events": TODAY},
    "r07_bq_assert": {"core.t": TODAY},
    "u01_hive_with_from_insert": {"core.foo": TODAY},
    "u02_bq_begin_block": {"core.events": TODAY},
    "u04_redshift_unload": {"core.events": TODAY},
    "u08_mysql_replace_into": {"core.a": TODAY},
    "u21_match_recognize_where": {"core.clicks": "all"},
    "u22_delete_by_other_column": {"crm.accounts": TODAY, "mart.facts": TODAY},
    "u24_bq_ml_predict_table": {"core.feats": "all"},
    "u27_duckdb_pivot_statement": {"core.t": "all"},
    "w01_snowflake_recursive": {"core.tree": TODAY},
    "w03_use_schema": {"core.events": TODAY},
}
WRITES = {
    "k03_mysql_delete_join": {"mart.sessions"},
    "k18_governance_ddl": {"mart.o"},
    "u08_mysql_replace_into": {"mart.o"},
    "w03_use_schema": {"core.o"},
    "w04_clone_swap": {"mart.main"},
}
BOTH = ["core.sales.amount", "core.sales.region"]
LINEAGE = {
    "k10_insert_columns": {"ident": ["core.src.nm"]},
    "k11_derived_alias": {"a2": ["core.src.a"], "b2": ["core.src.b"]},
    "w05_pivot_lineage": {"store": ["core.sales.store"], "n": BOTH, "s": BOTH},
}


def found(name: str) -> dict[str, Any]:
    (row,) = (row for row in reports() if row.get("id") == name)
    analysis = analyze(row["text"], dialect=row["dialect"], keys=row["keys"].split(","))
    assert "unread-statement" not in {problem.code for problem in analysis.problems}
    return analysis.to_json(Schedule())


@needs(REPORTS)
@pytest.mark.parametrize("name", READS)
def test_reads_are_as_reported(name: str) -> None:
    assert found(name)["reads"] == READS[name]


@needs(REPORTS)
@pytest.mark.parametrize("name", WRITES)
def test_writes_are_as_reported(name: str) -> None:
    assert {table for table, *_ in found(name)["writes"]} == WRITES[name]


@needs(REPORTS)
@pytest.mark.parametrize("name", LINEAGE)
def test_lineage_is_as_reported(name: str) -> None:
    assert found(name)["lineage"] == LINEAGE[name]
