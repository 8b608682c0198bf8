"""Reads a text into a Script: renders it for probe days, parses it, and infers its reads and writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from sqlglot import exp

from drawloom.model import Days, Fix, InputError, Problem, Read, Schedule, Where
from drawloom.sql.catalog import Catalog
from drawloom.sql.days.by_offsets import choices, reads_by_offsets
from drawloom.sql.days.constants import ConstantFolder
from drawloom.sql.days.day_set import DaySet, ProbeDays
from drawloom.sql.days.infer_reads import Measured, follows_no_rule, infer_read
from drawloom.sql.days.partition_pruning import merge_date_shards
from drawloom.sql.days.query import AnalysisContext
from drawloom.sql.days.values import PerProbe, parse_time
from drawloom.sql.dialect import check_dialect
from drawloom.sql.effects import ScriptEffects
from drawloom.sql.parameters import find_parameters
from drawloom.sql.parse import refuse_non_sql, too_deep_error
from drawloom.sql.recursion import with_deep_stack
from drawloom.sql.scope import SourceBuilder
from drawloom.sql.script import Script, TableReference, Write, place
from drawloom.sql.template.macros import template_context
from drawloom.sql.template.moments import moments
from drawloom.sql.template.probe_days import ProbeRun, dense_runs, far_runs, probe_runs, runs_near, runs_on
from drawloom.sql.template.rendering import Rendered, Template
from drawloom.sql.template.sandbox import RenderBudget, render_budget
from drawloom.sql.template.tags import tag_spans
from drawloom.sql.template.unknown import UnknownName, Unknowns, unknowns
from drawloom.sql.template.variants import Variant, find_variants
from drawloom.sql.unread import CODE

_MAX_FIXED_DATES = 6
_LONG_TEXT = 4000  # characters; the rules of longer texts are compared with fewer runs, as rendering takes longer
_DATE_IN_TAG = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_YEAR_OR_MONTH = re.compile(r"((?:19|20)\d{2})(?:-(0[1-9]|1[0-2]))?")
_FEW_RUNS = 100
_MAX_CHOICES = 8  # ways to answer what names without a value decide; each renders and reads the text again


def read_script(  # noqa: PLR0913 - as `analyze`
    text: str,
    *,
    dialect: str = "duckdb",
    keys: Sequence[str] = ("ds",),
    catalog: Catalog | None = None,
    schedule: Schedule | None = None,
    target: str | None = None,
    params: Mapping[str, Any] | None = None,
    file: str | None = None,
    macros: str = "",
) -> Script:
    """A text's reads, with the days of each table, and its writes.

    Args:
        text: SQL with Jinja, one statement or several.
        dialect: the dialect of the text.
        keys: the partition columns of tables that are not in the catalog, the day's first.
        catalog: tables with their keys and columns.
        schedule: how often it runs.
        target: the table that it fills, for ``{{ this }}``.
        params: the values of ``params``.
        file: the text's file, for the locations of errors.
        macros: definitions of macros that the text may use.

    Raises:
        InputError: with one problem: ``not-sql``, ``template-error``, ``syntax-error`` or ``refused``.
    """
    reader = _reader(text, dialect, keys, catalog, schedule, target, params, file, macros)
    try:
        return with_deep_stack(reader.script)
    except (RecursionError, MemoryError) as error:
        raise too_deep_error(file) from error


def measure_days(  # noqa: PLR0913 - as `analyze`
    text: str,
    days: Sequence[date],
    *,
    dialect: str = "duckdb",
    keys: Sequence[str] = ("ds",),
    catalog: Catalog | None = None,
    schedule: Schedule | None = None,
    target: str | None = None,
    params: Mapping[str, Any] | None = None,
    macros: str = "",
) -> dict[date, dict[str, Days]]:
    """The days of each table (by its name in lower case) that a text reads on these run days, rendered for each of them.

    No rule is inferred: this is what the text says on the very day. Where a condition cannot be evaluated for one of the
    days, more is read on all of them, never less.

    Args:
        text: SQL with Jinja, one statement or several.
        days: the days to fill, each the name of a partition.
        dialect: as the other arguments, see ``read_script``.

    Raises:
        InputError: the text cannot be rendered, parsed or understood for one of the days.
    """
    reader = _reader(text, dialect, keys, catalog, schedule, target, params, None, macros)
    try:
        measured = with_deep_stack(partial(reader.measure_all, runs_on(days, reader.schedule)))
    except (RecursionError, MemoryError) as error:
        raise too_deep_error(None) from error
    found: dict[date, dict[str, Days]] = {day: {} for day in days}
    for table, of_table in measured.items():
        for day, offsets in of_table:
            found[day][table] = offsets
    return found


def _reader(  # noqa: PLR0913, PLR0917 - as `analyze`
    text: str,
    dialect: str,
    keys: Sequence[str],
    catalog: Catalog | None,
    schedule: Schedule | None,
    target: str | None,
    params: Mapping[str, Any] | None,
    file: str | None,
    macros: str,
) -> _Reader:
    # A byte order mark counts as white space; places stay the same.
    text = f" {text[1:]}" if text.startswith("\ufeff") else text
    names = tuple(key.lower() for key in keys)
    every = schedule or Schedule()
    return _Reader(text, check_dialect(dialect), names, catalog or {}, every, target, params, file, macros)


@dataclass(frozen=True, slots=True)
class _VariantEffects:
    """The effects of one variant of a text, at the runs that render to it."""

    variant: Variant
    effects: ScriptEffects
    probe_days: ProbeDays


@dataclass(slots=True)
class _Reader:
    """Reads one text in three steps of growing cost.

    The text is rendered and analyzed for some thirty probe days, and a rule is inferred from the days that were read on
    them. A template may branch on the fixed dates that it names, so the rule is also compared with runs near those. Only
    where no rule fits, or where something in the text may choose other days on some runs (a CASE, the day of the month, a
    branch of the template), every run of two years is analyzed, and one of each year from 1970 on. The rule is what people
    see; the days of a run are measured for its own day (``measure_days``) unless all days are the same offsets for sure.
    """

    text: str
    dialect: str
    keys: tuple[str, ...]
    catalog: Catalog
    schedule: Schedule
    target: str | None
    params: Mapping[str, Any] | None
    file: str | None
    macros: str = ""
    unknown: dict[str, UnknownName] = field(default_factory=dict)
    decided: dict[str, UnknownName] = field(default_factory=dict)

    def script(self) -> Script:
        refuse_non_sql(self.text, self.file)
        template = Template(self.text, Where(self.file), self.macros)
        runs = probe_runs(self.schedule)
        found = self._variants(template, runs)
        first = found[0]
        chosen_by = tuple(dict.fromkeys([*choices(self.text, [one.variant for one in found]), *self._moments()]))
        reads = self._infer_reads(template, runs, found, is_doubtful=bool(chosen_by))
        offsets_only = reads_by_offsets(self.text, [one.variant for one in found])
        script = Script(
            source=self.text,
            dialect=self.dialect,
            rendered=first.variant.rendered,
            day=runs[0].day,
            statements=first.variant.statements,
            keys=self.keys,
            schedule=self.schedule,
            catalog=self.catalog,
            target=self.target,
            file=self.file,
            reads=tuple(sorted(_as_written(reads, found), key=lambda read: read.table.lower())),
            writes=_writes(found),
            table_references=tuple(self._table_references(template, first, runs)),
            moving_literals=first.variant.moving_literals,
            families=tuple(sorted({name for one in found for name in one.effects.context.builder.families})),
            chosen_by=chosen_by,
            days_vary=not (
                template.is_static or (offsets_only and all(read.how in {"offset", "all"} for read in reads))
            ),
            unknown_names=dict(self.unknown),
            undecided=tuple(dict.fromkeys(self.decided.values())),
        )
        return replace(script, problems=tuple(_problems(script, found)))

    def _infer_reads(
        self, template: Template, runs: Sequence[ProbeRun], found: Sequence[_VariantEffects], *, is_doubtful: bool
    ) -> list[Read]:
        """The rule of each table. Where it is doubtful, it must also hold on every day of two years, and far from them."""
        measured = self._measured(found, runs)
        near_dates = _LazyMeasurement(
            self, template, lambda: runs_near(_fixed_dates(self.text, found[0].variant), self.schedule)
        )
        dense = _LazyMeasurement(self, template, lambda: dense_runs(self.schedule))
        others = [] if template.is_static else [near_dates]
        if is_doubtful:
            step = 1 + len(self.text) // _LONG_TEXT
            many, far = dense_runs(self.schedule)[::step], far_runs(self.schedule)[::step]
            others += [_LazyMeasurement(self, template, lambda: many), _LazyMeasurement(self, template, lambda: far)]
            rare = {table for one in others for table in one.tables} - set(measured)
            measured |= {table: [(run.day, Days()) for run in runs] for table in sorted(rare)}
        return [
            infer_read(table, days, [pair for one in others for pair in one.of(table)], partial(dense.of, table))
            for table, days in measured.items()
        ]

    def measure(self, template: Template, runs: Sequence[ProbeRun]) -> dict[str, Measured]:
        """For each table, the offsets that are read on each of these runs."""
        return self._measured(self._variants(template, runs), runs) if runs else {}

    def measure_all(self, runs: Sequence[ProbeRun]) -> dict[str, Measured]:
        """As ``measure``; a part of the text that is not read is an error, not a read of nothing.

        Raises:
            InputError: there is one.
        """
        found = self._variants(Template(self.text, Where(self.file), self.macros), runs)
        unread = [
            Problem(CODE, "error", part.message, Where(self.file)) for one in found for part in one.effects.unread
        ]
        if unread:
            raise InputError(*unread)
        return self._measured(found, runs)

    def _variants(self, template: Template, runs: Sequence[ProbeRun]) -> list[_VariantEffects]:
        """The variants of the text on these runs, for each way to answer what names without a value decide.

        Raises:
            InputError: none of them parses.
        """
        found: list[_VariantEffects] = []
        wrong: list[InputError] = []
        for texts in self._render(template, runs):
            try:
                variants = find_variants(texts, self.dialect, self.file)
            except InputError as error:
                wrong.append(self._name_what_is_left(error, texts[0]))
                continue
            found += [self._effects(variant, runs) for variant in variants]
        if not found:
            raise wrong[0]
        merge_date_shards([one.effects.scans for one in found], [one.probe_days for one in found])
        return found

    def _name_what_is_left(self, error: InputError, rendered: Rendered) -> InputError:
        """The error of a text that does not parse; names and parameters without a value are the likely reason."""
        if error.problems[0].code != "syntax-error":
            return error
        left = [
            Problem("parameter-left", "error", f"{name.what}.", self._where(name, rendered), Fix(name.fix))
            for name in self.unknown.values()
        ]
        for parameter in find_parameters(rendered.text, self.dialect):
            where = place(self.text, rendered.origin(parameter.start), self.file)
            message = f"{parameter.text} has no value here."
            left.append(Problem("parameter-left", "error", message, where, Fix(parameter.fix)))
        return InputError(*left, *error.problems) if left else error

    def _where(self, name: UnknownName, rendered: Rendered) -> Where:
        offset = rendered.text.find(f"__{name.name}__")
        return place(self.text, rendered.origin(offset), self.file) if offset >= 0 else Where(self.file)

    def _render(self, template: Template, runs: Sequence[ProbeRun]) -> Iterator[list[Rendered]]:
        """The texts of these runs; again for each answer that may be another one."""
        if template.is_static:
            yield [template.render({})] * len(runs)
            return
        budget = RenderBudget()
        todo: list[dict[str, bool]] = [{}]
        for answers in todo:
            found = Unknowns(answers)
            tokens = render_budget.set(budget), unknowns.set(found)
            try:
                texts = [template.render(self._names(run)) for run in runs]
            finally:
                render_budget.reset(tokens[0])
                unknowns.reset(tokens[1])
            self.unknown = {**found.printed, **self.unknown}
            self.decided = {**found.decided, **self.decided}
            more = [{**answers, question: True} for question in found.decided if question not in answers]
            most = _MAX_CHOICES if len(runs) <= _FEW_RUNS else _MAX_CHOICES // 2
            todo += [one for one in more if one not in todo][: max(0, most - len(todo))]
            yield texts

    def _moments(self) -> Iterator[str]:
        """What the template says about moments, where their day in UTC may differ from the run's, in summer only perhaps."""
        return moments(self.text, self.macros) if self.schedule.timezone != "UTC" else iter(())

    def _names(self, run: ProbeRun) -> dict[str, Any]:
        return template_context(run.day, run.hour, self.schedule, self.params, {"target": self.target})

    def _effects(self, variant: Variant, runs: Sequence[ProbeRun]) -> _VariantEffects:
        days = [runs[index].day for index in variant.runs]
        probe_days = ProbeDays(days, [runs[index].hour for index in variant.runs])
        constants = ConstantFolder(self.dialect, variant.rendered.text, variant.moving_literals, PerProbe(days))
        sources = SourceBuilder(self.catalog, self.keys, self.dialect, variant.rendered)
        effects = ScriptEffects(AnalysisContext(constants, probe_days, sources))
        effects.run(variant.statements)
        return _VariantEffects(variant, effects, probe_days)

    def _measured(self, found: Sequence[_VariantEffects], runs: Sequence[ProbeRun]) -> dict[str, Measured]:
        """For each table, the offsets that are read on each run day."""
        by_table: dict[str, dict[int, Days]] = {}
        for one in found:
            sets: dict[str, list[DaySet]] = {}
            for scan in one.effects.scans:
                sets.setdefault(scan.table.lower(), []).append(scan.days)
            for table, days in sets.items():
                offsets = one.probe_days.union(days).at(one.probe_days.ordinals)
                known = by_table.setdefault(table, {})
                for index, read in zip(one.variant.runs, offsets, strict=True):
                    known[index] = known.get(index, Days()) | read
        return {table: _by_day(offsets, runs) for table, offsets in by_table.items()}

    def _table_references(
        self, template: Template, first: _VariantEffects, runs: Sequence[ProbeRun]
    ) -> list[TableReference]:
        """Each place where a table is read. What follows no rule at the probe days may follow one near a fixed date."""
        scans = first.effects.scans
        reads = [
            infer_read(scan.table, found, [], list) for scan, found in zip(scans, _by_scan(first, runs), strict=True)
        ]
        if not template.is_static and any(map(follows_no_rule, reads)):
            near = self._near_dates(template, first)
            reads = [
                infer_read(read.table, found, near[n], list) if near and follows_no_rule(read) else read
                for n, (read, found) in enumerate(zip(reads, _by_scan(first, runs), strict=True))
            ]
        return [TableReference(scan.node, read) for scan, read in zip(scans, reads, strict=True)]

    def _near_dates(self, template: Template, first: _VariantEffects) -> list[Measured]:
        """For each place where a table is read, the days near fixed dates; none where the text has other places there."""
        runs = runs_near(_fixed_dates(self.text, first.variant), self.schedule)
        try:
            found = self._variants(template, runs) if runs else []
        except InputError:  # the text fails on one of these days, which may never be run
            return []
        tables = [scan.table for scan in first.effects.scans]
        same = next((one for one in found if [scan.table for scan in one.effects.scans] == tables), None)
        return _by_scan(same, runs) if same else []


