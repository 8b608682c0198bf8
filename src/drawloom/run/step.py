"""Running one step for one day: the one code path that every runner calls."""

from __future__ import annotations

import json
import re
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from drawloom.engines import quote
from drawloom.engines.base import HOUSE
from drawloom.model import (
    KEY,
    Check,
    Column,
    DrawloomError,
    Fix,
    Inputs,
    Problem,
    Record,
    RunError,
    Schedule,
    Step,
    Where,
    seen,
)
from drawloom.run.needs import holds
from drawloom.sql.template import render

if TYPE_CHECKING:
    import pyarrow as pa

    from drawloom.engines.base import Engine, Staged, Task


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of a step left: the records and columns to keep, and the warnings of its checks by day."""

    records: tuple[Record, ...]
    columns: tuple[Column, ...]
    warnings: Mapping[date, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What a Python step is given (see model.StepContext)."""

    ds: date
    _task: Task

    def read(self, table: str) -> pa.Table:
        """The declared days of a declared table."""
        return self._task.query(f"SELECT * FROM {quote.dotted(table.split('.'))}")

    def query(self, sql: str) -> pa.Table:
        """The answer to a SELECT over the declared tables."""
        return self._task.query(sql)


@dataclass(frozen=True, slots=True)
class StepRunner:
    """Runs steps on an engine.

    ``known`` are the columns of each table, as the newest partition or else its spec has them: a table that has
    no partition yet, such as a step's own past on its first day, is then read as one without rows.
    ``forget`` is called before partitions are published that do not say which run wrote them: a crash must not leave
    them with the record of the old ones.
    """

    engine: Engine
    known: Mapping[str, tuple[Column, ...]]
    forget: Callable[[str, Iterable[date]], None] = lambda _table, _days: None

    def run(self, step: Step, schedule: Schedule, day: date, inputs: Inputs, since: date | None = None) -> Ran:
        """Render, execute, check and publish one partition; with ``since`` by the backfill SQL from that day on.

        Raises:
            RunError: the engine or a check said no; nothing was published.
        """
        began = time.monotonic()
        run = new_run()
        with self._task(step, inputs) as task:
            text = self._text(step, schedule, day, inputs, since)
            staged = self._stage(task, step, text, day, meta(run, step, inputs))
            warnings = run_checks(task, step, schedule, [staged], first=self._first(step))
            records = self._publish([staged], run, step, {day: inputs}, began)
        return Ran(records, staged.columns, warnings)

    def run_range(
        self, step: Step, schedule: Schedule, inputs: Mapping[date, Inputs], since: date | None = None
    ) -> Ran:
        """Fill all days of ``inputs`` in one pass; each lands as its own partition.

        With ``since`` the step's backfill SQL gives them, computed from that day on; without, the SELECTs of the days
        are run together.

        Raises:
            RunError: as ``run``; without backfill SQL the days may have to be run one by one (code apart).
        """
        began, run, days = time.monotonic(), new_run(), sorted(inputs)
        metas = {day: meta(run, step, seen) for day, seen in inputs.items()}
        everything = _united(inputs.values())
        with self._task(step, everything) as task:
            if since:
                text = _range_text(step, schedule, since, days[-1], everything, self._dialect(step))
                text = _only(days, text, since)
                staged = task.stage_range(step.into, text, metas, self._known(step), self._dialect(step))
            else:
                texts = _texts(step, schedule, days, self._dialect(step))
                staged = task.stage_days(step.into, texts, metas, self._known(step), self._dialect(step))
            warnings = run_checks(task, step, schedule, staged, first=self._first(step))
            made = {part.ds: part.content for part in staged}
            own = {part.ds: _with_own(step, inputs[part.ds], part.ds, made) for part in staged}
            records = self._publish(staged, run, step, own, began)
        return Ran(records, staged[-1].columns, warnings)

    def preview(
        self, step: Step, schedule: Schedule, day: date, inputs: Inputs, limit: int, since: date | None = None
    ) -> pa.Table:
        """The first rows that a step would write, without writing."""
        with self._task(step, inputs) as task:
            if step.call:
                return _call(step, day, task).slice(0, limit)
            text = self._text(step, schedule, day, inputs, since)
            return task.query(f"SELECT * FROM (\n{text}\n) AS preview LIMIT {int(limit)}", self._dialect(step))

    @contextmanager
    def staged(
        self, step: Step, schedule: Schedule, day: date, inputs: Inputs, since: date | None = None
    ) -> Iterator[tuple[Task, Staged]]:
        """A partition that is made and shown as ``staged`` but never published."""
        with self._task(step, inputs) as task:
            text = self._text(step, schedule, day, inputs, since)
            part = self._stage(task, step, text, day, meta(new_run(), step, inputs))
            task.show(part)
            yield task, part

    @contextmanager
    def _task(self, step: Step, inputs: Inputs) -> Iterator[Task]:
        """The engine's task for a step; what it raises gets the step's place where it has none."""
        tables = {*inputs, *(read.table for read in step.reads)}
        tables |= {read.table for check in step.checks for read in check.reads}
        if self._first(step) and not step.past:
            tables.discard(step.into.name)
        if _begins(step):
            tables -= {table for table in tables if not inputs.get(table) and table not in self.known}
        visible = {table: _days(inputs.get(table, {})) for table in sorted(tables)}
        columns = {table: self.known[table] for table in tables if table in self.known}
        try:
            with self.engine.task(visible, columns) as task:
                yield task
        except DrawloomError as error:
            error.problems = tuple(p if p.where.file else replace(p, where=step.where) for p in error.problems)
            raise

    def _first(self, step: Step) -> bool:
        return step.into.name not in self.known

    def _known(self, step: Step) -> tuple[Column, ...]:
        return step.into.columns or self.known.get(step.into.name, ())

    def _stage(self, task: Task, step: Step, text: str, day: date, meta: Mapping[str, str]) -> Staged:
        if step.call:
            return task.stage_arrow(step.into, day, _call(step, day, task), meta, self._known(step))
        return task.stage(step.into, day, text, meta, self._known(step), self._dialect(step))

    def _text(self, step: Step, schedule: Schedule, day: date, inputs: Inputs, since: date | None) -> str:
        return day_text(step, schedule, day, inputs, since, self._dialect(step))

    def _dialect(self, step: Step) -> str:
        """What the texts of a step are said in: the engine's own dialect where it is written so."""
        return self.engine.dialect if step.dialect == self.engine.dialect else HOUSE

    def _publish(
        self, parts: Sequence[Staged], run: str, step: Step, inputs: Mapping[date, Inputs], began: float
    ) -> tuple[Record, ...]:
        contents = [part.content for part in parts]  # waits: what cannot be measured is neither published nor forgotten
        if not self.engine.signs:
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
                seen(inputs[part.ds]),
                inputs[part.ds],
                datetime.now(UTC),
                share,
                stamp,
                self.engine.dialect,
            )
            for part, content, stamp in zip(parts, contents, stamps, strict=True)
        )


