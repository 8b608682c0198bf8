from __future__ import annotations

import pytest

from drawloom.model import Schedule
from drawloom.sql import Analysis
from drawloom.sql.catalog import load_catalog
from drawloom.sql.script_reader import read_script
from tests.sql.fixtures import Pair, pairs


@pytest.mark.parametrize("pair", pairs("days.sql"), ids=lambda pair: pair.title)
def test_days_and_writes_of_golden_texts(pair: Pair) -> None:
    options = pair.options
    script = read_script(
        pair.sql,
        dialect=options.get("dialect", "duckdb"),
        keys=options.get("keys", "ds").replace(" ", "").split(","),
        catalog=load_catalog(options["catalog"]) if "catalog" in options else None,
        schedule=Schedule.parse(options.get("schedule", "@daily")),
    )
    found = Analysis(script.reads, script.writes).to_json(script.schedule)
    assert found["reads"] == pair.expected["reads"]
    assert found["writes"] == pair.expected.get("writes", [])
