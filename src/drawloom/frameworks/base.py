"""What a framework is, how it is found, and what it is told about the project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from drawloom.model import Fix, InputError, Pipeline, Problem, Schedule, Step, Where
from drawloom.specs.base import Spec
from drawloom.specs.config import Config, Defaults
from drawloom.specs.fields import Forever

GROUP = "drawloom.frameworks"


@dataclass(frozen=True, slots=True)
class Context:
    """What a framework knows of the project: its name, defaults, first day, and the tables there are.

    ``catalog`` is that of ``drawloom.sql``: table name in lower case -> its keys and columns.
    ``today`` bounds ``until``; it never reaches what is compiled.
    """

    name: str
    start: date
    defaults: Defaults = Defaults()
    catalog: Mapping[str, Any] = field(default_factory=dict)
    today: date = field(default_factory=date.today)

    @classmethod
    def of(cls, config: Config, catalog: Mapping[str, Any] | None = None) -> Context:
        """The context of a project with these settings."""
        return cls(config.name, config.start, config.defaults, catalog or {})

    def pipeline(self, spec: Spec, name: str, steps: Iterable[Step], problems: Iterable[Problem] = ()) -> Pipeline:
        """The pipeline of a spec: these steps, and all that every spec says.

        Raises:
            InputError: with these problems and those of the fields that every spec has.
        """
        wrong = [*self._problems(spec), *problems]
        if wrong:
            raise InputError(*wrong)
        return Pipeline(
            name=spec.name or name,
            kind=spec.kind,
            steps=tuple(steps),
            schedule=self.schedule(spec),
            start=spec.start,
            until=None if isinstance(spec.until, Forever) else spec.until,
            owner=self.owner(spec),
            description=spec.description,
            retries=self.defaults.retries if spec.retries is None else spec.retries,
            alerts=spec.alerts,
            deadline=spec.deadline,
            spec=spec.where,
            on_success=spec.on_success,
            on_failure=spec.on_failure,
        )

    def owner(self, spec: Spec) -> str:
        """Who answers for the spec's tables."""
        return spec.owner or self.defaults.owner

    def schedule(self, spec: Spec) -> Schedule:
        """The rhythm of the spec."""
        return Schedule.parse(spec.schedule or self.defaults.schedule)

    def _problems(self, spec: Spec) -> Iterable[Problem]:
        if not self.owner(spec):
            fix = Fix("Name a person or a team here, or in `defaults` of drawloom.yml.")
            yield Problem("no-owner", "error", "owner is missing, must be given.", spec.place("owner"), fix)
        if self.schedule(spec).grain == "hour":
            message = f"schedule == {self.schedule(spec).text}, must be a day, a week or a month to run."
            fix = Fix("Hourly texts can be read with `drawloom advise`; to run them, let one run fill a day.")
            yield Problem("hourly", "error", message, spec.place("schedule"), fix)
        start = spec.start or self.start
        if not isinstance(spec.until, Forever):
            yield from _until_problems(spec, spec.until, start, self.today)


def _until_problems(spec: Spec, until: date, start: date, today: date) -> Iterable[Problem]:
    last = today + timedelta(days=366)
    if until > last:
        fix = Fix("Renew it when it comes, or write `forever: <reason>`.")
        message = f"until == {until}, must be at most a year ahead."
        yield Problem("until-too-far", "error", message, spec.place("until"), fix)
    if until < start:
        message = f"until == {until}, must not be before the start, {start}."
        yield Problem("empty-range", "error", message, spec.place("until"))


@dataclass(frozen=True, slots=True)
class Framework:
    """One kind of spec: its model, and what makes a pipeline of it."""

    kind: str
    Spec: type[Spec]
    compile: Callable[[Any, Context], Pipeline]


def frameworks() -> dict[str, Framework]:
    """All frameworks that are installed, by kind.

    Raises:
        InputError: one cannot be used, or two have the same kind.
    """
    found, problems = find_frameworks()
    if problems:
        raise InputError(*problems)
    return found


def find_frameworks() -> tuple[dict[str, Framework], list[Problem]]:
    """Like frameworks(), but a broken one does not take the others down."""
    return collect(entry_points(group=GROUP))


def collect(points: Iterable[EntryPoint]) -> tuple[dict[str, Framework], list[Problem]]:
    """The frameworks of these entry points, and what is wrong with the others."""
    found: dict[str, Framework] = {}
    owners: dict[str, str] = {}
    problems: list[Problem] = []
    for point in sorted(set(points), key=lambda point: (point.name, point.value)):
        try:
            found[point.name] = _load(point, owners.get(point.name))
            owners[point.name] = point.value
        except Exception as error:  # a third party's import may raise anything
            problems.append(_broken(point, error))
    return found, problems


def _load(point: EntryPoint, owner: str | None) -> Framework:
    if owner:
        raise TypeError(f"{owner} is already of that kind")
    model = point.load()
    if not (isinstance(model, type) and issubclass(model, Spec) and callable(getattr(model, "compile", None))):
        raise TypeError("it is no subclass of drawloom.specs.base.Spec with a compile method")
    kind = model.model_fields["kind"].default
    if kind != point.name:
        raise TypeError(f"its kind is {kind!r}, which must be the entry point's name")
    return Framework(kind, model, model.compile)  # type: ignore[attr-defined]


def _broken(point: EntryPoint, error: Exception) -> Problem:
    package = point.dist.name if point.dist else "a package"
    message = f"framework == {point.name} ({point.value} of {package}), must load: {type(error).__name__}: {error}."
    return Problem("broken-framework", "error", message, Where(), Fix(f"Update or uninstall {package}."))
