"""The command line app: all commands and where they are."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import typer

import drawloom
from drawloom.cli import (
    advise,
    airflow,
    anomalies,
    data,
    demo,
    environments,
    feature_list,
    features,
    importers,
    lineage,
    project,
    refactor,
    runs,
    show,
    stats,
    tables,
    ui,
    unit_tests,
)
from drawloom.cli.exit_codes import run_with_exit_code
from drawloom.cli.framework_commands import GroupWithFrameworks
from drawloom.cli.help import WholeHelpGroup

app = typer.Typer(
    name="drawloom",
    cls=GroupWithFrameworks,
    help="Machines that build data pipelines: write a SELECT, get a partitioned, idempotent, scheduled table.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
registry_app = typer.Typer(help="The record of what was produced.", cls=WholeHelpGroup, no_args_is_help=True)
app.add_typer(registry_app, name="registry")
airflow_app = typer.Typer(help="The pipelines as DAGs of Apache Airflow.", cls=WholeHelpGroup, no_args_is_help=True)
app.add_typer(airflow_app, name="airflow")
env_app = typer.Typer(help="Environments, which lie over production.", cls=WholeHelpGroup, no_args_is_help=True)
app.add_typer(env_app, name="env")
ui_app = typer.Typer(cls=WholeHelpGroup, invoke_without_command=True)
app.add_typer(ui_app, name="ui")
features_app = typer.Typer(
    help="The feature repository: what there is, training sets, what services read.",
    cls=WholeHelpGroup,
    no_args_is_help=True,
)
app.add_typer(features_app, name="features")
anomalies_app = typer.Typer(cls=WholeHelpGroup, invoke_without_command=True)
app.add_typer(anomalies_app, name="anomalies")
stats_app = typer.Typer(
    help="Statistics of tables: what they are, how they moved, keeping them up to date.",
    cls=WholeHelpGroup,
    no_args_is_help=True,
)
app.add_typer(stats_app, name="stats")
docs_app = typer.Typer(help="The documentation of the project.", cls=WholeHelpGroup, no_args_is_help=True)
app.add_typer(docs_app, name="docs")

app.command("init")(project.init)
app.command("land")(data.land)
app.command("check")(project.check)
app.command("test")(unit_tests.run_tests)
app.command("compile")(project.compile_)
app.command("plan")(project.plan)
app.command("run")(project.run)
app.command("status")(project.status)
app.command("tables")(tables.tables)
app.command("verify")(project.verify)
app.command("query")(data.query)
app.command("show", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(show.show)
app.command("preview")(data.preview)
app.command("diff")(data.diff)
app.command("advise")(advise.advise)
app.command("runs")(runs.runs)
app.command("explain")(runs.explain)
app.command("lineage")(lineage.lineage)
app.command("rename")(refactor.rename)
app.command("format")(refactor.format_)
app.command("import")(importers.import_)
app.command("announce")(airflow.announce)
app.command("demo")(demo.demo)
app.command("promote")(environments.promote)
env_app.command("list")(environments.list_)
env_app.command("drop")(environments.drop)
features_app.command("list")(feature_list.list_)
features_app.command("training-set")(features.training_set)
features_app.command("push")(features.push)
features_app.command("verify")(features.verify)
features_app.command("export-feast")(features.export_feast)
anomalies_app.callback()(anomalies.anomalies)
anomalies_app.command("ack")(anomalies.ack)
anomalies_app.command("mute")(anomalies.mute)
anomalies_app.command("expected")(anomalies.expected)
anomalies_app.command("wrong")(anomalies.wrong)
stats_app.command("show")(stats.show)
stats_app.command("sync")(stats.sync)
stats_app.command("export")(stats.export)
registry_app.command("rebuild")(project.rebuild)
airflow_app.command("install")(airflow.install)
airflow_app.command("up")(airflow.up)
ui_app.callback()(ui.ui)
ui_app.command("export")(ui.export)
docs_app.command("build")(ui.build_docs)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"drawloom {drawloom.__version__}\n")
        raise typer.Exit


@app.callback()
def _globals(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option("-C", "--project", help="The project's folder.", show_default=False)
    ] = None,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj = folder


def main() -> None:
    """Run the command line; exit 0 for success, 1 for a failed run, 2 for bad input, 3 for waiting for data.

    Ctrl-C ends a run with 130, SIGTERM with 143.
    """
    gc.set_threshold(50_000, 20, 100)  # a plan allocates hundreds of thousands of small objects without cycles
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command in this process; return its exit code."""
    return run_with_exit_code(_command(), arguments)


@lru_cache(maxsize=1)
def _command() -> Callable[..., Any]:
    """The app with the options of all commands read, which takes longer than most commands: once for each process."""
    return typer.main.get_command(app)
