"""What a long command does now, on standard error: a line that changes on a terminal, some lines without one."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from drawloom.cli.output import console

if TYPE_CHECKING:
    from rich.status import Status

SILENT_SECONDS = 1.0  # a command that is done by then says nothing
LINE_SECONDS = 10.0  # between two lines without a terminal
WAITING = "waiting"


class Activity:
    """Shows the newest text that it is called with; a text that begins with "waiting" at once."""

    def __init__(self) -> None:
        self._console = console(stderr=True)
        self._began = time.monotonic()
        self._printed = self._began
        self._status: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def __call__(self, text: str) -> None:
        """Show what is done now."""
        now = time.monotonic()
        waiting = text.startswith(WAITING)
        if not self._console.is_terminal:
            if waiting or now - self._printed >= LINE_SECONDS:
                self._printed = now
                self._console.print(text, markup=False)
        elif self._status:
            self._status.update(text)
        elif waiting or now - self._began >= SILENT_SECONDS:
            self._status = self._console.status(text)
            self._status.start()
