"""Reading and translating SQL. The front door is ``analyze(text)``: what a text reads and writes, day by day."""

from __future__ import annotations

from drawloom.sql.analysis import Analysis, analyze

__all__ = ["Analysis", "analyze"]
