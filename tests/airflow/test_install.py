"""``drawloom airflow install``: the files that it writes and removes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from drawloom.airflow.deployed_project import DeployedProject
from drawloom.airflow.install import LOADER, install
from drawloom.cli.main import run_command
from drawloom.model import InputError
from drawloom.run.project import Project
from tests.integration.airflow.visits_project import write_visits_project


def install_into(project: Path, folder: Path, prefix: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    with Project.load(project) as opened:
        made = install(opened, folder, prefix)
    return made.written, made.removed


@pytest.mark.unmeasured
def test_the_loader_is_constant_and_nothing_is_written_twice(project: Path, dags: Path) -> None:
    assert (dags / "drawloom_visits.py").read_text() == LOADER
    assert install_into(project, dags) == ((), ())


def test_only_changed_files_are_written_and_obsolete_ones_removed(project: Path, dags: Path) -> None:
    file = project / "specs" / "recent.sql"
    file.write_text(file.read_text().replace("count(*)", "count(page)"))
    plan, lineage = (f"drawloom_visits/{kind}/report.recent.json" for kind in ("pipelines", "lineage"))
    assert install_into(project, dags) == ((plan, lineage), ())
    file.unlink()
    assert install_into(project, dags) == (("drawloom_visits/project.json",), (lineage, plan))


@pytest.mark.parametrize(
    ("sql", "message_part"), [("SELEC 1", "SELEC"), ("SELECT 1 AS n, summ(2) AS x", "Did you mean sum?")]
)
def test_a_broken_spec_has_a_file_of_its_own_until_it_is_fixed(
    project: Path, dags: Path, sql: str, message_part: str
) -> None:
    spec = project / "specs" / "new.sql"
    spec.write_text(f"/* drawloom\ntable: core.new\nuntil: {{forever: x}}\n*/\n{sql}\n")
    assert run_command(["-C", str(project), "airflow", "install", "--dags-folder", str(dags)]) == 2
    bag = DagBag(dags)
    ((file, message),) = bag.import_errors.items()
    assert file.endswith("drawloom_visits__broken__specs_new_sql.py")
    assert "specs/new.sql:5" in message
    assert message_part in message
    assert len(bag.dags) == 7
    spec.unlink()
    _, removed = install_into(project, dags)
    assert removed == ("drawloom_visits__broken__specs_new_sql.json", "drawloom_visits__broken__specs_new_sql.py")


def test_many_pipelines_are_spread_over_loaders_and_merged_again(project: Path, dags: Path) -> None:
    specs = project / "specs" / "many.py"
    specs.write_text(
        "from drawloom import AutoDag\n"
        "specs = [AutoDag(table=f'a.t{n}', sql=f'SELECT {n} AS n', until={'forever': 'x'}) for n in range(205)]\n"
    )
    install_into(project, dags)
    loaders = sorted(path.name for path in dags.glob("*.py"))
    assert loaders == ["drawloom_visits__0.py", "drawloom_visits__1.py"]
    sizes = [len(list((dags / f"drawloom_visits__{n}" / "pipelines").iterdir())) for n in (0, 1)]
    assert sum(sizes) == 212
    assert max(sizes) < 150
    assert len(DagBag(dags).dags) == 212
    specs.unlink()
    install_into(project, dags)
    assert sorted(path.name for path in dags.iterdir() if path.name != "__pycache__") == [
        "drawloom_visits", "drawloom_visits.py",
    ]  # fmt: skip


def test_dag_ids_of_another_project_are_refused(project: Path, dags: Path, tmp_path: Path) -> None:
    other = write_visits_project(tmp_path / "other")
    settings = other / "drawloom.yml"
    settings.write_text(settings.read_text().replace("name: visits", "name: other"))
    with pytest.raises(
        InputError, match=r"DAG id == visits\.core\.hopeless, must be of one project only; visits has it"
    ):
        install_into(other, dags, "visits.")
    install_into(other, dags)
    assert len(DagBag(dags).dags) == 14


def test_a_folder_that_cannot_be_written_is_refused(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="must be a folder"):
        install_into(project, file / "dags")
    if os.geteuid() == 0:
        return  # root may write everywhere
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(InputError, match="must be writable"):
        install_into(project, closed)


def test_a_folder_without_write_permission_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, *_: not str(path).startswith(str(tmp_path)))
    with pytest.raises(InputError, match="must be writable by this user"):
        install_into(project, tmp_path / "dags")


def test_an_invisible_project_folder_is_reported_with_what_must_be_shared(
    project: Path, dags: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.rename(project.with_name("moved"))
    with pytest.raises(
        InputError, match=r"must be a folder that this process.*it holds lake, sources\.raw\.visits\.files"
    ):
        DeployedProject(dags / "drawloom_visits")
    monkeypatch.setenv("DRAWLOOM_PROJECT_VISITS", str(project.with_name("moved")))
    moved = DeployedProject(dags / "drawloom_visits")
    assert moved.settings.root == project.with_name("moved")


def test_a_lake_outside_the_project_must_exist(project: Path, dags: Path, tmp_path: Path) -> None:
    settings = project / "drawloom.yml"
    settings.write_text(settings.read_text() + f"lake: {tmp_path}/mounted\n")
    install_into(project, dags)
    shutil.rmtree(tmp_path / "mounted")
    with pytest.raises(InputError, match=r"lake == .*mounted, must be a folder that this process of Airflow can see"):
        DeployedProject(dags / "drawloom_visits")


def test_an_unreadable_plan_is_reported(dags: Path) -> None:
    (dags / "drawloom_visits" / "project.json").write_text("{")
    with pytest.raises(InputError, match=r"is not a compiled plan: .*\. Run `drawloom airflow install` again"):
        DeployedProject(dags / "drawloom_visits")


def test_the_command_prints_what_it_changed(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["-C", str(project), "airflow", "install", "--dags-folder", str(tmp_path / "d"), "--format", "json"]
    assert run_command(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["dags"], len(told["written"]), told["removed"], told["problems"]) == (7, 17, [], [])
    assert run_command(command[:-2]) == 0
    assert "7 DAGs: 0 files written, 0 files removed" in capsys.readouterr().out


def test_the_plan_contains_no_secret(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISITS_DB_PASSWORD", "hunter2")
    settings = project / "drawloom.yml"
    settings.write_text(settings.read_text() + "registry: postgresql://me:${VISITS_DB_PASSWORD}@host/db\n")
    from drawloom.run.settings import Settings
    from drawloom.specs.config import load_config

    found = Settings.of(load_config(project))
    assert "hunter2" in found.registry_url
    assert "hunter2" not in json.dumps(found.to_json())
    assert Settings.from_json(json.loads(json.dumps(found.to_json())), project) == found
