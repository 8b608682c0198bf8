"""SIGTERM ends a command as Ctrl-C does, so that queries on remote engines are cancelled, too, and ends it soon."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

TERMINATED = 143  # the exit code, as shells have it: 128 and the number of SIGTERM
GRACE = 3.0  # seconds


@dataclass(slots=True)
class Termination:
    """Whether SIGTERM has come."""

    received: bool = False

    def exit_code(self, otherwise: int) -> int:
        """The exit code of a command that would otherwise end with this one."""
        return TERMINATED if self.received else otherwise

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """Handle SIGTERM: interrupt the main thread the first time, and never what it does then to clean up."""
        if not self.received:
            self.received = True
            raise KeyboardInterrupt


@contextmanager
def sigterm_as_interrupt(grace: float | None = None) -> Iterator[Termination]:
    """Raise KeyboardInterrupt on SIGTERM, also where SIGINT is ignored, as it is in the background of scripts.

    What has not ended ``grace`` seconds later, such as a Python step, is cut off with exit code 143: nothing is
    half written by that, and the next run sweeps what was staged. The old handlers are restored at the end.
    """
    termination = Termination()
    old = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with _deadline(grace):
        signal.signal(signal.SIGTERM, termination.interrupt)
        try:
            yield termination
        except KeyboardInterrupt:
            if termination.received:
                raise SystemExit(TERMINATED) from None
            raise
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


@contextmanager
def _deadline(grace: float | None) -> Iterator[None]:
    """Watch for SIGTERM in a thread, which hears of it even while the main thread is deep in a library."""
    if grace is None:
        yield
        return
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    old = signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_end_after, args=(receiver, grace), name="drawloom-sigterm", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(old)
        os.close(sender)  # ends the watcher, unless SIGTERM has come: then what follows must end soon, too


def _end_after(receiver: int, grace: float) -> None:
    with os.fdopen(receiver, "rb", buffering=0) as signals:
        while received := signals.read(64):
            if signal.SIGTERM in received:
                time.sleep(grace)
                sys.stderr.write("stopped; what did not end by itself was cut off. `drawloom run` continues.\n")
                sys.stderr.flush()
                os._exit(TERMINATED)