def _call(step: Step, day: date, task: Task) -> pa.Table:
    """Run a Python step; what the user's code raises comes out as a RunError that names its line."""
    assert step.call is not None
    try:
        return step.call(Context(day, task))
    except DrawloomError:
        raise
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        message = f"step == {step.name!r}, raised {type(error).__name__}: {error}."
        raise RunError(Problem("step-failed", "error", message, Where(frame.filename, frame.lineno))) from error


def rendered(
    step: Step, schedule: Schedule, day: date, text: str | None = None, dialect: str = HOUSE, **names: Any
) -> str:
    """The SQL that runs for a day, in this dialect."""
    source = step.sql or "" if text is None else text
    sql = render(source, day, schedule=schedule, params=step.params, where=step.where, **names).text
    if step.dialect == dialect:
        return sql.strip().rstrip(";")
    from drawloom.sql.dialect import transpile

    return transpile(sql, step.dialect, dialect)


def day_text(
    step: Step, schedule: Schedule, day: date, inputs: Inputs, since: date | None = None, dialect: str = HOUSE
) -> str:
    """The SQL that runs for a day; with ``since`` that of its backfill SQL from that day on; empty for a Python step."""
    if step.call:
        return ""
    if since is None:
        return rendered(step, schedule, day, None, dialect, is_incremental=_is_incremental(step, inputs))
    return _only([day], _range_text(step, schedule, since, day, inputs, dialect), since)


def _only(days: Sequence[date], text: str, since: date) -> str:
    """A range without the days in it that are not wanted; a row of any other day is left to be refused."""
    wanted = frozenset(days)
    between = (since + timedelta(days=n) for n in range((max(days) - since).days))
    others = ", ".join(f"DATE {quote.value(ds.isoformat())}" for ds in between if ds not in wanted)
    if not others:
        return text
    return f"SELECT * FROM (\n{text}\n) AS days WHERE coalesce(TRY_CAST({KEY} AS DATE) NOT IN ({others}), TRUE)"


def _range_text(step: Step, schedule: Schedule, since: date, last: date, inputs: Inputs, dialect: str) -> str:
    names: dict[str, Any] = {"start": since.isoformat(), "end": last.isoformat()}
    names["is_incremental"] = _is_incremental(step, inputs)
    return rendered(step, schedule, last, step.backfill_sql, dialect, **names)


