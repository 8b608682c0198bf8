"""Help texts of groups of commands, with the whole first line of each command: Typer would cut them."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class WholeHelpGroup(TyperGroup):
    """A group of commands whose help says what each command does, on as many lines as that takes."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the names of the commands, each with the first paragraph of its help."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, _summary(command.help)) for name, command in commands if command and not command.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def _summary(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())
