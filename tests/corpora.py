"""The labelled texts: those in tests/data, and those that only a folder beside the repository holds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[1] / "../shared/data/autodag"


def corpus() -> list[dict[str, Any]]:
    """Texts with the days they read: 88 of our own, and 22 of mozilla/bigquery-etl where they are at hand."""
    own = _rows((DATA / "corpus.jsonl").read_text(encoding="utf-8"))
    return own + [row for row in _rows(_shared("corpus.jsonl")) if row["source"] != "own"]


def tpc() -> list[dict[str, Any]]:
    """The 121 queries of TPC-DS and TPC-H with their tables; none where they are not at hand."""
    return _rows(_shared("tpc.jsonl"))


def sqllineage() -> list[dict[str, Any]]:
    """The 290 texts of sqllineage's tests with their sources and targets."""
    rows: list[dict[str, Any]] = json.loads((DATA / "sqllineage_labels.json").read_text(encoding="utf-8"))
    return rows


def constructs() -> dict[str, dict[str, Any]]:
    """One construct each in DuckDB's, Spark's and Trino's words; none where they are not at hand."""
    found: dict[str, dict[str, Any]] = json.loads(_shared("transpile_duckdb_spark_trino.json") or "{}")
    return found


def _shared(name: str) -> str:
    path = SHARED / name
    if path.is_file():
        return path.read_text(encoding="utf-8")
    assert not os.environ.get("CI"), f"{path} is missing: the texts that are not copied must be there in CI"
    return ""


def _rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
