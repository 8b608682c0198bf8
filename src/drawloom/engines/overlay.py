"""The overlay of an environment: which partitions of which tables are read from it, in place of production's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from drawloom.model import Problem, RunError


@dataclass(frozen=True, slots=True)
class OverlaidTable:
    """A table that an environment fills: its name, the table that holds the environment's partitions, and its step's code.

    A partition of another code, such as one from before the last edit of its spec, is not read.
    """

    name: str
    stored: str
    code: str = ""


@dataclass(slots=True)
class Overlay:
    """The partitions of an environment, which lie over those of production. Names ignore case.

    Specs, plans and records speak of ``core.rides`` whether or not it is the environment's; only what reads and writes
    partitions asks for the table in which they are stored.
    """

    name: str
    tables: dict[str, OverlaidTable] = field(default_factory=dict)
    days: dict[str, set[date]] = field(default_factory=dict)

    def set_tables(self, tables: Iterable[OverlaidTable]) -> None:
        """Set the tables that the environment fills."""
        self.tables = {table.name.lower(): table for table in tables}

    def set_days(self, table: str, days: Iterable[date]) -> None:
        """Set the days of a table that are read from the environment."""
        self.days[table.lower()] = set(days)

    def find(self, table: str) -> OverlaidTable | None:
        """The table, if the environment fills it."""
        return self.tables.get(table.lower())

    def has(self, table: str, ds: date) -> bool:
        """Whether a partition is read from the environment."""
        return table.lower() in self.tables and ds in self.days.get(table.lower(), ())

    def source(self, table: str, ds: date) -> str:
        """The table from which a partition is read."""
        return self.tables[table.lower()].stored if self.has(table, ds) else table

    def target(self, table: str) -> str:
        """The table into which partitions are written.

        Raises:
            RunError: the environment does not fill this table; production's is never written.
        """
        found = self.find(table)
        if found is None:
            message = f"The environment {self.name} does not fill {table}, so nothing was written there."
            raise RunError(Problem("not-in-environment", "error", message))
        return found.stored

    def add(self, table: str, ds: date) -> None:
        """Read a partition, which was just published, from the environment."""
        self.days.setdefault(table.lower(), set()).add(ds)

    def remove(self, table: str, ds: date) -> None:
        """Read a partition, which was just dropped, from production again."""
        self.days.get(table.lower(), set()).discard(ds)