class _LazyMeasurement:
    """The days of tables on further runs, measured once and only when they are needed."""

    def __init__(self, reader: _Reader, template: Template, runs: Callable[[], Sequence[ProbeRun]]) -> None:
        self.reader = reader
        self.template = template
        self.runs = runs
        self.measured: dict[str, Measured] | None = None

    @property
    def tables(self) -> list[str]:
        """All tables that are read on some of the runs."""
        return list(self._measured())

    def of(self, table: str) -> Measured:
        """The offsets that are read of a table on each run day."""
        return self._measured().get(table, [])

    def _measured(self) -> dict[str, Measured]:
        if self.measured is None:
            try:
                self.measured = self.reader.measure(self.template, self.runs())
            except InputError:  # the text fails on one of these days, which may never be run
                self.measured = {}
        return self.measured


def _fixed_dates(text: str, variant: Variant) -> list[date]:
    """The dates in the SQL and its template that are the same on every run; of many, the first and the last few.

    A year or a month, as in ``year(ds) >= 2026`` or ``'2026-01'``, counts as its first day.
    """
    texts = [found for start, end in tag_spans(text) for found in _DATE_IN_TAG.findall(text[start:end])]
    for statement in variant.statements:
        literals = statement.find_all(exp.Literal)
        texts += [one.this for one in literals if one.meta.get("start") not in variant.moving_literals]
    texts = [
        f"{found[1]}-{found[2] or '01'}-01" if (found := _YEAR_OR_MONTH.fullmatch(text)) else text for text in texts
    ]
    moments = [moment for moment in map(parse_time, texts) if moment is not None]
    dates = sorted({date(moment.year, moment.month, moment.day) for moment in moments})
    half = _MAX_FIXED_DATES // 2
    return dates if len(dates) <= _MAX_FIXED_DATES else [*dates[:half], *dates[-half:]]


