"""What cannot be exported to a metastore is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.model import InputError, RunError
from drawloom.run.project import Project
from drawloom.run.stats.export import export_statistics
from tests.frameworks.stats.shop import SETTINGS, write_shop


def test_a_lake_has_no_metastore(tmp_path: Path) -> None:
    with (
        Project.load(write_shop(tmp_path)) as project,
        pytest.raises(InputError, match="engine == 'duckdb', must be spark or trino"),
    ):
        export_statistics(project, [])


@pytest.mark.parametrize(
    ("url", "reason"),
    [("", "metastore is not known"), ("http://x", "must be a URL like thrift"), ("thrift://127.0.0.1:1", "fails: Could not connect")],
)  # fmt: skip
def test_a_metastore_that_is_none_is_refused(
    url: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRAWLOOM_METASTORE", raising=False)
    write_shop(tmp_path)
    (tmp_path / "drawloom.yml").write_text(SETTINGS + "engine: trino\n", encoding="utf-8")
    with Project.load(tmp_path) as project, pytest.raises((InputError, RunError), match=reason):
        export_statistics(project, [], url)
