from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.bench import Bench, drop_schema
from tests.conformance.kinds import KINDS, missing, open_engine
from tests.servers.engines import Engines, EngineSet, cache_folder


def _marks(kind: str) -> list[pytest.MarkDecorator]:
    if kind == "duckdb":
        return []
    return [pytest.mark.integration, *([pytest.mark.skip(missing(kind))] if missing(kind) else [])]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """The servers that the environment names; else a set of our own, which the environment names from then on."""
    given = Engines.from_environment(os.environ)
    if given:
        yield given
        return
    own = EngineSet(tmp_path_factory.mktemp("engines") / "run", cache_folder())
    before = dict(os.environ)
    try:
        made = own.up()
        os.environ.update(made.exports)
        yield made
    finally:
        own.down()
        for name in set(os.environ) - set(before):
            del os.environ[name]


@pytest.fixture(scope="session", params=[pytest.param(kind, marks=_marks(kind)) for kind in KINDS])
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
