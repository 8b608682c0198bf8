"""The local runner: executes a plan in threads of this process, with retries, progress and interrupts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import date
from queue import SimpleQueue
from typing import Literal

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from drawloom.model import Column, DrawloomError, Inputs, Record, inputs_digest
from drawloom.run.batches import Batch, predecessors, schedule_batches
from drawloom.run.plan import Key, Plan, PlannedPartition, State
from drawloom.run.registry import Registry
from drawloom.run.snapshot import WarehouseSnapshot
from drawloom.run.step_runner import StepResult, StepRunner

_INTERRUPT_INTERVAL = 0.2  # seconds
Outcome = Literal["written", "unchanged", "fresh", "failed", "skipped", "stopped"]


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one partition.

    written: new content. unchanged: written again with the same content. fresh: its inputs were rebuilt and did not
    change, so there was nothing to do. failed: see ``error``. skipped: an input failed, so it was not
    tried. stopped: the run was interrupted before it was written.
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
    """All results of a run; ``interrupted`` when it was stopped before its end, ``damaged`` as in the plan."""

    results: Sequence[Result] = ()
    waiting: tuple[PlannedPartition, ...] = ()
    interrupted: bool = False
    damaged: Mapping[Key, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 success, 1 something failed, 3 waiting for data, 130 interrupted."""
        if self.interrupted:
            return 130
        if any(result.outcome in {"failed", "skipped"} for result in self.results):
            return 1
        return 3 if self.waiting or self.damaged else 0


Listener = Callable[[Result], None]


class LocalRunner:
    """Runs plans: each partition after those it needs, in parallel; a failed step does not stop independent ones."""

    def __init__(
        self,
        step_runner: StepRunner,
        registry: Registry,
        snapshot: WarehouseSnapshot,
        *,
        jobs: int,
        first_wait: float = 0.5,
    ):
        self._step_runner = step_runner
        self._registry = registry
        self._snapshot = snapshot
        self._jobs = jobs
        self._first_wait = first_wait
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._columns: dict[str, tuple[Column, ...]] = dict(step_runner.known_columns)
        self._recorded = registry.columns()

    def run(self, plan: Plan, listener: Listener = lambda _: None) -> Summary:
        """Write every partition that the plan wants; the listener gets each result as it comes."""
        self._registry.require_writable()
        queue = _Queue(plan, self._jobs, listener)
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="drawloom") as pool:
            try:
                for batch in queue:
                    queue.add_running(batch, pool.submit(self._run_batch, batch))
            except KeyboardInterrupt:
                self._stop(queue)
        queue.collect_finished()
        return Summary(queue.results, plan.waiting, interrupted=self._stopping.is_set(), damaged=plan.damaged)

    def _stop(self, queue: _Queue) -> None:
        """Interrupt what runs, repeatedly: an interrupt between two statements of a step has no effect."""
        self._stopping.set()
        finished = False
        while not finished:
            self._step_runner.engine.interrupt()
            finished = queue.wait_until_idle(_INTERRUPT_INTERVAL)

    def _run_batch(self, batch: Batch) -> list[Result]:
        if self._stopping.is_set():
            return [_result(partition, "stopped") for partition in batch.partitions]
        try:
            return self._write(batch)
        except DrawloomError as error:
            if batch.is_multi_day:
                return [result for partition in batch.partitions for result in self._run_batch(Batch((partition,)))]
            return self._record_failure(batch, str(error))

    def _write(self, batch: Batch) -> list[Result]:
        inputs = {partition.ds: self._inputs(partition) for partition in batch.partitions}
        partitions = self._still_stale(batch, inputs)
        fresh = [_result(partition, "fresh") for partition in batch.partitions if partition not in partitions]
        if not partitions:
            return fresh
        for attempt in self._retrying(0 if batch.is_multi_day else partitions[0].pipeline.retries):
            with attempt:
                ran = self._run(partitions, inputs)
        return fresh + self._record(partitions, ran)

    def _still_stale(self, batch: Batch, inputs: Mapping[date, Inputs]) -> list[PlannedPartition]:
        """The partitions to write; of a step that reads its own past all from the first stale one on."""
        partitions = list(batch.partitions)
        stale = [not self._has_unchanged_inputs(partition, inputs[partition.ds]) for partition in partitions]
        if batch.first.step.reads_own_past and any(stale):
            return partitions[stale.index(True) :]
        return [partition for partition, is_stale in zip(partitions, stale, strict=True) if is_stale]

    def _run(self, partitions: Sequence[PlannedPartition], inputs: Mapping[date, Inputs]) -> StepResult:
        first = partitions[0]
        step, schedule = first.step, first.pipeline.schedule
        steps = replace(self._step_runner, known_columns=self._columns, forget=self._registry.forget)
        if len(partitions) == 1:
            return steps.run(step, schedule, first.ds, inputs[first.ds], first.range_start)
        days = {partition.ds: inputs[partition.ds] for partition in partitions}
        reads = {partition.ds: partition.needs.reads for partition in partitions}
        return steps.run_range(step, schedule, days, Batch(tuple(partitions)).range_start, reads)

    def _record(self, partitions: Sequence[PlannedPartition], ran: StepResult) -> list[Result]:
        table = partitions[0].step.into.name
        with self._lock:
            changed = self._recorded.get(table) != ran.columns
            self._recorded[table] = ran.columns
            self._columns = {**self._columns, table: ran.columns}
            old = {partition.key: self._snapshot.records.get(table, {}).get(partition.ds) for partition in partitions}
            for record in ran.records:
                self._snapshot.add(record)
        self._registry.save(ran.records, {table: ran.columns} if changed else None)
        results = [_written(partitions[0].pipeline.name, record, old[table, record.ds], ran) for record in ran.records]
        return [self._call_back(partitions[0], result) for result in results]

    def _inputs(self, partition: PlannedPartition) -> Inputs:
        with self._lock:
            return self._snapshot.inputs(partition.needs.visible, partition.step.slices)

    def _has_unchanged_inputs(self, partition: PlannedPartition, inputs: Inputs) -> bool:
        """Early cutoff: a partition is stale as an input is to be rebuilt, but the rebuilt input has the same content.

        Only then: one that is stale because its code changed, or because a user wants it, is written in any case.
        """
        record = self._snapshot.records.get(partition.step.into.name, {}).get(partition.ds)
        if (
            partition.state not in {State.STALE, State.SKIPPED}
            or record is None
            or not partition.reason.startswith("input")
        ):
            return False
        return record.code == partition.step.fingerprint and record.inputs_digest == inputs_digest(inputs)

    def _record_failure(self, batch: Batch, error: str) -> list[Result]:
        if self._stopping.is_set():
            return [_result(partition, "stopped") for partition in batch.partitions]
        for partition in batch.partitions:
            self._registry.fail(partition.step.into.name, partition.ds, error)
        return [self._call_back(partition, _result(partition, "failed", error)) for partition in batch.partitions]

    def _retrying(self, retries: int) -> Retrying:
        return Retrying(
            stop=stop_after_attempt(retries + 1),
            wait=wait_exponential(self._first_wait, max=30),
            retry=retry_if_exception(self._is_transient),
            sleep=self._pause,
            reraise=True,
        )

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _is_transient(self, error: BaseException) -> bool:
        """Whether a retry may help: a query that does not bind, or bad data, fails again."""
        if self._stopping.is_set() or not isinstance(error, DrawloomError):
            return False
        return any(problem.code in TRANSIENT for problem in error.problems)

    def _call_back(self, partition: PlannedPartition, result: Result) -> Result:
        call = partition.pipeline.on_failure if result.outcome == "failed" else partition.pipeline.on_success
        if call is None:
            return result
        try:
            call(result)
        except Exception as error:
            warning = f"The callback {call!r} raised {type(error).__name__}: {error}."
            return replace(result, warnings=(*result.warnings, warning))
        return result


