"""An environment: a project whose changed tables, and what depends on them, are built beside those of production."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drawloom.engines.overlay import OverlaidTable
from drawloom.model import Pipeline, Step, refuse
from drawloom.run.environments.names import check_name, kept_table, schemas_of, store_names
from drawloom.run.owners import History, find_owners
from drawloom.run.plan import Key, Plan, State, make_plan
from drawloom.run.project import Project
from drawloom.run.registry.environments import EnvironmentInfo
from drawloom.run.settings import EnvironmentSettings
from drawloom.run.table_graph import table_inputs

if TYPE_CHECKING:
    from drawloom.run.land import LandResult
    from drawloom.run.local_runner import Listener, Summary
    from drawloom.run.snapshot import WarehouseSnapshot
    from drawloom.specs.config import Config

LIFETIME = timedelta(days=14)  # after the last run; then production's runs drop the environment


@dataclass(frozen=True, slots=True)
class Change:
    """Why an environment fills a table: it is ``new``, ``changed``, or ``downstream`` of one that is.

    ``of`` is the table that it is downstream of.
    """

    table: str
    why: str
    of: str = ""

    @property
    def text(self) -> str:
        """The reason in words."""
        return f"depends on {self.of}" if self.of else self.why


class Environment(Project):
    """A project under the partitions of an environment.

    Its tables are those whose code differs from that of production's newest partitions, and what depends on them; all
    others are read from production. What it writes is stored beside: ``dev.core__rides`` for ``core.rides``.

    Args:
        config: the project's settings.
        name: that of the environment, which need not exist yet.
        first: the first day to fill; earlier days are production's. An environment that exists fills no fewer days than
            before.

    Raises:
        InputError: the name is none, or its schema is that of tables of the project.
    """

    def __init__(self, config: Config, name: str, first: date | None = None) -> None:
        self.name = check_name(name)
        self.production = Project(config)
        self.info = self.production.registry.environments.find(name)
        super().__init__(config, EnvironmentSettings(name, {}, self._first_day(first)))
        assert self.overlay is not None
        self._overlay = self.overlay
        known = self.info.tables if self.info else {}
        self._overlay.set_tables(OverlaidTable(table, stored) for table, stored in known.items())
        self._refuse_used_schema()
        self.changes = {change.table: change for change in self._find_changes()}
        self.stored = store_names(name, self.changes, known)
        codes = {step.into.name: step.fingerprint for pipeline in self.pipelines for step in pipeline.steps}
        self._overlay.set_tables(OverlaidTable(table, stored, codes[table]) for table, stored in self.stored.items())
        tables = {table: (stored, codes[table]) for table, stored in self.stored.items()}
        self.settings = replace(self.settings, environment=EnvironmentSettings(name, tables, self.history.filled_from))
        self.registry.records(self.stored)  # finds out which partitions are the environment's

    def close(self) -> None:
        """Close the engines and the registries."""
        super().close()
        self.production.close()

    def _first_day(self, wanted: date | None) -> date | None:
        if self.info is None:
            return wanted
        return min(wanted, self.info.first) if wanted and self.info.first else self.info.first

    def _refuse_used_schema(self) -> None:
        schemas = schemas_of(self.name)
        stored = self.info.tables.values() if self.info else ()
        own = {name for table in stored for name in (table, kept_table(table))}
        filled = [table for pipeline in self.pipelines for table in pipeline.tables]
        known = {*self.registry.columns(), *self.settings.sources, *filled, *self.environment_tables()}
        used = sorted(table for table in known - own if table.lower().partition(".")[0] in schemas)
        if used:
            message = f"environment == {self.name!r}, must not be the schema of tables that are not its own: {used[0]}."
            raise refuse("bad-environment", message, None, "Give it another name.")

    def _find_changes(self) -> list[Change]:
        """Why each table is the environment's, by name. What was landed stays production's: it cannot be made again."""
        steps = {step.into.name: step for p in self.valid_pipelines for step in p.steps if not step.landed}
        made = self.production.registry.newest_codes()
        changes: dict[str, Change] = {}
        for table, step in steps.items():
            if table not in made:
                changes[table] = Change(table, "new")
            elif made[table] != step.fingerprint:
                changes[table] = Change(table, "changed")
        inputs = {table: read for table, read in table_inputs(self.valid_pipelines).items() if table in steps}
        for table, source in _downstream(inputs, changes):
            changes[table] = Change(table, "downstream", source)
        return [changes[table] for table in sorted(changes)]

    @cached_property
    def planned_pipelines(self) -> tuple[Pipeline, ...]:
        """The pipelines with the steps that the environment fills."""
        return tuple(self._own_steps(self.valid_pipelines))

    def _own_steps(self, pipelines: Iterable[Pipeline]) -> Iterable[Pipeline]:
        for pipeline in pipelines:
            steps: tuple[Step, ...] = tuple(step for step in pipeline.steps if step.into.name in self.changes)
            if steps:
                yield replace(pipeline, steps=steps)

    def select_valid(self, names: Sequence[str], exclude: Sequence[str] = ()) -> tuple[Pipeline, ...]:
        """Like that of a project, with the steps that the environment fills.

        Raises:
            InputError: as there, or a named one is read from production.
        """
        chosen = super().select_valid(names, exclude)
        own = tuple(self._own_steps(chosen))
        if names and not own:
            what = ", ".join(pipeline.name for pipeline in chosen)
            message = f"name == {what}, must differ from production, or depend on what does; it is read from there."
            raise refuse("not-in-environment", message, None, f"See `drawloom plan --env {self.name}`.")
        return own

    def _plan(self, forced: Iterable[Key], snapshot: WarehouseSnapshot | None = None) -> Plan:
        snapshot = snapshot or self.snapshot(self._planned_tables())
        made, first = super()._plan(forced, snapshot), self.history.filled_from
        return replace(made, partitions=tuple(p for p in made.partitions if not first or p.ds >= first))

    def _planned_tables(self) -> set[str]:
        """The tables that it fills or reads: where one of a thousand has changed, it need not look at all the others."""
        owners = find_owners(self.planned_pipelines, self.history).values()
        read = (read.table for owner in owners for read in self.day_reads.prepare(owner.step, owner.kept))
        return {table for owner in owners for table in owner.step.tables} | set(read)

    def whole_plan(self) -> Plan:
        """The state of all partitions of all tables and days, as production's plan would be if they were promoted."""
        history = History(self.settings.start, self.settings.last_day)
        inputs = self.registry.inputs
        return make_plan(self.valid_pipelines, self.snapshot(), history, inputs, day_reads=self.day_reads)

    def run(self, plan: Plan | None = None, *, jobs: int | None = None, listener: Listener | None = None) -> Summary:
        """Write what a plan wants; the environment then lives for two more weeks."""
        plan = plan or self.plan()
        self.save()
        return super().run(plan, jobs=jobs, listener=listener)

    def save(self) -> None:
        """Record the environment and its tables."""
        self.registry.require_writable()
        now = datetime.now(UTC)
        created = self.info.created if self.info else now
        tables = {**(self.info.tables if self.info else {}), **self.stored}
        self.info = EnvironmentInfo(self.name, self.history.filled_from, created, now + LIFETIME, tables)
        self.registry.environments.save(self.info)

    def land(self, table: str, files: Iterable[str], **_: Any) -> LandResult:  # noqa: ARG002 - as a project's
        """Refused: what is landed belongs to all.

        Raises:
            InputError: always.
        """
        message = f"environment == {self.name!r}, must be left out: files land in production's tables."
        raise refuse("bad-environment", message)

    def holds(self, table: str, ds: date) -> bool:
        """Whether a partition is read from the environment."""
        return self._overlay.has(table, ds)

    def step(self, table: str) -> Step:
        """The step that fills one of its tables."""
        return next(p.tables[table] for p in self.planned_pipelines if table in p.tables)

    def promotable(self) -> tuple[list[Key], dict[Key, str]]:
        """The environment's partitions in an order in which they can be promoted, and why others cannot be.

        Tables come before those that they are made of, and their newest days last: until the end something differs from
        production, so that the rest still belongs to the environment after a kill.
        """
        plan = {partition.key: partition for partition in self.whole_plan().partitions}
        own = [key for key in plan if self._overlay.has(*key)]
        wrong = {key: plan[key].reason for key in own if plan[key].state is not State.FRESH}
        number = {table: n for n, table in enumerate(dict.fromkeys(table for table, _ in own))}
        right = (key for key in own if key not in wrong)
        return sorted(right, key=lambda key: (-number[key[0]], key[1])), wrong

    def _drop_expired(self, plan: Plan) -> None:
        """Nothing: what has expired is not read, and goes with the environment."""

    def _sweep(self) -> None:
        """Nothing: production's runs do so."""


def _downstream(inputs: Mapping[str, Collection[str]], changed: Collection[str]) -> list[tuple[str, str]]:
    """The tables that depend on changed ones, each with the nearest of them."""
    readers: dict[str, list[str]] = {}
    for table, sources in sorted(inputs.items()):
        for source in sources:
            readers.setdefault(source, []).append(table)
    found: dict[str, str] = {}
    rim = sorted(changed)
    while rim:
        pairs = [(reader, table) for table in rim for reader in readers.get(table, ())]
        new = {reader: table for reader, table in pairs if reader not in found and reader not in changed}
        found |= new
        rim = sorted(new)
    return sorted(found.items())
