"""The command line: one noun, one verb, the same words as the Python API."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

import drawloom
from drawloom.cli import airflow, data, demo, growth, project, texts
from drawloom.cli.output import print_json, print_problems
from drawloom.model import DrawloomError

app = typer.Typer(
    name="drawloom",
    help="Machines that build data pipelines: write a SELECT, get a partitioned, idempotent, scheduled table.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
registry = typer.Typer(help="The record of what was produced.", no_args_is_help=True)
app.add_typer(registry, name="registry")
growing = typer.Typer(help="Growth accounting: who is active, new, back and gone.", no_args_is_help=True)
app.add_typer(growing, name="growth")

flying = typer.Typer(help="The pipelines as DAGs of Apache Airflow.", no_args_is_help=True)
app.add_typer(flying, name="airflow")

app.command("init")(project.init)
app.command("land")(data.land)
app.command("check")(project.check)
app.command("compile")(project.compile_)
app.command("plan")(project.plan)
app.command("run")(project.run)
app.command("status")(project.status)
app.command("query")(data.query)
app.command("preview")(data.preview)
app.command("diff")(data.diff)
app.command("advise")(texts.advise)
app.command("announce")(airflow.announce)
app.command("demo")(demo.demo)
registry.command("rebuild")(project.rebuild)
growing.command("show")(growth.show)
flying.command("install")(airflow.install)
flying.command("up")(airflow.up)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"drawloom {drawloom.__version__}\n")
        raise typer.Exit


@app.callback()
def _globals(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option("-C", "--project", help="The project's folder.", show_default=False)
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,  # noqa: ARG001
) -> None:
    context.obj = folder


def main() -> None:
    """Run the command line; exits 0 fine, 1 ran and failed, 2 bad input, 3 waiting for data."""
    gc.set_threshold(50_000, 20, 100)  # a plan makes hundreds of thousands of small objects, and no circles
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command in this process; its exit code."""
    try:
        app(arguments, prog_name="drawloom")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except DrawloomError as error:
        _tell(error, as_json=_wants_json(arguments))
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
    return 0


def _wants_json(arguments: list[str]) -> bool:
    joined = " ".join(arguments)
    return "--format json" in joined or "--format=json" in joined


def _tell(error: DrawloomError, *, as_json: bool) -> None:
    if as_json:
        print_json({"problems": [problem.to_json() for problem in error.problems]})
    else:
        print_problems(error.problems, stderr=True)
