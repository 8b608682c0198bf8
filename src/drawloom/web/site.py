"""The project that people look at: read again when its files change, its status kept until something is written."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from drawloom.frameworks.page import Row
from drawloom.model import DrawloomError, Pipeline, digest
from drawloom.run.aside import Workers
from drawloom.run.background import RunRequest, Runs
from drawloom.run.background.runs import window_of
from drawloom.run.causes import Causes
from drawloom.run.console import Rows
from drawloom.run.draft import Draft, check_length
from drawloom.run.pages import PageData, load_block, load_page
from drawloom.run.past_runs import PastRun, find_past_runs
from drawloom.run.plan import Plan, PlannedPartition, State
from drawloom.run.project import Project
from drawloom.run.snapshot import WarehouseSnapshot
from drawloom.run.spans import Span, find_spans
from drawloom.run.study import Study
from drawloom.run.table_list import TableInfo
from drawloom.run.unit_tests.load import Loaded, load_tests

Stamp = tuple[object, ...]
QUICK = 0.5  # seconds: a status that takes longer to find is found beside the requests, which get the one before
KEPT_PAGES = 4  # whose charts and tables are then files without asking again
READ_FOLDERS = ("specs", "macros", "tests")
GOOD = {State.FRESH, State.EXPIRED}
READ_SECONDS = 20.0  # that a text, or several that were sent together, may take to be read
GRACE = 3.0  # seconds
READERS = Workers(most=2, patience=2.0)  # of texts, for all projects
QUERIES = Workers(most=1, patience=0.2)  # of rows


@dataclass(frozen=True)
class TableStatus:
    """One table of a pipeline and the state of all its partitions, in the order of their days."""

    table: str
    pipeline: Pipeline
    partitions: Sequence[PlannedPartition]

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Its days as runs of equal states."""
        return find_spans(self.partitions)

    @cached_property
    def counts(self) -> dict[State, int]:
        """How many partitions are in each state, in the order of the states."""
        return {state: n for state in State if (n := sum(span.count for span in self.spans if span.state is state))}

    @cached_property
    def last_fresh(self) -> date | None:
        """The newest day that is up to date."""
        return next((span.last for span in reversed(self.spans) if span.state is State.FRESH), None)

    @cached_property
    def all_fresh(self) -> date | None:
        """The newest day up to which every day that is kept is up to date; None where the first one is not."""
        until = None
        for span in self.spans:
            if span.state not in GOOD:
                break
            until = span.last if span.state is State.FRESH else until
        return until

    @property
    def fresh_until(self) -> str:
        """Until which day it is up to date, in words."""
        return fresh_until([self])

    def find(self, ds: date) -> PlannedPartition | None:
        """The partition of a day."""
        at = bisect_left(self.partitions, ds, key=lambda one: one.ds)
        return self.partitions[at] if at < len(self.partitions) and self.partitions[at].ds == ds else None

    def newest(self, most: int) -> TableStatus:
        """The same with the newest partitions only."""
        return TableStatus(self.table, self.pipeline, self.partitions[-most:])

    def between(self, first: date | None, last: date | None) -> TableStatus:
        """The same with the partitions of these days only."""
        if first is None and last is None:
            return self
        start = bisect_left(self.partitions, first or date.min, key=lambda one: one.ds)
        end = bisect_right(self.partitions, last or date.max, key=lambda one: one.ds)
        return TableStatus(self.table, self.pipeline, self.partitions[start:end])


def fresh_until(tables: Sequence[TableStatus]) -> str:
    """Until which day all of these tables are up to date, and which newer one is, in words."""
    days = [one.all_fresh for one in tables]
    newest = max((one.last_fresh for one in tables if one.last_fresh), default=None)
    all_fresh = None if None in days else min((day for day in days if day), default=None)
    if newest is None:
        return "no day"
    if all_fresh is None:
        return f"no day, in part to {newest}"
    ends = {one.last_fresh for one in tables}
    return str(all_fresh) if ends == {all_fresh} else f"{all_fresh}, in part to {newest}"


@dataclass(frozen=True, eq=False)
class Status:
    """The state of every partition, from which snapshot and when it was found, and how many seconds that took."""

    plan: Plan
    snapshot: WarehouseSnapshot
    tables: Mapping[str, TableStatus]
    state: Stamp
    at: datetime
    seconds: float

    @cached_property
    def causes(self) -> Causes:
        """Why partitions are as they are."""
        return Causes(self.plan)

    def because(self, table: str, ds: date) -> tuple[str, str]:
        """What the state of a partition began with in words, where it has a cause, and the page of that."""
        one = self.tables[table].find(ds)
        words, name, day = self.causes.because(one) if one else ("", "", None)
        page = "partitions" if name in self.snapshot.contents or name in self.tables else "tables"
        return words, f"{page}/{name}{f'/{day}' if day else ''}"

    @property
    def max_age(self) -> float:
        """The seconds for which it is kept although files of sources may have come: longer where finding it is slow."""
        return max(3.0, 20 * self.seconds)


