"""Data of tests: the labelled texts in tests/data, and files that may not be copied here but may be in a folder beside the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[1] / "../shared/data"
TPC = "autodag/tpc.jsonl"
MORE_TEXTS = "autodag/corpus.jsonl"
CONSTRUCTS = "autodag/transpile_duckdb_spark_trino.json"
COLLEGE = "growth/CollegeMsg.txt"
REPORTS = "autodag/reports.jsonl"
TOO_FEW = "autodag/too_few.jsonl"
GOLDEN = "experiments/golden.json"
ASOS = "experiments/asos/asos_digital_experiments_dataset.parquet"
ASOS_EXPECTED = "experiments/asos/asos_expected.parquet"
USERS = "experiments/golden_raw/tea_tasting_users_4000.csv"
ANOMALIES = "anomalies/synth_calib.csv.gz"
FEATURES = "features/edge/events.parquet"
SHARED_FILES = (
    TPC,
    MORE_TEXTS,
    CONSTRUCTS,
    COLLEGE,
    REPORTS,
    TOO_FEW,
    GOLDEN,
    ASOS,
    ASOS_EXPECTED,
    USERS,
    FEATURES,
    ANOMALIES,
)


def needs(name: str) -> pytest.MarkDecorator:
    """The mark of a test that reads a file of SHARED; tests/conftest.py leaves it out where the file is missing."""
    return pytest.mark.shared(name)


def is_available(name: str) -> bool:
    """Whether a file of SHARED exists on this machine."""
    return (SHARED / name).is_file()


def corpus() -> list[dict[str, Any]]:
    """Texts with the days they read: 88 of our own, and 22 of mozilla/bigquery-etl where the file exists."""
    own = _rows((DATA / "corpus.jsonl").read_text(encoding="utf-8"))
    return own + [row for row in _rows(_shared(MORE_TEXTS)) if row["source"] != "own"]


def tpc() -> list[dict[str, Any]]:
    """The 121 queries of TPC-DS and TPC-H with their tables; none where the file is missing."""
    return _rows(_shared(TPC))


def sqllineage() -> list[dict[str, Any]]:
    """The 290 texts of sqllineage's tests with their sources and targets."""
    rows: list[dict[str, Any]] = json.loads((DATA / "sqllineage_labels.json").read_text(encoding="utf-8"))
    return rows


def reports() -> list[dict[str, Any]]:
    """Texts from public bug reports with what is right for each, and texts of which too few days were read."""
    return [*_rows(_shared(REPORTS)), *_rows(_shared(TOO_FEW))]


def constructs() -> dict[str, dict[str, Any]]:
    """One construct each in DuckDB's, Spark's and Trino's dialects; none where the file is missing."""
    found: dict[str, dict[str, Any]] = json.loads(_shared(CONSTRUCTS) or "{}")
    return found


def _shared(name: str) -> str:
    return (SHARED / name).read_text(encoding="utf-8") if is_available(name) else ""


def _rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
