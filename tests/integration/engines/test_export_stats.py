"""Statistics that are exported to a metastore are what Trino plans with."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from drawloom.cli.main import app
from drawloom.engines.catalog.metastore import open_metastore
from drawloom.model import RunError
from drawloom.run.project import Project
from drawloom.testing import FrameworkCase
from tests.conformance.trino_client import drop_metastore_schema, drop_table, query_trino
from tests.integration.engines.small_project import engine_line

pytestmark = [pytest.mark.integration, pytest.mark.nightly]
DAYS = [date(2026, 1, 5), date(2026, 1, 6)]
COLUMNS = ["id", "name", "price", "share", "day", "at", "ok"]


def write_case(folder: Path, raw: str) -> None:
    """A table with many rows and one with few, whose files are registered: no engine has counted them."""
    spec = f'kind: stats\nname: warehouse\ntables: ["{raw}.*"]\nuntil: "forever: a test"\n'
    many = [
        {
            "ds": DAYS[n % 2],
            "id": n,
            "name": None if n % 4 == 0 else f"n{n % 10}",
            "price": Decimal(n) / 4,
            "share": n / 1000,
            "day": date(2026, 1, 1) + timedelta(days=n % 7),
            "at": f"2026-01-05 10:00:{n % 60:02}",
            "ok": [True, False, None][n % 3],
        }
        for n in range(4000)
    ]
    few = [{"ds": ds, "id": n} for n in range(5) for ds in DAYS]
    types = {f"{raw}.many": {"price": "DECIMAL(12, 2)", "at": "TIMESTAMP"}}
    case = FrameworkCase(spec, {f"{raw}.many": many, f"{raw}.few": few}, {}, types)
    case.write_project(folder, yaml.safe_load(engine_line("trino-hive")))


@pytest.fixture
def raw(servers: object) -> Iterator[str]:
    """A schema, which is dropped with the statistics of its tables."""
    name = f"exp_{token_hex(4)}"
    yield name
    if ["meta"] in query_trino("hive", "SHOW SCHEMAS"):
        for (table,) in query_trino("hive", f"SHOW TABLES FROM meta LIKE '%{name}%'"):
            drop_table(f'meta."{table}"')
    drop_metastore_schema(name)


def shown(raw: str) -> dict[str | None, list[Any]]:
    """What Trino knows of the big table on a day, by column; under None the number of rows."""
    rows = query_trino("hive", f"SHOW STATS FOR (SELECT * FROM {raw}.many WHERE ds = DATE '{DAYS[0]}')")
    return {row[0]: row[1:] for row in rows}


def explained(raw: str) -> str:
    """The plan of a join of both tables, in which the big one comes last."""
    join = f"SELECT count(*) FROM {raw}.few AS f JOIN {raw}.many AS m ON m.id = f.id WHERE f.ds = DATE '{DAYS[0]}' AND m.ds = f.ds"
    return "\n".join(row[0] for row in query_trino("hive", f"EXPLAIN (TYPE LOGICAL) {join}"))


def scanned(plan: str) -> list[str]:
    """The tables in the order in which a plan names them: of a join first the one that is streamed."""
    return re.findall(r"table = hive:\w+:(\w+)", plan)


def test_trino_plans_with_exported_statistics(raw: str, tmp_path: Path) -> None:
    write_case(tmp_path, raw)
    with Project.load(tmp_path) as project:
        project.run()
    assert shown(raw)[None][3] is None
    before = explained(raw)
    done = CliRunner().invoke(app, ["-C", str(tmp_path), "stats", "export", "--format", "json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [(one["table"], one["partitions"], one["columns"]) for one in found] == [
        (f"{raw}.few", 2, 1),
        (f"{raw}.many", 2, len(COLUMNS)),
    ]
    known = shown(raw)
    assert known[None][3] == 2000
    assert {name: tuple(found[3:]) for name, found in known.items() if name in COLUMNS} == {
        "id": (None, "0", "3998"),
        "name": (None, None, None),
        "price": (None, "0.0", "999.5"),
        "share": (None, "0.0", "3.998"),
        "day": (None, "2026-01-01", "2026-01-07"),
        "at": (None, None, None),
        "ok": (None, None, None),
    }
    assert {name: known[name][2] for name in COLUMNS} == {**dict.fromkeys(COLUMNS, 0.0), "name": 0.5, "ok": 0.3335}
    distinct = {"id": 2000, "name": 5, "price": 2000, "share": 2000, "day": 7, "at": 30, "ok": 2}
    assert {name: known[name][1] for name in COLUMNS} == pytest.approx(distinct, rel=0.12)
    after = explained(raw)
    assert ("REPLICATED" in before, "REPLICATED" in after) == (False, True)
    assert scanned(before) == ["few", "many"]
    assert scanned(after) == ["many", "few"]


def test_tables_of_iceberg_are_told_apart(raw: str) -> None:
    query_trino("hive", f"CREATE SCHEMA {raw}")
    query_trino("hive", f"CREATE TABLE {raw}.plain (id BIGINT)")
    query_trino("iceberg", f"CREATE TABLE {raw}.ice (id BIGINT)")
    url = os.environ["DRAWLOOM_METASTORE"]
    with open_metastore(url) as metastore:
        assert [metastore.is_iceberg(f"{raw}.{name}") for name in ("plain", "ice")] == [False, True]
    with pytest.raises(RunError, match=f"{url} fails: .*nowhere"), open_metastore(url) as metastore:
        metastore.is_iceberg(f"{raw}.nowhere")
