"""``drawloom airflow``: pipelines as DAGs of Apache Airflow."""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.options import Day, First, Folder, Last, OutFormat, days_of, open_project
from drawloom.cli.output import Format, console, counted, print_json, print_problems
from drawloom.cli.signals import stopped_by_signals
from drawloom.model import Fix, InputError, Problem, RunError, refuse

if TYPE_CHECKING:
    from drawloom.airflow.install import Installed
    from drawloom.airflow.local import LocalAirflow

DagsFolder = Annotated[Path, typer.Option("--dags-folder", help="Airflow's folder of DAGs.")]
Prefix = Annotated[
    str | None,
    typer.Option(
        help="What the ids of the DAGs begin with; the project's name and a dot otherwise.", show_default=False
    ),
]


def install(
    context: typer.Context,
    dags_folder: DagsFolder,
    prefix: Prefix = None,
    folder: Folder = None,
    format: OutFormat = Format.TEXT,  # noqa: A002
) -> None:
    """Write the project's plan and its loader into a folder of DAGs; do so again after every change of a spec."""
    from drawloom.airflow.install import install as install_dags
    from drawloom.airflow.version import EXTRA, airflow_version

    made = install_dags(open_project(context, folder), dags_folder, prefix)
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
        _tell(made)
        if airflow_version() is None:
            console().print(f"Airflow is not installed here; where it runs: {EXTRA}")
    raise typer.Exit(2 if problems else 0)


def up(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of its page, on this machine only.")] = 8080,
    folder: Folder = None,
) -> None:
    """Start an Airflow with the project's DAGs, for looking; Ctrl-C stops all of it."""
    from drawloom.airflow.install import install as install_dags
    from drawloom.airflow.local import LocalAirflow

    project = open_project(context, folder)
    root = project.settings.root.absolute()
    local = LocalAirflow(root / ".drawloom" / "airflow", port)
    out = console()
    with stopped_by_signals():
        try:
            made = install_dags(project, local.dags)
            _tell(made)
            local.start()
            with out.status("Airflow is starting") as status:
                local.wait(lambda missing: status.update(f"Airflow is starting: waiting for {missing}"))
            user, password = local.password
            out.print(f"[bold]{local.url}[/]  user {user}, password {password}")
            out.print("For looking only: SQLite, two tasks at once. Changed specs are taken in. Ctrl-C stops it.")
            _follow(root, local)
        except KeyboardInterrupt:
            pass
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave processes behind
            with out.status("Airflow is stopping"):
                local.stop()
    out.print("stopped; nothing is left running")


def announce(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="A table that somebody else fills.")],
    ds: Day = None,
    first: First = None,
    last: Last = None,
    folder: Folder = None,
) -> None:
    """Tell Airflow that days of a table have landed: DAGs that are scheduled on it run for them."""
    from drawloom.airflow.client import Client
    from drawloom.run.watch import look

    project = open_project(context, folder)
    start, end = days_of(ds, first, last)
    if not (start and end):
        raise refuse("no-days", "--ds == nothing, must be a day; or --from and --to.")
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    missing = look(project.settings, table).missing(days)
    if missing:
        console().print(f"{table} {missing[0]} has not landed: nothing was announced")
        raise typer.Exit(3)
    with Client.of_project(project.settings.root) as airflow:
        count = airflow.announce(table, days)
        console().print(f"{counted(count, 'day')} of {table} announced to {airflow.url}")


def _tell(made: Installed) -> None:
    problems = [problem for found in made.broken.values() for problem in found]
    print_problems(problems)
    changed = f"{counted(len(made.written), 'file')} written, {counted(len(made.removed), 'file')} removed"
    console().print(f"{counted(made.dags, 'DAG')}: {changed}")


def _follow(root: Path, local: LocalAirflow) -> None:
    """Take changed specs in while Airflow runs.

    Raises:
        RunError: it has ended by itself.
    """
    from drawloom.airflow.install import install as install_dags
    from drawloom.run.project import Project

    seen = _stamps(root)
    while local.alive:
        time.sleep(1)
        now = _stamps(root)
        if now == seen:
            continue
        seen = now
        try:
            with Project.load(root) as project:
                _tell(install_dags(project, local.dags))
        except InputError as error:
            print_problems(error.problems, stderr=True)
    message = "airflow == ended by itself, must run until it is stopped."
    raise RunError(Problem("airflow-down", "error", message, fix=Fix(f"Read {local.log}.")))


def _stamps(root: Path) -> dict[str, int]:
    found = [root / "drawloom.yml", *(root / "specs").rglob("*")]
    return {str(path): path.stat().st_mtime_ns for path in found if path.is_file() and "__pycache__" not in path.parts}
