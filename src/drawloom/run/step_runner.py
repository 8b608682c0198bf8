"""The step runner: renders, stages, checks and publishes partitions of one step. Every runner calls it."""

from __future__ import annotations

import json
import re
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.engines import quote
from drawloom.engines.base import CANONICAL_DIALECT
from drawloom.model import (
    KEY,
    Check,
    Column,
    DrawloomError,
    Inputs,
    Problem,
    Read,
    Record,
    RunError,
    Schedule,
    Step,
    Where,
    digest,
    inputs_digest,
    refuse,
)
from drawloom.model.days import covers
from drawloom.model.record import add_own_days
from drawloom.run.failed_check import ColumnsOf, failed_check, own_columns
from drawloom.run.families import add_families
from drawloom.sql.template.rendering import render

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.engines.base import Explanation, Staged, StepEngine, Task


@dataclass(frozen=True, slots=True)
class StepResult:
    """The records and columns to keep of a step that ran, and the warnings of its checks by day."""

    records: tuple[Record, ...]
    columns: tuple[Column, ...]
    warnings: Mapping[date, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskContext:
    """The argument of a Python step; see ``model.StepContext``."""

    ds: date
    params: Mapping[str, Any]
    folder: Path
    _task: Task
    is_preview: bool = False
    _inputs: Inputs = field(default_factory=dict)
    _previous: Callable[[], pa.Table | None] = lambda: None

    def content(self, table: str) -> str:
        """The hash of what the declared days of a declared table hold; '' where there is nothing."""
        hashes = list(self._inputs.get(table, {}).values())
        return hashes[0] if len(hashes) == 1 else digest(hashes) if hashes else ""

    def previous(self) -> pa.Table | None:
        """The rows that the partition has now, which those of this run replace; None where there is none yet."""
        return self._previous()

    def exists(self, table: str) -> bool:
        """Whether a declared table has a partition among the declared days; one without rows counts."""
        return bool(self._inputs.get(table))

    def read(self, table: str) -> pa.Table:
        """The declared days of a declared table."""
        return self._task.query(f"SELECT * FROM {quote.dotted(table.split('.'))}")

    def query(self, sql: str) -> pa.Table:
        """The result of a SELECT over the declared tables."""
        return self._task.query(sql)

    def batches(self, sql: str, rows: int) -> Iterator[pa.Table]:
        """The result of a SELECT over the declared tables, so many rows at a time."""
        return self._task.batches(sql, rows)


@dataclass(frozen=True, slots=True)
class StepRunner:
    """Runs steps on an engine.

    ``known_columns`` are the columns of each table in its newest partition, or else in its spec: a table without
    partitions, such as a step's own past on its first day, is then read as an empty one.
    ``forget`` deletes the records of partitions before the engine replaces them, where it cannot store with them
    which run wrote them: a crash must not leave new partitions with the records of the old ones.
    ``columns_of`` are the columns of a step's table with their tags, asked for only where rows may be shown.
    ``measure`` counts the time of a block for a phase of a table.
    ``folder`` is the project's, where Python steps find files of its. ``previous`` has the rows of a partition before it is
    replaced; None where there is none.
    """

    engine: StepEngine
    known_columns: Mapping[str, tuple[Column, ...]]
    forget: Callable[[str, Iterable[date]], None] = lambda _table, _days: None
    columns_of: ColumnsOf = own_columns
    measure: Callable[[str, str], AbstractContextManager[None]] = lambda _phase, _table: nullcontext()
    folder: Path = Path()
    previous: Callable[[str, date], pa.Table | None] = lambda _table, _day: None

    def run(
        self, step: Step, schedule: Schedule, day: date, inputs: Inputs, range_start: date | None = None
    ) -> StepResult:
        """Render, execute, check and publish one partition; with ``range_start`` by the backfill SQL from that day on.

        Raises:
            RunError: the engine or a check failed; nothing was published.
        """
        began = time.monotonic()
        run = new_run_id()
        with self._task(step, inputs) as task:
            text = self._day_sql(step, schedule, day, inputs, range_start)
            with self.measure("stage", step.into.name):
                staged = self._stage(task, step, text, day, inputs, file_metadata(run, step, inputs))
            with self.measure("check", step.into.name):
                warnings = run_checks(task, step, schedule, [staged], self.columns_of, first=self._is_first_write(step))
            with self.measure("publish", step.into.name):
                records = self._publish([staged], run, step, {day: inputs}, began)
        return StepResult(records, staged.columns, warnings)

    def run_range(
        self,
        step: Step,
        schedule: Schedule,
        inputs: Mapping[date, Inputs],
        range_start: date | None = None,
        reads: Mapping[date, Sequence[Read]] | None = None,
    ) -> StepResult:
        """Write all days of ``inputs`` in one pass; each becomes its own partition.

        ``reads`` are what each day reads, where that is not what the step reads on all days. With ``range_start`` the step's backfill SQL computes them from that day on; without, the SELECTs of the days are
        run as one query.

        Raises:
            RunError: as ``run``; without backfill SQL the days may have to be run one by one (code ``apart``).
        """
        began, run, days = time.monotonic(), new_run_id(), sorted(inputs)
        own_days = {day: _own_days(step, (reads or {}).get(day, step.reads), day, days) for day in days}
        metadata = {day: file_metadata(run, step, of_day, own_days[day]) for day, of_day in inputs.items()}
        all_inputs = _merge_inputs(inputs.values())
        with self._task(step, all_inputs) as task:
            expected, dialect = self._expected_columns(step), self._dialect(step)
            with self.measure("stage", step.into.name):
                if range_start:
                    text = _range_sql(step, schedule, range_start, days[-1], all_inputs, dialect)
                    text = _only_days(days, text, range_start)
                    staged = task.stage_range(step.into, text, metadata, expected, dialect)
                else:
                    texts = _render_days(step, schedule, days, dialect)
                    staged = task.stage_days(step.into, texts, metadata, expected, dialect)
            with self.measure("check", step.into.name):
                warnings = run_checks(task, step, schedule, staged, self.columns_of, first=self._is_first_write(step))
            written = {part.ds: part.content for part in staged}
            own = {day: {ds.isoformat(): written[ds] for ds in own_days[day]} for day in written}
            of_days = {day: add_own_days(inputs[day], step.into.name, own[day]) for day in written}
            with self.measure("publish", step.into.name):
                records = self._publish(staged, run, step, of_days, began)
        return StepResult(records, staged[-1].columns, warnings)

    def preview(
        self, step: Step, schedule: Schedule, day: date, inputs: Inputs, limit: int, range_start: date | None = None
    ) -> pa.Table:
        """The first rows that a step would write, without writing."""
        with self._task(step, inputs) as task:
            if step.call:
                return self._call_python(step, day, task, inputs, is_preview=True).slice(0, limit)
            text = self._day_sql(step, schedule, day, inputs, range_start)
            return task.query(f"SELECT * FROM (\n{text}\n) AS preview LIMIT {int(limit)}", self._dialect(step))

    def explain(
        self, step: Step, schedule: Schedule, day: date, inputs: Inputs, range_start: date | None = None
    ) -> Explanation:
        """How the engine computes what a step would write, without writing.

        Raises:
            InputError: it is a Python step.
        """
        if step.call:
            fix = "Measure it in Python."
            raise refuse("not-sql", f"step == {step.name}, must have SQL to be explained.", step.where, fix)
        with self._task(step, inputs) as task:
            return task.explain(self._day_sql(step, schedule, day, inputs, range_start), self._dialect(step))

    @contextmanager
    def staged(
        self, step: Step, schedule: Schedule, day: date, inputs: Inputs, range_start: date | None = None
    ) -> Iterator[tuple[Task, Staged]]:
        """A partition that is staged, and readable as the table ``staged``, but never published."""
        with self._task(step, inputs) as task:
            text = self._day_sql(step, schedule, day, inputs, range_start)
            part = self._stage(task, step, text, day, inputs, file_metadata(new_run_id(), step, inputs))
            task.add_view(part)
            yield task, part

    @contextmanager
    def _task(self, step: Step, inputs: Inputs) -> Iterator[Task]:
        """The engine's task for a step; errors without a place get that of the step."""
        tables = {*inputs, *(read.table for read in step.reads)}
        tables |= {read.table for check in step.checks for read in check.reads}
        if self._is_first_write(step) and not step.reads_own_past:
            tables.discard(step.into.name)
        if _has_first_run_branch(step):
            tables -= {table for table in tables if not inputs.get(table) and table not in self.known_columns}
        visible = {table: _visible_days(inputs.get(table, {})) for table in sorted(tables)}
        columns = {member.table: member.columns for family in step.families for member in family.members}
        columns |= {table: self.known_columns[table] for table in tables if table in self.known_columns}
        try:
            with self.engine.task(visible, columns) as task:
                for read in step.slices:
                    if read.table in visible:
                        task.limit_rows(read)
                add_families(task, step.families, visible)
                yield task
        except DrawloomError as error:
            error.problems = tuple(p if p.where.file else replace(p, where=step.where) for p in error.problems)
            raise

    def _is_first_write(self, step: Step) -> bool:
        return step.into.name not in self.known_columns

    def _expected_columns(self, step: Step) -> tuple[Column, ...]:
        return step.into.columns or self.known_columns.get(step.into.name, ())

    def _stage(
        self, task: Task, step: Step, text: str, day: date, inputs: Inputs, metadata: Mapping[str, str]
    ) -> Staged:
        if step.call:
            made = self._call_python(step, day, task, inputs)
            return task.stage_arrow(step.into, day, made, metadata, self._expected_columns(step))
        return task.stage(step.into, day, text, metadata, self._expected_columns(step), self._dialect(step))

    def _call_python(self, step: Step, day: date, task: Task, inputs: Inputs, *, is_preview: bool = False) -> pa.Table:
        """Run a Python step; exceptions of the user's code become a RunError with their line."""
        assert step.call is not None
        previous = partial(self.previous, step.into.name, day)
        try:
            return step.call(TaskContext(day, step.params, self.folder, task, is_preview, inputs, previous))
        except DrawloomError:
            raise
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            message = f"The function of {step.name} raised {type(error).__name__}: {error}."
            raise RunError(Problem("step-failed", "error", message, Where(frame.filename, frame.lineno))) from error

    def _day_sql(self, step: Step, schedule: Schedule, day: date, inputs: Inputs, range_start: date | None) -> str:
        return day_sql(step, schedule, day, inputs, range_start, self._dialect(step))

    def _dialect(self, step: Step) -> str:
        """The dialect in which the engine gets the SQL of a step: its own where the step is written in it."""
        return self.engine.dialect if step.dialect == self.engine.dialect else CANONICAL_DIALECT

    def _publish(
        self, parts: Sequence[Staged], run: str, step: Step, inputs: Mapping[date, Inputs], began: float
    ) -> tuple[Record, ...]:
        contents = [part.content for part in parts]  # may fail: then nothing is published or forgotten
        if not self.engine.stores_run_id:
            self.forget(step.into.name, [part.ds for part in parts])
        stamps = self.engine.publish(parts)
        share = round((time.monotonic() - began) / len(parts), 6)
        return tuple(
            Record(
                step.into.name,
                part.ds,
                run,
                part.rows,
                part.bytes,
                content,
                step.fingerprint,
                inputs_digest(inputs[part.ds]),
                inputs[part.ds],
                datetime.now(UTC),
                share,
                stamp,
                self.engine.dialect,
                replace(part.slices, code=step.slice_code) if part.slices else None,
            )
            for part, content, stamp in zip(parts, contents, stamps, strict=True)
        )


def render_step(
    step: Step, schedule: Schedule, day: date, text: str | None = None, dialect: str = CANONICAL_DIALECT, **names: Any
) -> str:
    """The SQL of a step (or another of its texts) for a day, in this dialect."""
    source = step.sql or "" if text is None else text
    names = {"target": step.into.name, **names}
    settings: dict[str, Any] = {"params": step.params, "where": step.where, "macros": step.macros, "to_run": True}
    sql = render(source, day, schedule=schedule, **settings, **names).text
    if step.dialect == dialect:
        return sql.strip().rstrip(";")
    from drawloom.sql.dialect import transpile

    return transpile(sql, step.dialect, dialect, day=day)


def day_sql(
    step: Step,
    schedule: Schedule,
    day: date,
    inputs: Inputs,
    range_start: date | None = None,
    dialect: str = CANONICAL_DIALECT,
) -> str:
    """The SQL that runs for a day; with ``range_start`` its backfill SQL from that day on; empty for a Python step."""
    if step.call:
        return ""
    if range_start is None:
        return render_step(step, schedule, day, None, dialect, is_incremental=_is_incremental(step, inputs))
    return _only_days([day], _range_sql(step, schedule, range_start, day, inputs, dialect), range_start)


def _only_days(days: Sequence[date], text: str, range_start: date) -> str:
    """SQL for these days of a range. Rows outside of the range stay, so that they are refused and not lost."""
    wanted = frozenset(days)
    between = (range_start + timedelta(days=n) for n in range((max(days) - range_start).days))
    others = ", ".join(f"DATE {quote.value(ds.isoformat())}" for ds in between if ds not in wanted)
    if not others:
        return text
    return f"SELECT * FROM (\n{text}\n) AS days WHERE coalesce(TRY_CAST({KEY} AS DATE) NOT IN ({others}), TRUE)"


def _range_sql(step: Step, schedule: Schedule, range_start: date, last: date, inputs: Inputs, dialect: str) -> str:
    names: dict[str, Any] = {"start": range_start.isoformat(), "end": last.isoformat()}
    names["is_incremental"] = _is_incremental(step, inputs)
    return render_step(step, schedule, last, step.backfill_sql, dialect, **names)


def _own_days(step: Step, reads: Iterable[Read], day: date, days: Iterable[date]) -> list[date]:
    """The earlier days of its own table, out of those written in the same pass, that a day reads."""
    spans = [span for read in reads if read.table == step.into.name for span in read.on(day)]
    return [ds for ds in days if ds < day and covers(spans, ds)]


def _has_first_run_branch(step: Step) -> bool:
    """Whether its SQL has another form for the first run, as dbt's incremental models have."""
    return "is_incremental" in f"{step.sql} {step.backfill_sql}"


def _is_incremental(step: Step, inputs: Inputs) -> Callable[[], bool]:
    """dbt's ``is_incremental()``: whether there are earlier rows to continue from. SQL analysis assumes there are."""
    past = {*step.resumes_from, *([step.into.name] if step.reads_own_past else [])}
    has_past = not past or any(inputs.get(table) for table in past)
    return lambda: has_past


_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}")


