"""What a framework is, how it is found, and how specs become pipelines."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from drawloom.frameworks.column_tags import ColumnTags, Tags
from drawloom.frameworks.commands import CommandGroup
from drawloom.frameworks.families import with_constants
from drawloom.frameworks.page import Page
from drawloom.frameworks.plugins import Plugins, load_plugins
from drawloom.model import Column, DrawloomError, Fix, InputError, Pipeline, Problem, Schedule, Step, Where
from drawloom.specs.base import Spec
from drawloom.specs.config import Config, Defaults
from drawloom.specs.fields import Forever
from drawloom.specs.validation import did_you_mean

GROUP = "drawloom.frameworks"


@dataclass(frozen=True, slots=True)
class Framework:
    """One kind of spec: its model, the function that compiles it to steps, and its page.

    Args:
        kind: the word after ``kind:`` in a spec; also the name of the entry point.
        Spec: the model of its specs.
        compile: ``compile(spec, project) -> steps``; raises InputError for what cannot be compiled.
        page: ``page(spec, choices) -> Page``, where ``choices`` are the viewer's, by name; None for the page
            that every table has.
        user_writes_sql: whether the SQL of its steps is the user's text, who is then told all that is to be said of it;
            of a framework's own SQL only the errors.
        commands: what it adds to the command line, ``drawloom <name> <command>``; None for nothing.
        warn: ``warn(spec, project) -> problems`` of a spec that compiles, which do not keep it from running.
        uses_tags: whether it asks for the tags of columns: these follow from what all specs compile to, so its specs are
            compiled a second time when they are known.
    """

    kind: str
    Spec: type[Spec]
    compile: Callable[[Any, ProjectContext], Iterable[Step]]
    page: Callable[[Any, Mapping[str, str]], Page] | None = None
    user_writes_sql: bool = False
    commands: CommandGroup | None = None
    warn: Callable[[Any, ProjectContext], Iterable[Problem]] | None = None
    uses_tags: bool = False

    @property
    def readme(self) -> Path | None:
        """The README.md beside the module of ``compile``; None where there is none."""
        file = getattr(sys.modules.get(self.compile.__module__), "__file__", None)
        found = Path(file).with_name("README.md") if file else None
        return found if found and found.is_file() else None


@dataclass(frozen=True, slots=True)
class KnownTable:
    """A table of the project: its columns without ``ds``, as far as they are known before SQL is bound, and whether it has days.

    ``kind`` is that of the spec that fills it; '' for landed tables and sources.
    """

    name: str
    columns: tuple[Column, ...] = ()
    by_day: bool = True
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ProjectContext:
    """The project, as a framework sees it when it compiles a spec: its name, defaults, first day, and the other specs.

    ``today`` limits ``until``, and SQL is bound for the day before it; what steps compute does not depend on it.
    ``folder`` is the project's; None where there is none. ``engine`` is the one that runs its steps, ``given`` are the
    tables that no spec fills. ``end`` is the last day of the project's history; None where it goes on.
    ``column_tags`` are known when a framework that uses them compiles for the second time.
    """

    name: str
    start: date
    defaults: Defaults = Defaults()
    today: date = field(default_factory=date.today)
    compiler: SpecCompiler | None = None
    timezone: str = "UTC"
    cache: Path | None = None
    folder: Path | None = None
    engine: str = "duckdb"
    given: tuple[KnownTable, ...] = ()
    end: date | None = None
    column_tags: ColumnTags | None = None

    @property
    def last(self) -> date:
        """The newest day that can be filled."""
        return self.end or max(self.today - timedelta(days=1), self.start)

    @classmethod
    def of(cls, config: Config, cache: Path | None = None, engine: str | None = None) -> ProjectContext:
        """The context of a project with these settings."""
        return cls(
            config.name,
            config.start,
            config.defaults,
            timezone=config.timezone,
            cache=cache,
            folder=config.root,
            engine=engine or config.engine.kind,
            end=config.end,
        )

    def tables(self, except_kinds: Collection[str] = ()) -> tuple[KnownTable, ...]:
        """The tables of the project: those that no spec fills, and those of other specs that can be compiled.

        Args:
            except_kinds: kinds of specs whose tables are left out; a spec of these may use the one that is compiled now.
        """
        return (*self.given, *(self.compiler.tables(except_kinds) if self.compiler else ()))

    def specs(self, kind: str) -> tuple[Spec, ...]:
        """All other specs of a kind, in the order of their files; each has been compiled.

        A change of one of them makes stale what was compiled from it, and nothing else.

        Raises:
            InputError: one of them has errors, or uses in turn the spec that is compiled now.
        """
        return self.compiler.use(kind) if self.compiler else ()

    def written(self, kind: str) -> tuple[Spec, ...]:
        """All other specs of a kind as they are written: they may have errors, and may use this one."""
        return self.compiler.others(kind) if self.compiler else ()

    def spec(self, kind: str, name: str, where: Where | None = None) -> Spec:
        """The spec of a kind with this name.

        Args:
            kind: its kind.
            name: its name.
            where: where it was named, for the error.

        Raises:
            InputError: as ``specs``, or there is none of that name.
        """
        names = self.compiler.names(kind) if self.compiler else []
        if name not in names:
            fix = Fix(did_you_mean(name, names) or f"There are: {', '.join(names) or 'none yet'}.")
            raise InputError(
                Problem(
                    "unknown-name", "error", f"{kind} == {name}, must be the name of a spec.", where or Where(), fix
                )
            )
        assert self.compiler
        return self.compiler.use(kind, name)[0]

    def steps(self, spec: Spec) -> tuple[Step, ...]:
        """What another spec was compiled to.

        Raises:
            InputError: as ``specs``.
        """
        assert self.compiler
        return self.compiler.pipeline(spec).steps

    def tags_of_table(self, table: str) -> Tags:
        """The tags of a table's columns, their own and those of what they are made of; for ``column_tags.tags_of``."""
        return self.column_tags.of_table(table) if self.column_tags else {}

    def tags_of_select(self, sql: str, spec: Spec) -> Tags:
        """The tags of the columns of a SELECT of a spec."""
        return self.column_tags.of_select(sql, self.schedule(spec)) if self.column_tags else {}

    def owner(self, spec: Spec) -> str:
        """The owner of the spec's tables."""
        return spec.owner or self.defaults.owner

    def schedule(self, spec: Spec) -> Schedule:
        """The schedule of the spec."""
        return Schedule.parse(spec.schedule or self.defaults.schedule, self.timezone)


