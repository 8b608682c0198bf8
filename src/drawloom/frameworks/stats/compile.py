"""Compiling the spec of statistics: for each watched table a step for its states, steps for what is merged, and the record of changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from drawloom.frameworks.base import KnownTable, ProjectContext
from drawloom.frameworks.stats.expressions import expression_problems
from drawloom.frameworks.stats.kinds import ScannedColumn
from drawloom.frameworks.stats.match import Watched, find_watched, names_table
from drawloom.frameworks.stats.restatements import RESTATEMENT_COLUMNS, note_restatement
from drawloom.frameworks.stats.rules import plan_columns
from drawloom.frameworks.stats.scan import ScanPlan, state_version
from drawloom.frameworks.stats.spec import (
    RESTATEMENTS_FAMILY,
    STATES_FAMILY,
    STATS_FAMILY,
    Stats,
    restatements_name,
    states_name,
    stats_name,
)
from drawloom.frameworks.stats.steps import (
    STAT_COLUMNS,
    STATE_COLUMNS,
    compute_states,
    merge_days,
)
from drawloom.model import Bound, Days, InputError, Membership, Problem, Read, Step, Table, digest
from drawloom.model.step import Call

FORMULAS = "2"  # raise it when steps make other statistics of the same partition: all become stale
Grain = Literal["partition", "week", "month", "table"]
TABLE_DAYS = 7  # of so many newest days there are statistics of all days up to each: of every day they would be merges without end


def compile_stats(spec: Stats, project: ProjectContext) -> Iterator[Step]:
    """The steps that fill ``meta.column_states__<table>`` and ``meta.column_stats__<table>`` of each watched table.

    Raises:
        InputError: a pattern fits no table, or a rule cannot hold.
    """
    watched, problems = find_watched(spec, project)
    problems += expression_problems(spec)
    if problems:
        raise InputError(*problems)
    for one in watched:
        yield from _steps(spec, one, project)


def warn_stats(spec: Stats, project: ProjectContext) -> Iterator[Problem]:
    """Slices that are not made, as their values are personal data."""
    for watched in find_watched(spec, project)[0]:
        for one in watched.slices:
            (plan,) = plan_columns([ScannedColumn(one.by, "", "other", "")], "footer", watched.rules, watched.tags)
            if "top" in plan.hidden:
                rule = f"must not be of personal data, as it is in {watched.table.name}: rows are not cut by it"
                fix = "Leave it out, or let a rule about the column add top."
                place = next(name for name in spec.slices if names_table(name, watched.table.name))
                yield replace(spec.problem(("slices", place, "by"), one.by, rule, fix), severity="warn")


def _steps(spec: Stats, watched: Watched, project: ProjectContext) -> Iterator[Step]:
    table = watched.table
    made = _StepMaker(spec, table, project)
    plan = ScanPlan(spec.tier, watched.rules, watched.tags, watched.slices, spec.sample_above_rows, project.engine)
    today = Days.of(0)
    yield made.step("", compute_states, Read(table.name, today, "offset"), {**plan.to_json(), "dated": table.by_day})
    yield made.step("partition" if table.by_day else "table", merge_days, Read(made.states, today, "offset"))
    for grain in spec.rollups if table.by_day else ():
        yield made.step(grain, merge_days, _rolled_up(grain, made.states))
    if spec.restatements and table.by_day:
        yield made.restatements()


def _rolled_up(grain: Grain, states: str) -> Read:
    """The days of states that are merged."""
    if grain == "month":
        return Read(states, Days.span(-30, 0), "calendar", calendar=((Bound("month"), Bound()),))
    return Read(states, Days.span(-6 if grain == "week" else None, 0), "offset")


@dataclass(frozen=True, slots=True)
class _StepMaker:
    """Makes the steps of a table. What a table without days had on a past day cannot be computed again."""

    spec: Stats
    table: KnownTable
    project: ProjectContext

    @property
    def states(self) -> str:
        return states_name(self.table.name)

    def step(self, grain: str, call: Call, read: Read, more: Mapping[str, Any] = MappingProxyType({})) -> Step:
        """The step of a grain; '' for that of the states."""
        into = self._table(grain)
        params = {
            "table": self.table.name,
            "engine": self.project.engine,
            **({"grain": grain} if grain else {}),
            **more,
        }
        return Step(
            into.name,
            into,
            call=call,
            reads=(read,),
            params=params,
            fingerprint=_fingerprint(into.name, params),
            where=self.spec.where,
            landed=not self.table.by_day,
        )

    def restatements(self) -> Step:
        """The step that records what changed of partitions."""
        name, params = restatements_name(self.table.name), {"table": self.table.name}
        member = Membership(RESTATEMENTS_FAMILY, (("table_name", self.table.name),))
        what = f"What changed of the partitions of {self.table.name} after they were first measured, a row for each change."
        key = ("number",)
        into = Table(name, RESTATEMENT_COLUMNS, key, key, self.project.owner(self.spec), what, member_of=member)
        today = Days.of(0)
        reads = tuple(Read(one, today, "offset") for one in (self.table.name, stats_name(self.table.name)))
        code = digest([FORMULAS, name])
        return Step(
            name, into, call=note_restatement, reads=reads, params=params, fingerprint=code, where=self.spec.where
        )

    def _table(self, grain: str) -> Table:
        key = ("column_name", "slice", "slice_value", "metric")
        watched: tuple[tuple[str, str], ...] = (("table_name", self.table.name),)
        what = _DESCRIPTIONS[grain].format(self.table.name)
        owner = self.project.owner(self.spec)
        if not grain:
            member = Membership(STATES_FAMILY, watched)
            return Table(self.states, STATE_COLUMNS, key, key, owner, what, member_of=member)
        member = Membership(STATS_FAMILY, (*watched, ("grain", grain)))
        name = stats_name(self.table.name, grain if self.table.by_day else "partition")
        keep = TABLE_DAYS if self.table.by_day and grain == "table" else None
        return Table(name, STAT_COLUMNS, key, key, owner, what, keep, member_of=member)


_DESCRIPTIONS = {
    "": "The states of {}, a row for each measure of each column: they merge with those of other days.",
    "partition": "The statistics of each partition of {}.",
    "week": "The statistics of {} in the seven days up to each day.",
    "month": "The statistics of {} in the days of its month up to each day.",
    "table": "The statistics of all of {}: of all of its days up to each of the last ones.",
}


def _fingerprint(name: str, params: Mapping[str, Any]) -> str:
    """Changes with the rules about the table, and with what its engine makes of values."""
    version = state_version(params["engine"])
    counted = {key: value for key, value in params.items() if key != "engine"}
    return digest([FORMULAS, version, name, json.dumps(counted, sort_keys=True)])
