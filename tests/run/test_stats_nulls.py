"""Advice quotes statistics: a join key that is often NULL."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from drawloom.run.project import Project
from tests.frameworks.stats.shop import DAYS, clicks, write_clicks, write_shop

JOIN = "SELECT o.id FROM core.orders AS o JOIN raw.clicks AS c ON o.amount = c.amount WHERE o.ds = '{{ ds }}' AND c.ds = '{{ ds }}'\n"


def advice(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What is said of NULLs in the keys of a join."""
    (folder / "join.sql").write_text(JOIN)
    capsys.readouterr()
    assert run_command(["advise", str(folder / "join.sql"), "--format", "json"]) == 0
    return [one for one in json.loads(capsys.readouterr().out)["problems"] if one["code"] == "null-join-key"]


def test_a_key_that_is_often_null_is_told_once_it_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shop(tmp_path)
    for day in DAYS[:-1]:
        write_clicks(tmp_path, day, clicks(day))
    write_clicks(
        tmp_path,
        DAYS[-1],
        [{**row, "amount": row["amount"] if n < 6 else None} for n, row in enumerate(clicks(DAYS[-1]))],
    )
    assert not advice(tmp_path, capsys)  # nothing is measured yet
    with Project.load(tmp_path) as project:
        assert project.run().exit_code == 0
    (told,) = advice(tmp_path, capsys)  # the newest day counts, and core.orders has no NULL
    assert told["message"] == "c.amount is NULL in 50% of the rows of raw.clicks; such rows find no partner."
    assert told["severity"] == "info"


def test_without_statistics_nothing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_shop(tmp_path, spec="")
    for day in DAYS:
        write_clicks(tmp_path, day, clicks(day))
    with Project.load(tmp_path) as project:
        assert project.run().exit_code == 0
    assert not advice(tmp_path, capsys)
