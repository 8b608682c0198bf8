"""Work on what people send, in processes with bounds on memory and time, which are killed where it exceeds them.

Parsers and engines have texts for which they take hours or all memory, and nothing within a process can stop them.
"""

from __future__ import annotations

from drawloom.run.aside.workers import Workers, too_heavy

__all__ = ["Workers", "too_heavy"]
