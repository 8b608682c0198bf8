"""Promotion: partitions of an environment become those of production, without being computed again; and the way back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from drawloom.model import Column, Record
from drawloom.run.environments.names import kept_table
from drawloom.run.plan import Key
from drawloom.run.registry.environments import EnvironmentInfo, Replaced

if TYPE_CHECKING:
    from drawloom.run.environments.environment import Environment
    from drawloom.run.project import Project

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion did, or would do.

    ``done`` are the partitions in order. ``refused`` says why others were not promoted. ``is_copy``: the engine had to
    copy their rows, as it cannot share files between tables.
    """

    environment: str
    done: tuple[Key, ...] = ()
    refused: Mapping[Key, str] = field(default_factory=dict)
    is_copy: bool = False


def promote(
    environment: Environment,
    names: Sequence[str] = (),
    *,
    partial: bool = False,
    dry_run: bool = False,
    report: Report = lambda _: None,
) -> Promotion:
    """Make the partitions of an environment those of production.

    A partition is promoted if it is what production would compute now: made by the code of these specs from inputs
    that have not changed, and production's own was not written again since. Each is published atomically; those that
    they replace are kept until the environment is dropped, for ``undo``. A promotion that was killed is completed by
    the next one.

    Args:
        environment: whose partitions.
        names: pipelines or tables; all without.
        partial: promote those that can be, where others cannot; else nothing is written then.
        dry_run: only find out.
        report: gets a line now and then.
    """
    production = environment.production
    with ExitStack() as stack:
        if not dry_run:
            production.registry.require_writable()
            stack.enter_context(production.lake.promoting(lambda: report("waiting for another promotion")))
        keys, refused = _find(environment, names)
        if refused and not (partial or dry_run):
            keys = []
        if not dry_run:
            _Promoter(environment, report).run(keys)
        return Promotion(environment.name, tuple(keys), refused, is_copy=production.engine.copies_restaged)


def _find(environment: Environment, names: Sequence[str]) -> tuple[list[Key], dict[Key, str]]:
    keys, refused = environment.promotable()
    tables = {table for pipeline in environment.select_valid(names) for table in pipeline.tables}
    written_since = _written_since(environment, keys)
    refused = {key: why for key, why in (refused | written_since).items() if key[0] in tables}
    return [key for key in keys if key[0] in tables and key not in written_since], refused


def _written_since(environment: Environment, keys: Iterable[Key]) -> dict[Key, str]:
    """The partitions that production has written again since those of the environment were made."""
    keys = list(keys)
    replaced = environment.registry.environments.replaced(environment.name)
    own = environment.registry.records({table for table, _ in keys})
    current = environment.production.registry.records({table for table, _ in keys})
    found: dict[Key, str] = {}
    for table, ds in keys:
        record, known = current.get(table, {}).get(ds), replaced.get((table, ds), Replaced(""))
        run = record.run if record else ""
        half_done = run == own[table][ds].run or (not run and (known.is_kept or known.promoted != ""))
        if run != known.base and not half_done:
            found[table, ds] = "production's was written again since; `drawloom run --env` with --force makes it anew"
    return found


class _Promoter:
    def __init__(self, environment: Environment, report: Report) -> None:
        self._environment = environment.name
        self._registry = environment.registry
        self._production = environment.production
        self._stored = environment.stored
        self._report = report

    def run(self, keys: Sequence[Key]) -> None:
        records = self._registry.records({table for table, _ in keys})
        columns = self._registry.columns({table for table, _ in keys})
        replaced = self._registry.environments.replaced(self._environment)
        for number, (table, ds) in enumerate(keys):
            self._report(f"{table} {ds} ({number + 1:,} of {len(keys):,})")
            known = replaced.get((table, ds), Replaced(""))
            self._promote(records[table][ds], columns[table], known)

    def _promote(self, record: Record, columns: tuple[Column, ...], known: Replaced) -> None:
        """One partition. Each step can be done twice, so that after a kill all of it is done again."""
        table, stored = record.table, self._stored[record.table]
        known = self._keep(table, record.ds, stored, record.run, known)
        move(self._production, replace(record, table=stored), columns, table)
        done = {(table, record.ds): replace(known, promoted=record.run)}
        self._registry.environments.save_replaced(self._environment, done)
        _remove(self._production, stored, record.ds)

    def _keep(self, table: str, ds: date, stored: str, run: str, known: Replaced) -> Replaced:
        """Keep production's partition for the way back; once, as it is a promoted one after that."""
        registry = self._production.registry
        old = registry.record(table, ds)
        if known.is_kept or old is None or old.run in {run, known.promoted}:
            return known
        columns = registry.columns([table])[table]
        move(self._production, old, columns, kept_table(stored))
        known = replace(known, is_kept=True)
        self._registry.environments.save_replaced(self._environment, {(table, ds): known})
        return known


def move(project: Project, record: Record, columns: tuple[Column, ...], table: str) -> None:
    """Publish a recorded partition as one of another table, too, and record it there."""
    engine, registry = project.engine, project.registry
    part = engine.restage(record, columns, table)
    if not engine.stores_run_id:
        registry.forget(table, [record.ds])
    (stamp,) = engine.publish([part])
    registry.save([replace(record, table=table, stamp=stamp)], {table: columns})


def _remove(project: Project, table: str, ds: date) -> None:
    """Drop a partition; first its record, as one without a partition would be missed after a kill."""
    project.registry.forget(table, [ds])
    project.engine.drop(table, ds)


def undo(
    project: Project, info: EnvironmentInfo, tables: Collection[str] | None = None, report: Report = lambda _: None
) -> Promotion:
    """Put back what the promotions of an environment have replaced, and drop what was not there before.

    Args:
        project: production.
        info: the environment.
        tables: of which tables; all without.
        report: gets a line now and then.

    Partitions that were written again since are left, and named in ``refused``.
    """
    registry, engine = project.registry, project.engine
    registry.require_writable()
    done: list[Key] = []
    refused: dict[Key, str] = {}
    with project.lake.promoting():
        promoted = {key: one for key, one in registry.environments.replaced(info.name).items() if one.promoted}
        for (table, ds), one in sorted(promoted.items(), reverse=True):
            if tables is not None and table not in tables:
                continue
            report(f"{table} {ds}")
            kept = kept_table(info.tables[table])
            current, old = registry.record(table, ds), registry.record(kept, ds)
            is_back = one.is_kept and (
                old is None or (current is not None and current.run == old.run)
            )  # by a killed ``undo``
            if current and current.run != one.promoted and not is_back:
                refused[table, ds] = "it was written again since"
                continue
            if old and not is_back:
                move(project, old, registry.columns([kept])[kept], table)
            elif not one.is_kept:
                _remove(project, table, ds)
            _remove(project, kept, ds)
            registry.environments.forget_replaced(info.name, [(table, ds)])
            done.append((table, ds))
    return Promotion(info.name, tuple(done), refused, is_copy=engine.copies_restaged)