class Patience:
    """The time that is left for all texts of one request."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left; a little at least, so that it is said of each text that it takes too long."""
        return max(self._end - time.monotonic(), 0.5)


class Site:
    """One project, for many requests at once.

    ``project`` and ``status`` cost a look at the files of the project and its registry, unless something changed.

    Args:
        root: the folder of the project.
        deploy: brings saved specs to where they are scheduled; nothing by default, as they are read where they lie.
    """

    def __init__(self, root: Path, deploy: Callable[[Project], object] = lambda _: None) -> None:
        self.root = root.absolute()
        self._deploy = deploy
        self._lock = threading.RLock()
        self._status_lock = threading.Lock()  # of its own: finding a status takes long, and nobody else waits for it
        self._project: tuple[Stamp, Project] | None = None
        self._retired: list[Project] = []
        self._status: Status | None = None
        self._known: tuple[Project, str] | None = None
        self._tables: tuple[Status, list[TableInfo]] | None = None
        self._tests: tuple[Project, list[Loaded]] | None = None
        self._asked: tuple[Status, RunRequest, Plan] | None = None
        self._past: tuple[object, list[PastRun]] | None = None
        self._pages: OrderedDict[tuple[str, tuple[tuple[str, str], ...]], tuple[Stamp, PageData]] = OrderedDict()
        self.runs = Runs(self.root)
        self._finding: threading.Thread | None = None

    @property
    def project(self) -> Project:
        """The project as its files say now.

        Raises:
            InputError: drawloom.yml cannot be read.
        """
        stamp = tuple(self._read_files())
        with self._lock:
            if self._project is None or self._project[0] != stamp:
                loaded = Project.load(self.root)
                if self._project:
                    self._retired.append(self._project[1])  # somebody may still read it
                self._project = stamp, loaded
            return self._project[1]

    def deploy(self) -> None:
        """Have what was saved scheduled.

        Raises:
            InputError: it cannot be; it is saved all the same.
        """
        with self._lock:
            self._deploy(self.project)

    def study(
        self, text: str, file: str, day: str = "", patience: Patience | None = None, beside: Sequence[Draft] = ()
    ) -> Study:
        """What a text would be as a spec, found out in another process; or why that could not be found out.

        Args:
            text: the text of the spec.
            file: its file.
            day: for which its SQL is shown.
            patience: what is left of the time for all texts that were sent together.
            beside: drafts of other files, whose tables it may read as if they were saved.
        """
        patience = patience or Patience(READ_SECONDS)
        try:
            check_length(text, file)
            given = {"text": text, "file": file, "day": day, "beside": list(beside)}
            found: Study = READERS.do("study", self.root, self._version(), patience.left, **given)
        except DrawloomError as error:
            return Study(Draft(text, file, problems=tuple(error.problems)), self.project.history.end)
        return found

    def advise(self, text: str, options: Mapping[str, str | None]) -> Any:
        """What a text reads and writes and what is wrong with it, as JSON, found out in another process.

        Raises:
            InputError: it cannot be read, or takes too long.
            RunError: many others are being read.
        """
        return READERS.do("advise", self.root, self._version(), READ_SECONDS, text=text, options=dict(options))

    def read_rows(self, sql: str) -> Rows:
        """The first rows of a SELECT within the limits of drawloom.yml, read in another process.

        Raises:
            InputError: it is no SELECT, reads something that is no table of the project, or takes too much.
            RunError: it fails, or another one is running.
        """
        seconds = self.project.config.ui.preview_seconds + GRACE  # it stops by itself, if it can
        found: Rows = QUERIES.do("read", self.root, self._version(), seconds, sql=sql)
        return found

    def _version(self) -> str:
        """Another text when the files of the project have changed."""
        project = self.project
        with self._lock:
            if self._known is None or self._known[0] is not project:
                self._known = project, digest([repr(self._project and self._project[0])])
            return self._known[1]

    @property
    def status(self) -> Status:
        """The state of every partition: that of now, or where finding it takes long, the newest that was found.

        Raises:
            InputError: drawloom.yml cannot be read.
            RunError: the registry or the engine cannot be reached.
        """
        project = self.project
        known, state = self._status, _state(project)
        if known and known.state == state and (datetime.now(UTC) - known.at).total_seconds() < known.max_age:
            return known
        if known and known.state[0] == state[0] and known.seconds > QUICK:
            self._find_status_aside(project, state)
            return known
        return self._find_status(project, state)

    @property
    def tables(self) -> list[TableInfo]:
        """All tables with what they hold, as old as the status."""
        status = self.status
        if self._tables is None or self._tables[0] is not status:
            self._tables = status, self.project.list_tables(status.snapshot)
        return self._tables[1]

    @property
    def unit_tests(self) -> list[Loaded]:
        """The unit tests of the specs, as far as they can be read; `drawloom check` tells what is wrong with others."""
        project = self.project
        if self._tests is None or self._tests[0] is not project:
            self._tests = project, load_tests(self.root)[0]
        return self._tests[1]

    def page(self, name: str, choices: Mapping[str, str]) -> PageData:
        """The page of a spec, a table or a family as it is now, with raw rows where the project allows that.

        Raises:
            InputError: the name or a choice is unknown, or it has no rows yet.
        """
        project = self.project
        state, key = _state(project), (name, tuple(sorted(choices.items())))
        data = load_page(project, name, choices, raw=project.config.ui.allow_preview)
        with self._lock:
            self._pages[key] = state, data
            while len(self._pages) > KEPT_PAGES:
                self._pages.popitem(last=False)
        return data

    def block_rows(self, name: str, choices: Mapping[str, str], block: str) -> Sequence[Row]:
        """The rows of one chart or table: those of the page that was just shown, while nothing was written since.

        Raises:
            InputError: the name, a choice or the block is unknown, or it has no rows yet.
        """
        project = self.project
        with self._lock:
            kept = self._pages.get((name, tuple(sorted(choices.items()))))
        if kept and kept[0] == _state(project):
            for one, rows in kept[1].blocks:
                if one.name == block:
                    return rows
        return load_block(project, name, choices, block)

    def plan(self, request: RunRequest) -> Plan:
        """What a request would write, as far as the status of the pages knows; of the last one it is kept."""
        status = self.status
        if self._asked is None or self._asked[:2] != (status, request):
            self._asked = status, request, request.plan(self.project, status.plan)
        return self._asked[2]

    @property
    def past_runs(self) -> list[PastRun]:
        """What ran outside of this UI, as far as the registry shows it, the newest first."""
        status, runs = self.status, self.runs.all()
        seen = status, tuple((folder.id, state) for folder, state in runs)
        if self._past is None or self._past[0] != seen:
            failures, failed_at = status.snapshot.failures, self.project.registry.failed_at()
            windows = [window_of(folder, state) for folder, state in runs]
            self._past = seen, find_past_runs(status.snapshot.records, failures, failed_at, windows)
        return self._past[1]

    def close(self) -> None:
        """Close what is open."""
        if self._finding:
            self._finding.join()
        with self._lock:
            for project in [*self._retired, *([self._project[1]] if self._project else [])]:
                project.close()
            self._retired, self._project, self._status, self._known = [], None, None, None

    def _find_status(self, project: Project, state: Stamp) -> Status:
        with self._status_lock:
            known = self._status
            if known and known.state == state and (datetime.now(UTC) - known.at).total_seconds() < known.max_age:
                return known  # found by another request in the meantime
            began = time.monotonic()
            plan, snapshot = project.observe()
            self._status = Status(plan, snapshot, _by_table(plan), state, datetime.now(UTC), time.monotonic() - began)
            return self._status

    def _find_status_aside(self, project: Project, state: Stamp) -> None:
        if self._finding is None or not self._finding.is_alive():
            self._finding = threading.Thread(
                target=self._find_status, args=(project, state), name="status", daemon=True
            )
            self._finding.start()

    def _read_files(self) -> Iterator[object]:
        """The settings and specs with their sizes and times."""
        files = [self.root / "drawloom.yml"]
        for folder in READ_FOLDERS:
            files += sorted(
                path for path in (self.root / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts
            )
        for path in files:
            try:
                found = path.stat()
            except OSError:
                continue
            yield str(path), found.st_size, found.st_mtime_ns


def _state(project: Project) -> Stamp:
    """What changes when the status does, but for files of sources and those that somebody deleted by hand."""
    return id(project), project.history.end, *project.registry.state()


def _by_table(plan: Plan) -> dict[str, TableStatus]:
    found: dict[str, list[PlannedPartition]] = {}
    for partition in plan.partitions:
        found.setdefault(partition.step.into.name, []).append(partition)
    for partitions in found.values():
        partitions.sort(key=lambda one: one.ds)
    return {table: TableStatus(table, found[table][0].pipeline, found[table]) for table in sorted(found)}
