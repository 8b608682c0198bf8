"""Commands of frameworks, as ``drawloom experiments power``: each framework says what they are, here they become commands."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drawloom.cli.help import WholeHelpGroup
from drawloom.cli.options import Folder, OutFormat, open_project
from drawloom.cli.output import Format, console, print_json
from drawloom.model import InputError

if TYPE_CHECKING:
    from drawloom.frameworks.commands import Command, CommandGroup


class GroupWithFrameworks(WholeHelpGroup):
    """The commands of drawloom, and those of the installed frameworks, which are only looked up if they are needed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all of them."""
        return [*super().list_commands(ctx), *framework_groups()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; drawloom's own come first."""
        return super().get_command(ctx, cmd_name) or framework_groups().get(cmd_name)


@lru_cache(maxsize=1)
def framework_groups() -> dict[str, Any]:
    """The groups of commands of all frameworks that can be loaded; the others are refused where a spec is of their kind."""
    groups = sorted(_groups(), key=lambda group: group.name)
    return {group.name: typer.main.get_command(_app(group)) for group in groups}


def _groups() -> Iterator[CommandGroup]:
    from drawloom.frameworks.base import find_frameworks

    found = find_frameworks()
    for kind in found:
        with suppress(InputError):
            if commands := found[kind].commands:
                yield commands


def _app(group: CommandGroup) -> typer.Typer:
    app = typer.Typer(
        name=group.name,
        help=group.help,
        cls=WholeHelpGroup,
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    app.callback()(lambda: None)  # without one, a single command would stand for the group
    for command in group.commands:
        app.command(command.name, help=command.help)(_function(command))
    return app


def _function(command: Command) -> Callable[..., None]:
    """A function with the command's options as its parameters, as Typer reads them."""

    def run(context: typer.Context, name: str, folder: Any, format: Format, **texts: str | None) -> None:  # noqa: A002
        from drawloom.cli.show import WIDTH, print_page
        from drawloom.run.pages import load_command, page_json

        data = load_command(open_project(context, folder), command, name, texts)
        if format is Format.JSON:
            print_json(page_json(data))
        else:
            print_page(data, console(width=WIDTH))

    annotations: dict[str, Any] = {
        "context": typer.Context,
        "name": Annotated[str, typer.Argument(help=command.name_label)],
        **{
            option.name: Annotated[str | None, typer.Option(option.flag, help=option.label, show_default=False)]
            for option in command.options
        },
        "folder": Folder,
        "format": OutFormat,
    }
    defaults = {**dict.fromkeys(option.name for option in command.options), "folder": None, "format": Format.TEXT}
    parameters = [
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            annotation=annotation,
            default=defaults.get(name, inspect.Parameter.empty),
        )
        for name, annotation in annotations.items()
    ]
    run.__annotations__ = annotations
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run
