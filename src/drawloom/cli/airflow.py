"""``drawloom airflow``: pipelines as DAGs of Apache Airflow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drawloom.cli.options import Folder, OutFormat, open_project
from drawloom.cli.output import Format, console, counted, print_json, print_problems

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
        print_problems(problems)
        changed = f"{counted(len(made.written), 'file')} written, {counted(len(made.removed), 'file')} removed"
        console().print(f"{counted(made.dags, 'DAG')} in {dags_folder}: {changed}")
    raise typer.Exit(2 if problems else 0)