def compile_spec(framework: Framework, spec: Spec, project: ProjectContext) -> Pipeline:
    """The pipeline of a spec: its framework's steps, and the fields that every spec has.

    Raises:
        InputError: with the problems of the framework's fields and of those that every spec has.
    """
    problems = list(_common_problems(spec, project))
    steps: tuple[Step, ...] = ()
    try:
        with framework_errors(framework.kind, "compile", spec.where):
            steps = tuple(with_constants(step) for step in framework.compile(spec, project))
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(*problems)
    return Pipeline(
        name=spec.name or steps[-1].into.name,
        kind=spec.kind,
        steps=steps,
        schedule=project.schedule(spec),
        start=spec.start,
        until=None if isinstance(spec.until, Forever) else spec.until,
        owner=project.owner(spec),
        description=spec.description,
        retries=project.defaults.retries if spec.retries is None else spec.retries,
        alerts=spec.alerts,
        deadline=spec.deadline,
        spec=spec.where,
        on_success=spec.on_success,
        on_failure=spec.on_failure,
        tags=spec.tags,
    )


@contextmanager
def framework_errors(name: str, part: str, where: Where) -> Iterator[None]:
    """Report what the code of a framework raises as one problem, with the line of its code.

    Args:
        name: the framework, or its page.
        part: ``compile`` or ``page``.
        where: the spec.
    """
    try:
        yield
    except DrawloomError:
        raise
    except Exception as error:  # a third party's code may raise anything
        frame = traceback.extract_tb(error.__traceback__)[-1]
        line = f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"
        problem = Problem(f"broken-{part}", "error", f"The {part} of {name} failed: {line}.", where)
        raise InputError(problem) from error


