from __future__ import annotations

import pytest

from drawloom.model import Schedule
from drawloom.sql.catalog import load_catalog
from drawloom.sql.describe import describe_json
from drawloom.sql.read import read
from tests.sql.fixtures import Pair, pairs


@pytest.mark.parametrize("pair", pairs("days.sql"), ids=lambda pair: pair.title)
def test_days(pair: Pair) -> None:
    options = pair.options
    script = read(
        pair.sql,
        dialect=options.get("dialect", "duckdb"),
        keys=options.get("keys", "ds").replace(" ", "").split(","),
        catalog=load_catalog(options["catalog"]) if "catalog" in options else None,
        schedule=Schedule.parse(options.get("schedule", "@daily")),
    )
    found = describe_json(script)
    assert found["reads"] == pair.expected["reads"]
    assert found["writes"] == pair.expected.get("writes", [])