def _with_own(step: Step, inputs: Inputs, day: date, made: Mapping[date, str]) -> Inputs:
    """The inputs of a day, and the days before it of its own table that were made in the same pass."""
    spans = [span for read in step.reads if read.table == step.into.name for span in read.on(day)]
    own = {ds.isoformat(): content for ds, content in made.items() if ds < day and any(holds(s, ds) for s in spans)}
    return {**inputs, step.into.name: {**inputs.get(step.into.name, {}), **own}} if own else inputs


def _begins(step: Step) -> bool:
    """Whether its SQL has another form for when there is nothing of the past yet."""
    return "is_incremental" in f"{step.sql} {step.backfill_sql}"


def _is_incremental(step: Step, inputs: Inputs) -> Callable[[], bool]:
    """dbt's question, whether there are earlier rows to go on from; as a reading of the text always assumes."""
    past = {*step.resumes_from, *([step.into.name] if step.past else [])}
    there = not past or any(inputs.get(table) for table in past)
    return lambda: there


_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}")


def _texts(step: Step, schedule: Schedule, days: Sequence[date], dialect: str) -> dict[date, str]:
    """The SQL of each day, where they differ by dates only: anything else could change the types of columns."""
    texts = {day: rendered(step, schedule, day, None, dialect) for day in days}
    if len({_DATE.sub("", text) for text in texts.values()}) > 1:
        message = f"texts of {step.name} == different from day to day, must be run one by one."
        raise RunError(Problem("apart", "error", message, step.where))
    return texts


def run_checks(
    task: Task, step: Step, schedule: Schedule, parts: Sequence[Staged], *, first: bool = False
) -> dict[date, list[str]]:
    """Audit staged partitions: warnings come back by day, the first failing check of severity error raises.

    ``first`` says that the table has no partition and no declared columns yet.

    Raises:
        RunError: a check found rows, or cannot run; the partitions must not be published.
    """
    found: list[tuple[date, str]] = []
    if first and any(check.reads for check in step.checks):
        for part in parts:
            task.show(part, step.into.name)  # a check that looks back finds the table, and no earlier day in it
            found += _audit(task, step, schedule, [part])
    elif step.checks:
        found += _audit(task, step, schedule, parts)
    warnings: dict[date, list[str]] = {}
    for ds, said in found:
        warnings.setdefault(ds, []).append(said)
    return warnings


def _audit(task: Task, step: Step, schedule: Schedule, parts: Sequence[Staged]) -> Iterator[tuple[date, str]]:
    by_row = [check for check in step.checks if check.by_row and len(parts) > 1]
    clean = {check for check in by_row if not _failing(task, [_asked(task, check, schedule, *parts)])}
    asked = [_asked(task, check, schedule, part) for part in parts for check in step.checks if check not in clean]
    for check, ds, sql in _failing(task, asked):
        found = task.query(f"{sql} LIMIT 1").to_pylist()
        row = json.dumps(found[0], default=str, ensure_ascii=False)[:300]
        said = f"check == {check.name!r}, must find no rows in {ds}; it found {row}."
        if check.severity == "error":
            fix = Fix("Nothing was published; mend the SELECT or its input, or lower the check to severity: warn.")
            raise RunError(Problem("check-failed", "error", said, step.where, fix))
        yield ds, said


_Asked = tuple[Check, date, str]


def _asked(task: Task, check: Check, schedule: Schedule, *parts: Staged) -> _Asked:
    """A check, its day, and the SELECT of what it finds wrong in these partitions."""
    ds = parts[0].ds
    sql = render(check.sql, ds, schedule=schedule, staged="staged").text.strip().rstrip(";")
    rows = " UNION ALL ".join(map(task.rows, parts))
    return check, ds, f"WITH staged AS ({rows}) SELECT * FROM (\n{sql}\n) AS c"


def _failing(task: Task, asked: Sequence[_Asked]) -> list[_Asked]:
    """Those that find rows, asked all at once: most partitions pass all of their checks."""
    if not asked:
        return []
    parts = [f"(SELECT {n} AS n FROM ({sql}) AS v LIMIT 1)" for n, (_, _, sql) in enumerate(asked)]
    failing = {n for (n,) in task.fetch(" UNION ALL ".join(parts))}
    return [one for n, one in enumerate(asked) if n in failing]


def new_run() -> str:
    """The id of one write."""
    return uuid.uuid4().hex[:16]


def meta(run: str, step: Step, inputs: Inputs) -> dict[str, str]:
    """What a partition's file says of itself, so that the registry can be rebuilt from the files."""
    return {"run": run, "code": step.fingerprint, "inputs": json.dumps(inputs, sort_keys=True)}


def _days(contents: Mapping[str, str]) -> list[date] | None:
    return None if "" in contents else [date.fromisoformat(ds) for ds in sorted(contents)]


def _united(many: Iterable[Inputs]) -> Inputs:
    united: dict[str, dict[str, str]] = {}
    for inputs in many:
        for table, contents in inputs.items():
            united.setdefault(table, {}).update(contents)
    return united
