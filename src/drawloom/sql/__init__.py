"""Reads and translates SQL. The entry point is ``analyze(text)``, which finds what a text reads and writes, day by day."""

from __future__ import annotations

from drawloom.sql.analysis import Analysis, analyze

__all__ = ["Analysis", "analyze"]
