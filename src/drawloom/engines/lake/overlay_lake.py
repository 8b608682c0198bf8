"""The lake as an environment sees it: its own partitions over those of production, which it never writes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from drawloom.engines.lake.lake import Lake
from drawloom.engines.overlay import Overlay


class OverlayLake(Lake):
    """A lake in which the partitions of an environment lie over those of production."""

    def __init__(self, root: Path | str, overlay: Overlay) -> None:
        super().__init__(root)
        self.overlay = overlay

    def path(self, table: str, ds: date) -> Path:
        """The file of a partition: the environment's where it has one."""
        return super().path(self.overlay.source(table, ds), ds)

    def scan(self, table: str) -> dict[date, str]:
        """The stamp of every partition of a table, by day in order."""
        found = super().scan(table)
        if one := self.overlay.find(table):
            own = super().scan(one.stored)
            found = {ds: stamp for ds, stamp in found.items() if not self.overlay.has(table, ds)}
            found |= {ds: stamp for ds, stamp in own.items() if self.overlay.has(table, ds)}
        return dict(sorted(found.items()))

    def publish(self, staged: Path, table: str, ds: date) -> str:
        """Move a synced file to the environment's partition atomically; returns its stamp."""
        stamp = super().publish(staged, self.overlay.target(table), ds)
        self.overlay.add(table, ds)
        return stamp

    def refuse_foreign(self, table: str, ds: date) -> None:
        """Refuse to publish beside a file that is not ours; see ``Lake.refuse_foreign``."""
        super().refuse_foreign(self.overlay.target(table), ds)

    def drop(self, table: str, ds: date) -> None:
        """Remove the environment's partition, if it exists; production's is then read again."""
        super().drop(self.overlay.target(table), ds)
        self.overlay.remove(table, ds)