class SpecCompiler:
    """Compiles the specs of a project, each once; a spec that others use is compiled before them."""

    def __init__(self, frameworks: Mapping[str, Framework], specs: Sequence[Spec], project: ProjectContext) -> None:
        self._frameworks = frameworks
        self._specs = [spec for spec in specs if spec.kind in frameworks]
        self._project = replace(project, compiler=self)
        self._compiled: dict[int, Pipeline | InputError] = {}
        self._compiling: list[Spec] = []

    def compile_all(self) -> tuple[list[tuple[Spec, Pipeline]], list[Problem]]:
        """The pipelines in the order of the specs, the problems of those that have none, and the warnings of the others."""
        compiled: list[tuple[Spec, Pipeline]] = []
        problems: list[Problem] = []
        for spec in self._specs:
            try:
                compiled.append((spec, self.pipeline(spec)))
                problems += self._warnings(spec)
            except InputError as error:
                problems += [problem for problem in error.problems if problem not in problems]
        return compiled, problems

    def _warnings(self, spec: Spec) -> list[Problem]:
        framework = self._frameworks[spec.kind]
        if framework.warn is None:
            return []
        with framework_errors(framework.kind, "warn", spec.where):
            return list(framework.warn(spec, self._project))

    def compile_with_tags(self, tags: ColumnTags) -> tuple[list[Pipeline], list[Problem]]:
        """The pipelines of the specs that use tags of columns, now that these are known, and the problems of those that have none."""
        self._project = replace(self._project, column_tags=tags)
        chosen = [spec for spec in self._specs if self._frameworks[spec.kind].uses_tags]
        chosen = [spec for spec in chosen if isinstance(self._compiled.pop(id(spec), None), Pipeline)]
        compiled: list[Pipeline] = []
        problems: list[Problem] = []
        for spec in chosen:
            try:
                compiled.append(self.pipeline(spec))
                problems += self._warnings(spec)
            except InputError as error:
                problems += error.problems
        return compiled, problems

    def pipeline(self, spec: Spec) -> Pipeline:
        """The pipeline of a spec.

        Raises:
            InputError: it cannot be compiled, or is being compiled: specs use each other in a circle.
        """
        start = next((number for number, one in enumerate(self._compiling) if one is spec), None)
        if start is not None:
            raise InputError(_circle([*self._compiling[start:], spec]))
        if id(spec) not in self._compiled:
            self._compiling.append(spec)
            try:
                self._compiled[id(spec)] = compile_spec(self._frameworks[spec.kind], spec, self._project)
            except InputError as error:
                self._compiled[id(spec)] = error
            finally:
                self._compiling.pop()
        found = self._compiled[id(spec)]
        if isinstance(found, InputError):
            raise found
        return found

    def names(self, kind: str) -> list[str]:
        """The names of the specs of a kind."""
        return [spec.name for spec in self._specs if spec.kind == kind and spec.name]

    def others(self, kind: str) -> tuple[Spec, ...]:
        """The specs of a kind, but for the one that is being compiled."""
        user = self._compiling[-1] if self._compiling else None
        return tuple(spec for spec in self._specs if spec.kind == kind and spec is not user)

    def tables(self, except_kinds: Collection[str]) -> list[KnownTable]:
        """The tables of all specs but for those of some kinds, of those that are being compiled, and of broken ones."""
        found: list[KnownTable] = []
        for spec in self._specs:
            if spec.kind not in except_kinds and not any(one is spec for one in self._compiling):
                with suppress(InputError):  # told where it is compiled by itself
                    steps = self.pipeline(spec).steps
                    found += [
                        KnownTable(s.into.name, s.into.columns or s.into.described, kind=spec.kind) for s in steps
                    ]
        return found

    def use(self, kind: str, name: str | None = None) -> tuple[Spec, ...]:
        """The specs of a kind, but for the one that is being compiled; those of a name, if it is given."""
        found = tuple(s for s in self._specs if s.kind == kind and s.name == name) if name else self.others(kind)
        for spec in found:
            self.pipeline(spec)
        return found


