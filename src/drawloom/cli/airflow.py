"""``drawloom airflow``: pipelines as DAGs of Apache Airflow."""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.options import Day, Env, First, Folder, Last, OutFormat, days_of, open_in, open_project
from drawloom.cli.output import Format, console, pluralize, print_json, print_problems
from drawloom.model import Fix, InputError, Problem, RunError, refuse
from drawloom.run.signals import sigterm_as_interrupt

if TYPE_CHECKING:
    from drawloom.airflow.install import Installed
    from drawloom.airflow.standalone import LocalAirflow

DagsFolder = Annotated[Path, typer.Option("--dags-folder", help="Airflow's DAGs folder.")]
Prefix = Annotated[
    str | None,
    typer.Option(help="The start of all DAG ids; by default the project's name and a dot.", show_default=False),
]


def install(
    context: typer.Context,
    dags_folder: DagsFolder,
    prefix: Prefix = None,
    env: Env = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Write the project's plan and loader into a DAGs folder. Run it again whenever a spec changes."""
    from drawloom.airflow.install import install as install_dags
    from drawloom.airflow.version import INSTALL_COMMAND, airflow_version
    from drawloom.run.environments.environment import Environment

    project = open_in(context, folder, env)
    if isinstance(project, Environment):
        project.save()
    made = install_dags(project, dags_folder, prefix)
    problems = [problem for found in made.broken.values() for problem in found]
    if format is Format.JSON:
        print_json(
            {
                "dags": made.dags,
                "written": made.written,
                "removed": made.removed,
                "problems": [problem.to_json() for problem in problems],
            }
        )
    else:
        _print_installed(made)
        if airflow_version() is None:
            console().print(
                f"Airflow is not installed here. On the machines where it runs: {INSTALL_COMMAND}", markup=False
            )
    raise typer.Exit(2 if problems else 0)


def up(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of its web page, on this machine only.")] = 8080,
    folder: Folder = None,
) -> None:
    """Try the project's DAGs in a local Airflow; Ctrl-C stops it."""
    from drawloom.airflow.install import install as install_dags
    from drawloom.airflow.standalone import LocalAirflow

    project = open_project(context, folder)
    root = project.settings.root.absolute()
    local = LocalAirflow(root / ".drawloom" / "airflow", port)
    out = console()
    with sigterm_as_interrupt():
        try:
            made = install_dags(project, local.dags)
            _print_installed(made)
            local.start()
            with out.status("Airflow is starting") as status:
                local.wait(lambda missing: status.update(f"Airflow is starting: waiting for {missing}"))
            user, password = local.login
            out.print(f"[bold]{local.url}[/]  user {user}, password {password}")
            out.print("For trying only: SQLite, two tasks at a time. Changed specs are reloaded. Ctrl-C stops it.")
            _reload_changes(root, local)
        except KeyboardInterrupt:
            pass
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the cleanup
            with out.status("Airflow is stopping"):
                local.stop()
    out.print("Airflow has stopped.")


def announce(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="A table that is filled outside this project.")],
    ds: Day = None,
    first: First = None,
    last: Last = None,
    folder: Folder = None,
) -> None:
    """Report days of a table as landed to Airflow; DAGs that are scheduled on the table run for them."""
    from drawloom.airflow.client import Client
    from drawloom.run.landing_probe import probe

    project = open_project(context, folder)
    start, end = days_of(ds, first, last)
    if not (start and end):
        raise refuse("no-days", "No days are given.", fix="Add --ds, or --from and --to.")
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    missing = probe(project.settings, table).missing(days)
    if missing:
        console().print(f"{table} {missing[0]} has not landed: nothing was announced")
        raise typer.Exit(3)
    with Client.for_project(project.settings.root) as airflow:
        count = airflow.announce(table, days)
        console().print(f"{pluralize(count, 'day')} of {table} announced to {airflow.url}")


def _print_installed(made: Installed) -> None:
    problems = [problem for found in made.broken.values() for problem in found]
    print_problems(problems)
    changed = f"{pluralize(len(made.written), 'file')} written, {pluralize(len(made.removed), 'file')} removed"
    console().print(f"{pluralize(made.dags, 'DAG')}: {changed}")


def _reload_changes(root: Path, local: LocalAirflow) -> None:
    """Install the DAGs again whenever a spec changes, while Airflow is running.

    Raises:
        RunError: Airflow exited unexpectedly.
    """
    from drawloom.airflow.install import install as install_dags
    from drawloom.run.project import Project

    before = _modification_times(root)
    while local.alive:
        time.sleep(1)
        now = _modification_times(root)
        if now == before:
            continue
        before = now
        try:
            with Project.load(root) as project:
                _print_installed(install_dags(project, local.dags))
        except InputError as error:
            print_problems(error.problems, stderr=True)
    message = "Airflow exited unexpectedly."
    raise RunError(Problem("airflow-down", "error", message, fix=Fix(f"Read {local.log}.")))


def _modification_times(root: Path) -> dict[str, int]:
    found = [root / "drawloom.yml", *(root / "specs").rglob("*")]
    return {str(path): path.stat().st_mtime_ns for path in found if path.is_file() and "__pycache__" not in path.parts}