def _render_days(step: Step, schedule: Schedule, days: Sequence[date], dialect: str) -> dict[date, str]:
    """The SQL of each day, which must differ in dates only: anything else could change the types of columns."""
    texts = {day: render_step(step, schedule, day, None, dialect) for day in days}
    if len({_DATE.sub("", text) for text in texts.values()}) > 1:
        message = f"The SQL of {step.name} differs from day to day in more than dates; its days are run one by one."
        raise RunError(Problem("apart", "error", message, step.where))
    return texts


def run_checks(
    task: Task, step: Step, schedule: Schedule, parts: Sequence[Staged], columns_of: ColumnsOf, *, first: bool = False
) -> dict[date, list[str]]:
    """Run the checks on staged partitions; the result is the warnings by day.

    ``first`` means that the table has no partition and no declared columns yet.

    Raises:
        RunError: a check of severity error found rows, or cannot run; the partitions must not be published.
    """
    found: list[tuple[date, str]] = []
    if first and any(check.reads for check in step.checks):
        for part in parts:
            task.add_view(part, step.into.name)  # a check that reads earlier days finds the table without any
            found += _audit(task, step, schedule, [part], columns_of)
    elif step.checks:
        found += _audit(task, step, schedule, parts, columns_of)
    warnings: dict[date, list[str]] = {}
    for ds, message in found:
        warnings.setdefault(ds, []).append(message)
    return warnings