def _circle(specs: Sequence[Spec]) -> Problem:
    chain = " -> ".join(f"{spec.kind} {spec.name or spec.where}" for spec in specs)
    fix = Fix("Let one of them read the other's table instead of its spec.")
    return Problem("cycle", "error", f"specs == {chain}, must not use each other in a circle.", specs[-1].where, fix)


def _common_problems(spec: Spec, project: ProjectContext) -> Iterable[Problem]:
    if not project.owner(spec):
        fix = Fix("Name a person or a team here, or in `defaults` of drawloom.yml.")
        yield Problem("no-owner", "error", "owner is missing.", spec.place("owner"), fix)
    if project.schedule(spec).grain == "hour":
        message = f"schedule == {project.schedule(spec).text}, must be a day, a week or a month to run."
        fix = Fix("Hourly texts can be read with `drawloom advise`; to run them, let one run fill a day.")
        yield Problem("hourly", "error", message, spec.place("schedule"), fix)
    start = spec.start or project.start
    if not isinstance(spec.until, Forever):
        yield from _until_problems(spec, spec.until, start, project.today)


def _until_problems(spec: Spec, until: date, start: date, today: date) -> Iterable[Problem]:
    last = today + timedelta(days=366)
    if until > last:
        fix = Fix("Extend it later, or write `forever: <reason>`.")
        message = f"until == {until}, must be at most a year ahead."
        yield Problem("until-too-far", "error", message, spec.place("until"), fix)
    if until < start:
        message = f"until == {until}, must not be before the start, {start}."
        yield Problem("empty-range", "error", message, spec.place("until"))


def frameworks() -> dict[str, Framework]:
    """All frameworks that are installed, by kind.

    Raises:
        InputError: one cannot be used, or two have the same kind.
    """
    return load_plugins(GROUP, check_framework)


def find_frameworks() -> Mapping[str, Framework]:
    """Like frameworks(), but each is loaded, and refused where it cannot be used, when it is asked for."""
    return Plugins(GROUP, check_framework)


class SpecModels(Mapping[str, type[Spec]]):
    """The model of each kind of spec; its framework is loaded when there is a spec of it."""

    def __init__(self, frameworks: Mapping[str, Framework]) -> None:
        self._frameworks = frameworks

    def __getitem__(self, kind: str) -> type[Spec]:
        """The model of a kind."""
        return self._frameworks[kind].Spec

    def __contains__(self, kind: object) -> bool:
        """Whether a framework has that kind."""
        return kind in self._frameworks

    def __iter__(self) -> Iterator[str]:
        """The kinds."""
        return iter(self._frameworks)

    def __len__(self) -> int:
        """How many kinds there are."""
        return len(self._frameworks)


def check_framework(name: str, loaded: object) -> Framework:
    """The framework that an entry point loads.

    Raises:
        TypeError: it is not a Framework, or is of another kind than the entry point's name.
    """
    if not isinstance(loaded, Framework):
        raise TypeError("it is not a drawloom.frameworks.base.Framework")
    if {loaded.kind, loaded.Spec.model_fields["kind"].default} != {name}:
        raise TypeError(
            f"its kind is {loaded.kind!r}, which must be the entry point's name and the default of its Spec"
        )
    return loaded