def _by_scan(one: _VariantEffects, runs: Sequence[ProbeRun]) -> list[Measured]:
    """For each place where a table is read in a variant, the offsets by run day."""
    of_variant = [runs[index] for index in one.variant.runs]
    each = (zip(one.variant.runs, scan.days.at(one.probe_days.ordinals), strict=True) for scan in one.effects.scans)
    return [_by_day(dict(offsets), of_variant, one.variant.runs) for offsets in each]


def _by_day(offsets: Mapping[int, Days], runs: Sequence[ProbeRun], indices: Sequence[int] | None = None) -> Measured:
    """The offsets by run day: the runs of one day (the hours of an hourly schedule) are united."""
    found: dict[date, Days] = {}
    for index, run in zip(indices or range(len(runs)), runs, strict=True):
        found[run.day] = found.get(run.day, Days()) | offsets.get(index, Days())
    return list(found.items())


def _as_written(reads: Sequence[Read], found: Sequence[_VariantEffects]) -> list[Read]:
    """The reads with each table's name as the user first wrote it."""
    written: dict[str, str] = {}
    for one in found:
        for scan in one.effects.scans:
            written.setdefault(scan.table.lower(), scan.table)
    return [replace(read, table=written.get(read.table, read.table)) for read in reads]


def _problems(script: Script, found: Sequence[_VariantEffects]) -> Iterator[Problem]:
    """What is not read in any variant, once each, at its place in the user's text."""
    told: set[tuple[str, Where]] = set()
    for one in found:
        located = replace(script, rendered=one.variant.rendered)
        for unread in one.effects.unread:
            where = located.where(unread.node)
            if (unread.message, where) not in told:
                told.add((unread.message, where))
                yield Problem(CODE, "error", unread.message, where, Fix(unread.fix))


def _writes(found: Sequence[_VariantEffects]) -> tuple[Write, ...]:
    """The writes of the first variant, and those that only occur in others."""
    writes = list(found[0].effects.writes)
    for one in found[1:]:
        for write in one.effects.writes:
            if not any((write.table, write.mode) == (known.table, known.mode) for known in writes):
                writes.append(write)
    return tuple(writes)