def _audit(
    task: Task, step: Step, schedule: Schedule, parts: Sequence[Staged], columns_of: ColumnsOf
) -> Iterator[tuple[date, str]]:
    """The day and message of each failing check. Checks ``by_row`` are first run on all days at once: most find nothing."""
    by_row = [check for check in step.checks if check.by_row and len(parts) > 1]
    clean = {check for check in by_row if not _find_failing(task, [_check_query(task, step, check, schedule, *parts)])}
    rest = [
        _check_query(task, step, check, schedule, part) for part in parts for check in step.checks if check not in clean
    ]
    failing = _find_failing(task, rest)
    problems = [failed_check(task, step, check, ds, sql, columns_of) for check, ds, sql in failing]
    if any(problem.severity == "error" for problem in problems):
        raise RunError(*sorted(problems, key=lambda problem: problem.severity != "error"))
    yield from ((ds, problem.message) for (_, ds, _), problem in zip(failing, problems, strict=True))


_CheckQuery = tuple[Check, date, str]


def _check_query(task: Task, step: Step, check: Check, schedule: Schedule, *parts: Staged) -> _CheckQuery:
    """A check, its day, and the SELECT of the rows that it finds in these partitions."""
    ds = parts[0].ds
    rendered = render(check.sql, ds, schedule=schedule, staged="staged", macros=step.macros, to_run=True)
    sql = rendered.text.strip().rstrip(";")
    rows = " UNION ALL ".join(map(task.partition_sql, parts))
    return check, ds, f"WITH staged AS ({rows}) SELECT * FROM (\n{sql}\n) AS c"


