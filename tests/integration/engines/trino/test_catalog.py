"""Connecting to Trino and its catalogs."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.engines.trino import Trino, connect
from drawloom.model import RunError
from tests.integration.engines.trino.bench import D1, A
from tests.servers.engines import Engines

pytestmark = pytest.mark.integration


def test_the_error_for_an_unknown_catalog_names_the_existing_ones(engines: Engines) -> None:
    with pytest.raises(RunError, match=r"catalog == nope, must be one of trino at .*: guarded, hive, iceberg"):
        connect(f"{engines.trino.rpartition('/')[0]}/nope")
    with pytest.raises(RunError, match=r"must be of the Hive or the Iceberg connector, not of memory"):
        connect(f"{engines.trino.rpartition('/')[0]}/memory")


def test_files_need_a_hive_catalog(engines: Engines, tmp_path: Path) -> None:
    client = connect(f"{engines.trino.rpartition('/')[0]}/iceberg")
    with pytest.raises(RunError, match="lake_catalog == iceberg, must be of the Hive connector"):
        Trino(client, tmp_path.as_uri(), "iceberg")
    with pytest.raises(
        RunError, match=r"lake_catalog is not set, must be a Hive catalog .* Hive catalogs: guarded, hive"
    ):
        Trino(client, tmp_path.as_uri()).attach("tri_none.t", [A], {D1: tmp_path.as_uri()})
    client.close()


def test_settings_are_properties_of_the_session(engines: Engines) -> None:
    client = connect(engines.trino, {"query_max_run_time": "17m"})
    (row,) = (row for row in client.run("SHOW SESSION").rows if row[0] == "query_max_run_time")
    assert row[1] == "17m"
    assert client.run("SELECT current_timezone()").rows == [["UTC"]]
    client.close()
