"""What somebody asked to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from drawloom.model.hashing import digest

if TYPE_CHECKING:
    from drawloom.run.plan import Plan
    from drawloom.run.project import Project


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Which pipelines or tables to bring up to date, on which days; all of them without names, all days without dates.

    ``names`` and ``exclude`` may be selectors, see run.selection.

    ``upstream`` includes what they need that is not fresh; ``force`` writes them though they are fresh.
    """

    names: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    upstream: bool = True
    force: bool = False
    exclude: tuple[str, ...] = ()

    def plan(self, project: Project, known: Plan | None = None) -> Plan:
        """What it would write now.

        Args:
            project: the project.
            known: a plan of all pipelines, of which the part is taken where nothing is forced.

        Raises:
            InputError: a name is unknown or its spec has an error, or the days lie outside the history.
        """
        if known and not self.force:
            return project.part_of(
                known, self.names, self.first, self.last, upstream=self.upstream, exclude=self.exclude
            )
        return project.plan(
            self.names, self.first, self.last, upstream=self.upstream, force=self.force, exclude=self.exclude
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        first, last = (str(day) if day else None for day in (self.first, self.last))
        return {
            "names": list(self.names),
            "first": first,
            "last": last,
            "upstream": self.upstream,
            "force": self.force,
            "exclude": list(self.exclude),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunRequest:
        """From plain values."""
        first, last = (date.fromisoformat(data[key]) if data[key] else None for key in ("first", "last"))
        exclude = tuple(data.get("exclude", ()))  # not in requests of earlier versions
        return cls(tuple(data["names"]), first, last, data["upstream"], data["force"], exclude)


def plan_digest(plan: Plan) -> str:
    """A hash of what a plan would write: another one when that has changed since somebody looked at it."""
    return digest(f"{partition.key[0]} {partition.ds} {partition.step.fingerprint}" for partition in plan.todo)