class _Queue:
    """Hands out batches when those before them have finished; those after a failure are skipped."""

    def __init__(self, plan: Plan, jobs: int, listener: Listener) -> None:
        self.results: list[Result] = []
        self._running: dict[Future[list[Result]], Batch] = {}
        self._finished: SimpleQueue[Future[list[Result]]] = SimpleQueue()
        self._batches, self._sorter = schedule_batches(plan.todo, jobs)
        self._number = {batch.first.key: number for number, batch in enumerate(self._batches)}
        self._predecessors = predecessors(self._batches)
        self._failed: set[int] = set()
        self._listener = listener

    def __iter__(self) -> Iterator[Batch]:
        while self._sorter.is_active():
            for number in self._sorter.get_ready():
                batch = self._batches[number]
                if self._predecessors[number] & self._failed:
                    self._finish(batch, [_result(partition, "skipped") for partition in batch.partitions])
                else:
                    yield batch
            if self._running:
                self._collect(self._finished.get())
                self.collect_finished()

    def add_running(self, batch: Batch, future: Future[list[Result]]) -> None:
        """Note that a batch runs. Its future calls back, as waiting for one of thousands would cost more than the batch."""
        self._running[future] = batch
        future.add_done_callback(self._finished.put)

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait so many seconds for what runs; whether all of it has finished."""
        return not wait(self._running, seconds).not_done

    def collect_finished(self) -> None:
        """Collect the results of the batches that have finished."""
        while not self._finished.empty():
            self._collect(self._finished.get())

    def _collect(self, future: Future[list[Result]]) -> None:
        self._finish(self._running.pop(future), future.result())

    def _finish(self, batch: Batch, results: list[Result]) -> None:
        number = self._number[batch.first.key]
        if any(result.outcome in {"failed", "skipped", "stopped"} for result in results):
            self._failed.add(number)
        self.results += results
        for result in results:
            self._listener(result)
        self._sorter.done(number)


TRANSIENT = frozenset({"engine-io", "engine-memory", "step-failed"})


def _written(pipeline: str, record: Record, old: Record | None, ran: StepResult) -> Result:
    outcome: Outcome = "unchanged" if old and old.content == record.content else "written"
    warnings = tuple(ran.warnings.get(record.ds, ()))
    return Result(pipeline, record.table, record.ds, outcome, record.rows, record.seconds, warnings=warnings)


def _result(partition: PlannedPartition, outcome: Outcome, error: str = "") -> Result:
    return Result(partition.pipeline.name, partition.step.into.name, partition.ds, outcome, error=error)
