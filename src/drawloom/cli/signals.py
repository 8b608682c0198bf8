"""Signals: SIGTERM ends a command as Ctrl-C does, so that what runs elsewhere is stopped, too."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does; afterwards both are as they were."""
    old = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for one, handler in old.items():
            signal.signal(one, handler)
