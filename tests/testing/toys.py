"""Small frameworks for tests of FrameworkCase; each test gives their one step and their page."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest

from drawloom.frameworks.autodag import framework as autodag
from drawloom.frameworks.base import Framework, ProjectContext
from drawloom.frameworks.page import Page
from drawloom.model import Step, Table
from drawloom.specs.base import Spec
from drawloom.specs.fields import Word
from drawloom.testing import FrameworkCase

DAYS = MON, TUE, WED = date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7)
SPEC = "kind: toy\nname: a\nowner: ana@example.com\nuntil: 'forever: a test'\n"
ROWS = [{"ds": ds, "i": i} for ds in DAYS for i in range(ds.day - 3)]
COUNTS = {MON: [{"n": 2}], TUE: [{"n": 3}], WED: [{"n": 4}]}
SQL = "SELECT count(*) AS n FROM raw.events WHERE ds = DATE '{{ ds }}'"
RANGE_SQL = (
    "SELECT ds, count(*) AS n FROM raw.events WHERE ds BETWEEN DATE '{{ start }}' AND DATE '{{ end }}' GROUP BY ds"
)
CASE = FrameworkCase(spec=SPEC, rows={"raw.events": ROWS}, expected={"toys.a": COUNTS})


class Toy(Spec):
    """A spec with a name."""

    kind: Literal["toy"] = "toy"
    name: Word


def toy(step: Callable[[], dict[str, Any]] = dict, page: Callable[..., Page] | None = None) -> Framework:
    """A framework of one step; ``step`` returns its arguments besides the table, by default SQL that counts rows."""

    def compile_toy(spec: Toy, project: ProjectContext) -> Iterator[Step]:
        into = Table(f"toys.{spec.name}", owner=project.owner(spec))
        yield Step(into.name, into, where=spec.where, **({"sql": SQL} | step()))

    return Framework("toy", Toy, compile_toy, page)


def install(monkeypatch: pytest.MonkeyPatch, *frameworks: Framework) -> None:
    """Make these frameworks and AutoDAG the only installed ones."""
    found = {framework.kind: framework for framework in (*frameworks, autodag)}
    monkeypatch.setattr("drawloom.run.compile_project.find_frameworks", lambda: found)


def install_funnel(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Install the example framework from its folder."""
    monkeypatch.syspath_prepend(root / "examples/funnel")
    install(monkeypatch, importlib.import_module("drawloom_funnel").framework)
