"""Runs in processes of their own: they go on when who started them has left, and are followed by the files they write."""

from __future__ import annotations

from drawloom.run.background.folder import RunFolder, RunState
from drawloom.run.background.progress import Progress
from drawloom.run.background.request import RunRequest
from drawloom.run.background.runs import Runs

__all__ = ["Progress", "RunFolder", "RunRequest", "RunState", "Runs"]
