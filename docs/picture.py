"""Draws docs/demo.svg: what a terminal shows of the demo, as the commands print it.

Run it in the environment of scripts/demo: python docs/picture.py FOLDER, where FOLDER is a demo that was built, and
from whose lake the partitions of December were removed, so that there is something to run.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 112
COMMANDS = [
    ["advise", "specs/route_punctuality.sql"],
    ["run"],
    ["query", "SELECT place, carrier, flights, punctuality FROM report.carrier_month WHERE ds = '2013-12-31' LIMIT 5"],
]
# Rich's own frame without its web font: the picture must need nothing from anywhere.
FONT = re.compile(r"@font-face \{\{.*?\n    \}\}\n", re.DOTALL)


def printed(folder: Path, command: list[str]) -> str:
    """What a terminal of that width gets."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, WIDTH, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color"}
    with subprocess.Popen(
        [Path(sys.executable).parent / "drawloom", *command],
        cwd=folder,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as child:
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how Linux says that the other end has closed
                break
            if not part:
                break
            parts.append(part)
        child.wait()
    os.close(ours)
    return b"".join(parts).decode().replace("\r\n", "\n")


def main() -> None:
    """Run the commands and write the picture."""
    from rich._export_format import CONSOLE_SVG_FORMAT

    folder = Path(sys.argv[1])
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        for command in COMMANDS:
            words = [f'"{word}"' if " " in word else word for word in command]
            console.print(Text(f"$ drawloom {' '.join(words)}", style="bold"))
            console.print(Text.from_ansi(printed(folder, command).rstrip()))
            console.print()
        console.save_svg(
            str(Path(__file__).parent / "demo.svg"),
            title="drawloom",
            theme=MONOKAI,
            code_format=FONT.sub("", CONSOLE_SVG_FORMAT),
            unique_id="drawloom",
        )


if __name__ == "__main__":
    main()
