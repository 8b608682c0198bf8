"""Tables in a terminal of 80 columns: they shrink, are cut with an ellipsis or turn upright, and lose no brackets."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from drawloom.cli import data, output, results, run_output, show, tables
from drawloom.cli import project as project_commands
from tests.cli.sample_project import SampleProject


@pytest.fixture
def narrow(project: SampleProject, monkeypatch: pytest.MonkeyPatch) -> SampleProject:
    """A project whose commands print to 80 columns."""
    wide = output.console

    def console(**options: Any) -> Console:
        return wide(**{**options, "width": 80})

    for module in (output, data, project_commands, results, run_output, show, tables):
        monkeypatch.setattr(module, "console", console)
    return project


WIDE = ", ".join(f"{n} AS column_{n}" for n in range(30))


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        (("plan",), "core.rolling"),
        (("status",), "■ fresh"),
        (("tables",), "2026-03-01 ..  "),
        (("run",), "core.rolling"),
        (("compile", "core.ever"), "core.daily"),
        (("query", f"SELECT {WIDE}"), "column_29"),
        (("query", "SELECT repeat('abc ', 60) AS t, repeat('x', 100) AS u, 5 AS n"), "…"),
        (("query", "SELECT '[bold]x' AS \"[airflow]\", 'a[red]' AS b"), "[airflow]"),
        (("query", "SELECT '[bold]x' AS x"), "[bold]x"),
    ],
)
def test_nothing_is_wider_than_the_terminal_or_one_letter_a_line(
    narrow: SampleProject, arguments: tuple[str, ...], holds: str
) -> None:
    narrow.run("run", "core.daily")
    lines = narrow.run(*arguments).splitlines()
    assert any(holds in line for line in lines), lines
    assert max(map(len, lines)) <= 80
    assert sum(len(line.strip()) == 1 and line.strip().isalpha() for line in lines) <= 1, lines
