"""The commands on environments: plan, run, status, query, diff, promote, env list and drop."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from drawloom.run.environments.compare import compare_environment
from drawloom.run.environments.environment import Environment
from drawloom.run.project import Project
from tests.run.environments.build import DAYS, day, land, write_project, write_specs

Ask = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose production is up to date, and whose ``core.events`` was then changed."""
    made = write_project(tmp_path / "project")
    land(made)
    with Project.load(made) as project:
        assert project.run().exit_code == 0
    write_specs(made, factor="10", more=", upper(who) AS loud")
    return made


@pytest.fixture
def ask(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert run_command(["-C", str(root), *words]) == code
        return " ".join(capsys.readouterr().out.split())

    return run


def test_what_differs_is_said_built_and_read(ask: Ask) -> None:
    assert "dev differs from production in core.events (changed); 2 tables depend on that" in ask(
        "plan", "--env", "dev"
    )
    ask("run", "--env", "dev", "--days", "2")
    assert "core.week" in ask("status", "--env", "dev")
    sums = json.loads(
        ask(
            "query",
            "SELECT ds, sum(amount) AS n FROM core.events GROUP BY 1 ORDER BY 1",
            "--env",
            "dev",
            "--format",
            "json",
        )
    )
    production = json.loads(
        ask("query", "SELECT ds, sum(amount) AS n FROM core.events GROUP BY 1 ORDER BY 1", "--format", "json")
    )
    assert [int(new["n"]) / int(old["n"]) for new, old in zip(sums, production, strict=True)] == [1] * (DAYS - 2) + [
        10,
        10,
    ]


def test_without_a_difference_that_is_said(root: Path, ask: Ask) -> None:
    write_specs(root)
    assert "dev does not differ from production" in ask("plan", "--env", "dev")
    ask("plan", "--days", "3", code=2)


def test_a_difference_has_rows_columns_and_distributions(ask: Ask) -> None:
    ask("run", "--env", "dev")
    text = ask("diff", "--env", "dev")
    assert "core.events 2026-03-06 4 0 0 4 +loud" in text
    assert "core.week (depends on core.events): 6 days differ" in text
    assert "event 60: amount 6 -> 60" in text
    assert "removed: who" in text, "core.week has no key"
    (events,) = json.loads(ask("diff", "core.events", "--env", "dev", "--format", "json"))["tables"]
    newest = events["days"][-1]
    assert newest["rows"]["cells"] == {"amount": 4}
    old, new = newest["distributions"]["amount"]
    assert (old["least"], old["greatest"], new["greatest"], new["mean"]) == ("6", "9", "90", 75.0)
    assert len(newest["different"]) == 4


def test_equal_days_are_counted_and_new_tables_have_no_counterpart(root: Path, ask: Ask) -> None:
    write_specs(root, factor="1 + 0")
    (root / "specs/new.sql").write_text(
        "/* drawloom\ntable: core.new\nuntil: {forever: test}\n*/\nSELECT who FROM core.events WHERE ds = DATE '{{ ds }}'\n"
    )
    ask("run", "--env", "dev")
    text = ask("diff", "--env", "dev")
    assert "core.events 6 equal changed" in text
    assert "core.new 2026-03-01 4 new partition" in text
    with Project.load(root) as project, Environment(project.config, "dev") as environment:
        found = {one.table: one for one in compare_environment(environment)}
    assert found["core.events"].same == DAYS
    assert [one.ds for one in found["core.new"].days] == [day(n) for n in range(1, DAYS + 1)]


def test_promotion_is_tried_refused_done_and_undone(ask: Ask) -> None:
    ask("promote", "dev", code=2)
    ask("run", "--env", "dev")
    assert "would be promoted 18 partitions of dev" in ask("promote", "dev", "--dry-run")
    assert "core.week 6 2026-03-01 .. 2026-03-06" in ask("promote", "dev")
    assert ask("promote", "dev") == "promoted 0 partitions of dev"
    assert "put back 18 partitions of dev" in ask("promote", "dev", "--undo")
    ask("run", "--env", "few", "--days", "2")
    text = ask("promote", "few", code=1)
    assert "core.people 2026-03-05: input core.people 2026-03-04 will be rebuilt" in text
    assert "Nothing was written. --partial promotes the others." in text
    found = json.loads(ask("promote", "few", "core.events", "--format", "json"))
    assert [one["ds"] for one in found["done"]] == ["2026-03-05", "2026-03-06"]
    assert (found["refused"], found["copied"]) == ([], False)


def test_environments_are_listed_and_dropped(ask: Ask) -> None:
    assert "There is no environment" in ask("env", "list")
    ask("run", "--env", "dev", "--days", "2")
    assert "dev 3 6 0.0 2026-03-05 in 14 days" in ask("env", "list")
    (info,) = json.loads(ask("env", "list", "--format", "json"))["environments"]
    assert (info["partitions"], info["tables"]["core.week"]) == (6, "dev.core__week")
    assert ask("env", "drop", "dev") == "dropped dev: 3 tables"
    ask("env", "drop", "dev", code=2)
    ask("run", "--env", "dev")
    assert json.loads(ask("env", "drop", "dev", "--format", "json"))["dropped"] == "dev"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("core.week",), "diff needs a name and --ds, or --env."),
        (("--env", "nope"), "environment == 'nope', must be one that exists."),
    ],
)
def test_diff_needs_a_day_or_an_environment(
    root: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert run_command(["-C", str(root), "diff", *words]) == 2
    assert message in capsys.readouterr().err
