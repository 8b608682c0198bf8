"""The local runner: executes a plan in threads, with retries and progress."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date
from queue import SimpleQueue
from typing import Literal

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from drawloom.model import Column, DrawloomError, Inputs, Record, seen
from drawloom.run.plan import Cell, Plan, State
from drawloom.run.registry import Registry
from drawloom.run.step import Ran, StepRunner
from drawloom.run.works import Work, predecessors, schedule_works
from drawloom.run.world import World

_AGAIN = 0.2  # seconds
Outcome = Literal["written", "unchanged", "fresh", "failed", "blocked", "stopped"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one partition.

    written: new content. unchanged: made again with the same content. fresh: its inputs came out as they were, so
    there was nothing to do. failed: see ``error``. blocked: an input failed. stopped: not done when the run was stopped.
    """

    pipeline: str
    table: str
    ds: date
    outcome: Outcome
    rows: int = 0
    seconds: float = 0.0
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """All results of a run; ``interrupted`` when it was stopped before its end."""

    results: Sequence[Result] = ()
    waiting: tuple[Cell, ...] = ()
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 fine, 1 something failed, 3 waiting for data, 130 interrupted."""
        if self.interrupted:
            return 130
        if any(result.outcome in {"failed", "blocked"} for result in self.results):
            return 1
        return 3 if self.waiting else 0


Listener = Callable[[Result], None]


class LocalRunner:
    """Runs plans: topological, parallel, one bad step does not stop independent ones."""

    def __init__(self, steps: StepRunner, registry: Registry, world: World, *, jobs: int, first_wait: float = 0.5):
        self._steps = steps
        self._registry = registry
        self._world = world
        self._jobs = jobs
        self._first_wait = first_wait
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._columns: dict[str, tuple[Column, ...]] = dict(steps.known)
        self._recorded = registry.columns()

    def run(self, plan: Plan, listener: Listener = lambda _: None) -> Summary:
        """Write every partition that the plan wants; each result is told to the listener as it comes."""
        queue = _Queue(plan, self._jobs, listener)
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="drawloom") as pool:
            try:
                for work in queue:
                    queue.begun(work, pool.submit(self._work, work))
            except KeyboardInterrupt:
                self._stop(queue)
        queue.take_done()
        return Summary(queue.results, plan.waiting, interrupted=self._stopping.is_set())

    def _stop(self, queue: _Queue) -> None:
        """Stop what runs. It is said until it is heard: what is between two statements just then would go on."""
        self._stopping.set()
        over = False
        while not over:
            self._steps.engine.interrupt()
            over = queue.rest(_AGAIN)

    def _work(self, work: Work) -> list[Result]:
        if self._stopping.is_set():
            return [_result(cell, "stopped") for cell in work.cells]
        try:
            return self._try(work)
        except DrawloomError as error:
            if work.together:
                return [result for cell in work.cells for result in self._work(Work((cell,)))]
            return self._failed(work, str(error))

    def _try(self, work: Work) -> list[Result]:
        inputs = {cell.ds: self._inputs(cell) for cell in work.cells}
        cells = self._outdated(work, inputs)
        fresh = [_result(cell, "fresh") for cell in work.cells if cell not in cells]
        if not cells:
            return fresh
        for attempt in self._retrying(0 if work.together else cells[0].pipeline.retries):
            with attempt:
                ran = self._run(cells, inputs)
        return fresh + self._keep(cells, ran)

    def _outdated(self, work: Work, inputs: Mapping[date, Inputs]) -> list[Cell]:
        """The cells to run; where days go on from each other, all from the first that is not as it should be."""
        cells = list(work.cells)
        stale = [not self._still_fresh(cell, inputs[cell.ds]) for cell in cells]
        if work.first.step.past and any(stale):
            return cells[stale.index(True) :]
        return [cell for cell, wanted in zip(cells, stale, strict=True) if wanted]

    def _run(self, cells: Sequence[Cell], inputs: Mapping[date, Inputs]) -> Ran:
        cell = cells[0]
        steps = StepRunner(self._steps.engine, self._columns, self._registry.forget)
        if len(cells) == 1:
            return steps.run(cell.step, cell.pipeline.schedule, cell.ds, inputs[cell.ds], cell.since)
        since = Work(tuple(cells)).since
        return steps.run_range(cell.step, cell.pipeline.schedule, {c.ds: inputs[c.ds] for c in cells}, since)

    def _keep(self, cells: Sequence[Cell], ran: Ran) -> list[Result]:
        table = cells[0].step.into.name
        with self._lock:
            changed = self._recorded.get(table) != ran.columns
            self._recorded[table] = ran.columns
            self._columns = {**self._columns, table: ran.columns}
            old = {cell.key: self._world.records.get(table, {}).get(cell.ds) for cell in cells}
            for record in ran.records:
                self._world.produced(record)
        self._registry.save(ran.records, {table: ran.columns} if changed else None)
        results = [_written(cells[0].pipeline.name, record, old[table, record.ds], ran) for record in ran.records]
        return [self._call_back(cells[0], result) for result in results]

    def _inputs(self, cell: Cell) -> Inputs:
        with self._lock:
            return self._world.inputs(cell.needs.seen)

    def _still_fresh(self, cell: Cell, inputs: Inputs) -> bool:
        """Early cutoff: the inputs were made again and came out as they were."""
        record = self._world.records.get(cell.step.into.name, {}).get(cell.ds)
        if cell.state is not State.STALE or record is None or not cell.reason.startswith("input"):
            return False
        return record.code == cell.step.fingerprint and record.seen == seen(inputs)

    def _failed(self, work: Work, error: str) -> list[Result]:
        if self._stopping.is_set():
            return [_result(cell, "stopped") for cell in work.cells]
        for cell in work.cells:
            self._registry.fail(cell.step.into.name, cell.ds, error)
        return [self._call_back(cell, _result(cell, "failed", error)) for cell in work.cells]

    def _retrying(self, retries: int) -> Retrying:
        return Retrying(
            stop=stop_after_attempt(retries + 1),
            wait=wait_exponential(self._first_wait, max=30),
            retry=retry_if_exception(self._transient),
            sleep=self._pause,
            reraise=True,
        )

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _transient(self, error: BaseException) -> bool:
        """Whether trying again may help: a query that does not bind, or bad data, will not get better."""
        if self._stopping.is_set() or not isinstance(error, DrawloomError):
            return False
        return any(problem.code in TRANSIENT for problem in error.problems)

    def _call_back(self, cell: Cell, result: Result) -> Result:
        call = cell.pipeline.on_failure if result.outcome == "failed" else cell.pipeline.on_success
        if call is None:
            return result
        try:
            call(result)
        except Exception as error:
            warning = f"callback == {call!r}, raised {type(error).__name__}: {error}."
            return _result(cell, result.outcome, result.error, result.rows, result.seconds, (*result.warnings, warning))
        return result


class _Queue:
    """Hands out works as those before them are done; what follows a failure comes out as blocked."""

    def __init__(self, plan: Plan, jobs: int, listener: Listener) -> None:
        self.results: list[Result] = []
        self._running: dict[Future[list[Result]], Work] = {}
        self._done: SimpleQueue[Future[list[Result]]] = SimpleQueue()
        self._works, self._sorter = schedule_works(plan.todo, jobs)
        self._number = {work.first.key: number for number, work in enumerate(self._works)}
        self._before = predecessors(self._works)
        self._bad: set[int] = set()
        self._listener = listener

    def __iter__(self) -> Iterator[Work]:
        while self._sorter.is_active():
            for number in self._sorter.get_ready():
                if self._before[number] & self._bad:
                    self._take(self._works[number], [_result(cell, "blocked") for cell in self._works[number].cells])
                else:
                    yield self._works[number]
            if self._running:
                self._end(self._done.get())
                self.take_done()

    def begun(self, work: Work, future: Future[list[Result]]) -> None:
        """Know of a work that runs; waiting for its future among thousands would cost more than the work."""
        self._running[future] = work
        future.add_done_callback(self._done.put)

    def rest(self, seconds: float) -> bool:
        """Whether nothing runs any more within that time."""
        return not wait(self._running, seconds).not_done

    def take_done(self) -> None:
        """Take in the results of the works that have ended."""
        while not self._done.empty():
            self._end(self._done.get())

    def _end(self, future: Future[list[Result]]) -> None:
        self._take(self._running.pop(future), future.result())

    def _take(self, work: Work, results: list[Result]) -> None:
        number = self._number[work.first.key]
        if any(result.outcome in {"failed", "blocked", "stopped"} for result in results):
            self._bad.add(number)
        self.results += results
        for result in results:
            self._listener(result)
        self._sorter.done(number)


TRANSIENT = frozenset({"engine-io", "engine-memory", "step-failed"})


def _written(pipeline: str, record: Record, old: Record | None, ran: Ran) -> Result:
    outcome: Outcome = "unchanged" if old and old.content == record.content else "written"
    return Result(
        pipeline,
        record.table,
        record.ds,
        outcome,
        record.rows,
        record.seconds,
        "",
        tuple(ran.warnings.get(record.ds, ())),
    )


def _result(
    cell: Cell,
    outcome: Outcome,
    error: str = "",
    rows: int = 0,
    seconds: float = 0.0,
    warnings: tuple[str, ...] = (),
) -> Result:
    return Result(cell.pipeline.name, cell.step.into.name, cell.ds, outcome, rows, seconds, error, warnings)
