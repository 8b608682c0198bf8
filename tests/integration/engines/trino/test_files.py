"""Files of the lake and others, registered in Trino as days."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from drawloom.engines.duckdb.engine import DuckDB
from drawloom.engines.trino import Trino, connect
from drawloom.model import Column, InputError, RunError, Table
from tests.integration.engines.trino.bench import D1, D2, D3, A, Bench, Folders, code, write

pytestmark = pytest.mark.integration


def test_folders_are_registered_as_days_and_replaced_in_place(hive: Bench) -> None:
    local = DuckDB(hive.lake)
    with local.task({}) as task:
        for n, ds in enumerate((D1, D2)):
            local.publish([task.stage(Table(hive.table), ds, f"SELECT {n}::BIGINT AS a, 'ü' AS s", {})])
    folders: Folders = {ds: hive.lake.path(hive.table, ds).parent.as_uri() for ds in (D1, D2)}
    hive.engine.attach(hive.table, local.columns(hive.table), folders)
    hive.engine.attach(hive.table, local.columns(hive.table), folders)
    assert hive.rows() == [(0, D1), (1, D2)]
    hive.fill(D2, f"SELECT a + 5 AS a, s FROM {hive.table}", inputs={hive.table: [D2]})
    assert hive.rows() == [(0, D1), (6, D2)]
    assert local.days(hive.table) == [D1]  # its file is gone, so DuckDB builds the day again in its next run
    with local.task({}) as task:
        local.publish([task.stage(Table(hive.table), D2, "SELECT 9::BIGINT AS a, 'x' AS s", {})])
    assert hive.rows() == [(0, D1), (9, D2)]
    with local.task({}) as task:  # DuckDB's file of a day that was not registered in Trino
        local.publish([task.stage(Table(hive.table), D3, "SELECT 7::BIGINT AS a, 'x' AS s", {})])
    hive.fill(D3, "SELECT 8::BIGINT AS a, 'x' AS s")
    assert hive.rows() == [(0, D1), (9, D2), (8, D3)]
    local.close()


@pytest.mark.nightly
def test_many_folders_are_registered_by_one_statement(hive: Bench) -> None:
    days = [D1 + timedelta(n) for n in range(12)]
    folders: Folders = {ds: write(hive.lake.path(hive.table, ds).parent, "SELECT 1::BIGINT AS a") for ds in days}
    hive.engine.attach(hive.table, [A], folders)
    query = f"SELECT count(*) FROM system.runtime.queries WHERE query LIKE 'CALL%{hive.schema}%'"
    assert hive.run(query) == [[1]]
    assert hive.engine.days(hive.table) == days
    more: Folders = {
        ds: write(hive.lake.path(hive.table, ds).parent, "SELECT 2::BIGINT AS a") for ds in (D1 - timedelta(1), D1)
    }
    hive.engine.attach(hive.table, [A], more)
    assert sum(a for a, _ in hive.rows()) == 2 + 2 + 11


@pytest.mark.nightly
def test_a_folder_may_be_anywhere_and_a_source_without_days(hive: Bench, tmp_path: Path) -> None:
    place = write(tmp_path / "else where ü" / "x", "SELECT 1::BIGINT AS a")
    hive.engine.attach(hive.table, [A], {D1: place})
    assert hive.rows() == [(1, D1)]
    hive.fill(D1, f"SELECT a + 1 AS a FROM {hive.table}", inputs={hive.table: [D1]})
    assert hive.rows() == [(2, D1)]
    assert list(hive.lake.path(hive.table, D1).parent.iterdir())  # the day has moved into the folder of its table
    source = f"{hive.schema}.source"
    for n in (1, 2):
        folder = write(tmp_path / f"source{n}", f"SELECT {n}::BIGINT AS a, 'x' AS s")
        hive.engine.attach(source, [A, Column("s", "VARCHAR")], {None: folder})
        with hive.engine.task({source: None}) as task:
            assert task.fetch(f"SELECT a, s FROM {source}") == [(n, "x")]
    hive.run(f"CREATE TABLE hive.{hive.schema}.own AS SELECT 1 AS a")
    with pytest.raises(RunError, match="already exists and has files of its own"):
        hive.engine.attach(f"{hive.schema}.own", [A], {None: folder})


@pytest.mark.nightly
def test_days_of_files_are_copied_into_a_table_of_iceberg(iceberg: Bench) -> None:
    iceberg.fill(D1, "SELECT 1::BIGINT AS a")
    folders: Folders = {
        D2: write(iceberg.lake.path(iceberg.table, D2).parent, "SELECT 2::BIGINT AS a"),
        D3: write(iceberg.lake.path(iceberg.table, D3).parent, "SELECT 2::BIGINT AS a WHERE false"),
    }
    iceberg.engine.attach(iceberg.table, [A], folders)
    assert iceberg.engine.days(iceberg.table) == [D1, D2, D3]
    assert iceberg.rows() == [(1, D1), (2, D2)]
    other = f"{iceberg.schema}.files"  # a table that Iceberg does not have is shown by the Hive catalog
    iceberg.engine.attach(other, [A], {D1: folders[D2]})
    found = iceberg.engine.find_table(other)
    assert found
    assert found.identifier.catalog == "hive"
    with iceberg.engine.task({other: None, iceberg.table: None}) as task:
        assert task.fetch(f"SELECT count(*) FROM {other} AS x JOIN {iceberg.table} AS y ON x.a = y.a") == [(1,)]
    assert iceberg.engine.query(f"SELECT a FROM {other}").to_pylist() == [{"a": 2}]


@pytest.mark.nightly
@pytest.mark.parametrize("type_", ["UINTEGER", "UBIGINT", "UUID", "TIME", "TIMESTAMP WITH TIME ZONE", "UINTEGER[]"])
def test_files_that_trino_would_read_differently_are_refused(hive: Bench, type_: str) -> None:
    with pytest.raises(InputError, match="must be a type that Trino reads in files of DuckDB"):
        hive.engine.attach(hive.table, [Column("a", type_)], {D1: hive.location})


def test_the_error_for_a_server_that_does_not_allow_registering_folders(hive: Bench, tmp_path: Path) -> None:
    place = write(tmp_path / "x", "SELECT 1::BIGINT AS a")
    hive.fill(D1, "SELECT 1::BIGINT AS a")
    client = connect(f"{hive.url.rpartition('/')[0]}/guarded")
    with pytest.raises(RunError, match=r"guarded .* does not allow register_partition") as caught:
        Trino(client, hive.location).attach(hive.table, [A], {D2: place})
    assert code(caught) == "engine-denied"
    assert "hive.allow-register-partition-procedure=true" in str(caught.value)
    with pytest.raises(RunError) as caught:
        hive.fill(D1, "SELECT 1::BIGINT AS a", engine=Trino(client, hive.location))
    assert code(caught) == "engine-denied"
    client.close()
