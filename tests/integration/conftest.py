from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shop import LAND, Shop, make_shop


@pytest.fixture
def empty(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose orders are not landed yet."""
    monkeypatch.chdir(tmp_path)
    return make_shop(tmp_path, capsys)


@pytest.fixture
def shop(empty: Shop) -> Shop:
    """A shop whose orders are landed."""
    empty.run(*LAND)
    return empty
