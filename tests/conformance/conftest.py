from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.bench import Bench, drop_schema
from tests.conformance.kinds import kinds, open_engine
from tests.servers.fixtures import servers

__all__ = ["servers"]


@pytest.fixture(scope="session", params=kinds())
def kind(request: pytest.FixtureRequest) -> str:
    """The name of an engine whose servers run."""
    found: str = request.param
    if found != "duckdb":
        request.getfixturevalue("servers")
    return found


@pytest.fixture
def bench(kind: str, tmp_path: Path) -> Iterator[Bench]:
    """An engine over an empty folder."""
    made = Bench(kind, open_engine(kind, tmp_path / "lake"), tmp_path / "lake", f"con_{secrets.token_hex(4)}")
    try:
        yield made
    finally:
        drop_schema(made)
        made.engine.close()