def _find_failing(task: Task, queries: Sequence[_CheckQuery]) -> list[_CheckQuery]:
    """The checks that find rows, out of one query for all of them: most partitions pass all of their checks."""
    if not queries:
        return []
    parts = [f"(SELECT {n} AS n FROM ({sql}) AS v LIMIT 1)" for n, (_, _, sql) in enumerate(queries)]
    failing = {n for (n,) in task.fetch(" UNION ALL ".join(parts))}
    return [query for n, query in enumerate(queries) if n in failing]


def new_run_id() -> str:
    """The id of one write."""
    return uuid.uuid4().hex[:16]


def file_metadata(run: str, step: Step, inputs: Inputs, own_days: Sequence[date] = ()) -> dict[str, str]:
    """The metadata of a partition's file, from which the registry can be restored.

    ``own_days`` are earlier days of its own table that it reads and that are written in the same pass: their content
    hashes are not known yet.
    """
    own = {"own_days": json.dumps([ds.isoformat() for ds in own_days])} if own_days else {}
    sliced = (
        {"sliced_by": step.into.sliced_by, "slice_code": json.dumps(step.slice_code)} if step.into.sliced_by else {}
    )
    return {"run": run, "code": step.fingerprint, "inputs": json.dumps(inputs, sort_keys=True), **own, **sliced}


def _visible_days(contents: Mapping[str, str]) -> list[date] | None:
    return None if "" in contents else [date.fromisoformat(ds) for ds in sorted(contents)]


def _merge_inputs(each: Iterable[Inputs]) -> Inputs:
    merged: dict[str, dict[str, str]] = {}
    for inputs in each:
        for table, contents in inputs.items():
            merged.setdefault(table, {}).update(contents)
    return merged
