"""Reads and writes of the corpora are as labelled."""

from __future__ import annotations

from typing import Any

import pytest

from drawloom.model import InputError
from drawloom.sql import Analysis
from drawloom.sql.catalog import load_catalog
from drawloom.sql.script_reader import read_script
from tests.corpora import TPC, corpus, needs, sqllineage, tpc

pytestmark = pytest.mark.unmeasured

# Why our result differs from sqllineage's label, by the name of its test.
NOT_OURS = {
    "test_new_create_tab_as_tmp_table": "a table that is made and stays is a target, also if it is read later",
    "test_alter_source_table_name": "renaming a table that was read does not change what was read",
    "test_tsql_multi_statement_no_semicolon": "statements without semicolons between them are T-SQL's alone",
    "test_tsql_multi_statement_no_semicolon_with_group_by": "statements without semicolons between them are T-SQL's alone",
    "test_create_like": "LIKE copies columns, no rows: there is nothing to wait for",
    "test_alter_table_exchange_partition": "swapping partitions moves files, no rows are read",
    "test_swapping_partitions": "Vertica's function that swaps partitions",
    "test_delete_from_table": "DELETE FROM table x is not valid on any of our engines",
    "test_cache_table": "CACHE TABLE does read its query",
    "test_redshift_unloading_data_to_s3": "the files that UNLOAD writes are no table",
    "test_select_with_table_name_in_backtick": "the parser has no backticks in Athena's queries",
    "test_select_with_schema_in_backtick": "the parser has no backticks in Athena's queries",
    "test_update_with_specifying_a_table_alias_as_the_target_object": "T-SQL's += in SET",
}
DIALECTS = {
    "sparksql": "spark",
    "ansi": "",
    "greenplum": "postgres",
    "mariadb": "mysql",
    "db2": "",
    "vertica": "postgres",
}


@needs(TPC)
def test_tables_of_tpc_queries_are_found() -> None:
    rows = tpc()
    assert len(rows) == 121
    for row in rows:
        found = {one.table.lower() for one in read_script(row["sql"], dialect=row["dialect"]).reads}
        assert found == {name.lower() for name in row["tables"]}, row["id"]


def test_days_and_writes_of_our_corpus_are_found() -> None:
    rows = corpus()
    assert len(rows) in (88, 110)
    for row in rows:
        catalog = load_catalog(row["catalog"]) if "catalog" in row else None
        script = read_script(row["sql"], dialect=row["dialect"], keys=row["keys"], catalog=catalog)
        found = Analysis(script.reads, script.writes).to_json(script.schedule)
        reads = {name.lower(): days for name, days in found["reads"].items()}
        assert reads == {name.lower(): days for name, days in row["reads"].items()}, row["id"]
        assert found["writes"] == row["writes"], row["id"]


def test_tables_of_the_sqllineage_corpus_are_found() -> None:
    rows = sqllineage()
    missed = [row for row in rows if not as_labelled(row)]
    assert {row["test"].split("::")[1].split("[")[0] for row in missed} == set(NOT_OURS)
    assert len(rows) - len(missed) >= 276


def as_labelled(row: dict[str, Any]) -> bool:
    try:
        found = read_script(row["sql"], dialect=DIALECTS.get(row["dialect"], row["dialect"]))
    except InputError:
        return False
    sources = {plain(one.table) for one in found.reads}
    targets = {plain(one.table) for one in found.writes}
    return sources == set(map(plain, row["src"])) and targets == set(map(plain, row["tgt"]))


def plain(name: str) -> str:
    return name.lower().replace("<default>.", "")
