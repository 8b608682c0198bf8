"""The commands of frameworks: how they are found, what they print, and that nothing is wider than 80 columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drawloom.cli import framework_commands
from drawloom.cli.main import run_command
from drawloom.run.project import Project
from tests.frameworks.experiments.rides import METRICS, experiment, write_project


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with metrics, an experiment that has not begun, one of statistics, and one that is broken."""
    summed = experiment("summed", statistics={"table": "core.sums"})
    specs = {
        "rides.yml": METRICS,
        "pink.yml": experiment("pink", pre_period=2, variants={"control": 60, "a": 30, "b": 10}),
        "summed.yml": {key: value for key, value in summed.items() if key not in {"assignments", "identities", "subject"}},
        "broken.yml": experiment("broken", metrics={"goal": ["nothing"]}),
    }  # fmt: skip
    sums = {"core.sums": {"files": "sums/{ds}.parquet", "columns": dict.fromkeys(["metric", "variant"], "VARCHAR") | dict.fromkeys(["n", "mean", "variance"], "DOUBLE")}}  # fmt: skip
    root = write_project(tmp_path_factory.mktemp("planned") / "project", specs)
    config = (root / "drawloom.yml").read_text()
    (root / "drawloom.yml").write_text(config.replace("sources:\n", f"sources:\n  {json.dumps(sums)[1:-1]}\n"))
    with Project.load(root) as project:
        project.run(project.plan(["rides"]))
    return root


def run(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run_command(["-C", str(root), *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_plan_is_printed_in_80_columns(planned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(planned, capsys, "experiments", "power", "pink", "--effect", "5%", "--days", "7,12")
    assert code == 0
    assert out.startswith("pink, as it is planned\nTo find 5%: rides takes ")
    assert "●" in out
    assert "| is the effect that is wanted, 5%." in out
    assert max(map(len, out.splitlines())) <= 80
    assert "wait_median" in out


def test_a_plan_is_printed_as_json(planned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(planned, capsys, "experiments", "power", "fare", "--days=5", "--format", "json")
    page = json.loads(out)
    assert code == 0
    assert page["verdict"]["text"].startswith("In 5 days effects are found of fare from ")
    assert [row["days"] for row in page["blocks"][0]["rows"]] == [5]
    assert page["blocks"][0]["query"].startswith("SELECT 5 AS days")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "metric == nothing, must be one of a metrics spec."),
        ("summed", "summed reads statistics, must have assignments to be planned."),
        ("nobody", "metric == nobody, must be an experiment, or a metric of a metrics spec."),
    ],
)
def test_what_cannot_be_planned_exits_with_2(
    planned: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    code, out, err = run(planned, capsys, "experiments", "power", name)
    assert (code, out) == (2, "")
    assert message in err
    assert ("specs/broken.yml" in err) is (name == "broken")


def test_help_lists_the_commands_of_frameworks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--help"]) == 0
    assert "experiments" in capsys.readouterr().out
    assert run_command(["experiments", "--help"]) == 0
    assert "How small an effect" in capsys.readouterr().out
    assert run_command(["experiments", "power", "--help"]) == 0
    assert "--pre-period <str>" in capsys.readouterr().out


def test_commands_of_drawloom_do_not_look_for_frameworks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> dict[str, object]:
        raise AssertionError

    monkeypatch.setattr(framework_commands, "framework_groups", fail)
    assert run_command(["--version"]) == 0
    assert run_command(["show", "--help"]) == 0
