"""Keeps between commands what the SQL of steps was bound to: a JSON file in the project's cache."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drawloom._version import __version__
from drawloom.model import Column

FORMAT = 1


@dataclass(frozen=True, slots=True)
class CachedStep:
    """The tables that a step names, in lower case; a hash of their columns; and the columns of its own table.

    Without columns it was not bound, as those of another table are not known.
    """

    names: frozenset[str]
    state: str
    columns: tuple[Column, ...] = ()


class BoundCache:
    """The steps that were bound without problems, by a hash of their texts."""

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / "bound.json" if folder else None
        self._steps = self._load()

    def get(self, key: str) -> CachedStep | None:
        """The step with this hash, if it was bound before."""
        return self._steps.get(key)

    def save(self, steps: Mapping[str, CachedStep]) -> None:
        """Keep these steps and no others; a folder that cannot be written is no error."""
        if self._file is None or steps == self._steps:
            return
        rows = {key: [sorted(s.names), s.state, [[c.name, c.type] for c in s.columns]] for key, s in steps.items()}
        text = json.dumps({"version": [FORMAT, __version__], "steps": rows})
        with suppress(OSError, ValueError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._file.parent, prefix=".new-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(self._file)

    def _load(self) -> dict[str, CachedStep]:
        try:
            found = json.loads(self._file.read_bytes()) if self._file else {}
            if found.get("version") != [FORMAT, __version__]:
                return {}
            return {
                key: CachedStep(frozenset(names), state, tuple(Column(*column) for column in columns))
                for key, (names, state, columns) in found["steps"].items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}
