"""The entry point: ``analyze(text)`` finds reads, writes, column lineage and problems, and caches them on disk by content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawloom.model import DateSpan, Problem, Read, Schedule, digest
from drawloom.sql.catalog import Catalog
from drawloom.sql.disk_cache import catalog_hash, entry_name, versions, write
from drawloom.sql.script import Script, Write

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a text reads and writes, where its columns come from, what is wrong with it, and its fingerprint.

    ``families`` are the names, in lower case, of the families that it reads; their members are among the reads.
    ``days_vary``: the reads are rules that may not hold on every day, so that a run's days are measured for its own day.
    """

    reads: tuple[Read, ...] = ()
    writes: tuple[Write, ...] = ()
    lineage: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    fingerprint: str = ""
    families: tuple[str, ...] = ()
    days_vary: bool = False

    def to_json(self, schedule: Schedule) -> dict[str, Any]:
        """``reads``, ``writes``, ``waits`` and ``lineage``, as ``drawloom advise --format json`` prints them.

        A read is ``"all"``, spans of days from the run's day, ``{"fixed": spans of dates}`` or
        ``{"calendar": {day: spans}}`` with the days of some runs; with ``within`` where it begins or ends at a fixed date.
        Waits are the reads whose days can be listed ahead of the run.
        """
        return {
            "reads": {read.table: _read_json(read, schedule) for read in self.reads},
            "writes": [_write_json(write) for write in self.writes],
            "waits": [[read.table, _read_json(read, schedule)] for read in self.reads if read.exact and read.days],
            "lineage": {name: list(origins) for name, origins in self.lineage.items()},
        }


def analyze(  # noqa: PLR0913 - one keyword for each thing that it depends on
    text: str,
    *,
    dialect: str = "duckdb",
    keys: Sequence[str] = ("ds",),
    catalog: Catalog | None = None,
    schedule: Schedule | None = None,
    target: str | None = None,
    params: Mapping[str, Any] | None = None,
    file: str | None = None,
    cache: Path | None = None,
    engine: str | None = None,
    macros: str = "",
) -> Analysis:
    """The analysis of a text, lint findings included; from the cache if the same text was analyzed with these settings.

    Args:
        text: SQL with Jinja.
        dialect: the dialect of the text.
        keys: the partition columns of tables that are not in the catalog.
        catalog: tables with their keys and columns.
        schedule: how often it runs.
        target: the table that it fills.
        params: the values of ``params``.
        file: the text's file, for the locations of problems.
        cache: the folder of the cache; without one the text is analyzed again. A folder that cannot be written is no error.
        engine: the dialect of the engine that will run it as a step; constructs that it does not support, and what no
            step may do, are reported as problems.
        macros: definitions of macros that the text may use; see ``template.macro_files``.

    Raises:
        InputError: the text cannot be read.
    """
    schedule, catalog = schedule or Schedule(), catalog or {}
    settings = [
        text,
        dialect,
        list(keys),
        schedule.text,
        schedule.timezone,
        target,
        dict(params or {}),
        engine,
        macros,
        versions(),
    ]
    path = cache / entry_name(settings, "json") if cache else None
    analysis = _load(path, catalog) if path else None
    if analysis is None:
        from drawloom.sql.script_reader import read_script

        script = read_script(
            text,
            dialect=dialect,
            keys=keys,
            catalog=catalog,
            schedule=schedule,
            target=target,
            params=params,
            macros=macros,
        )
        analysis = _analyze_script(script, engine, macros)
        if path is not None:
            _store(path, analysis, script.tables(), catalog)
    return replace(analysis, problems=tuple(_in_file(problem, file) for problem in analysis.problems))


def _analyze_script(script: Script, engine: str | None, macros: str) -> Analysis:
    from drawloom.sql.dialect_support import unsupported_constructs
    from drawloom.sql.fingerprint import fingerprint
    from drawloom.sql.lineage import lineage
    from drawloom.sql.lint import lint_script
    from drawloom.sql.step_limits import step_problems
    from drawloom.sql.template.moments import moments

    columns = {name: tuple(origins) for name, origins in lineage(script).items()}
    problems = (*script.problems, *lint_script(script), *unsupported_constructs(script, engine or script.dialect))
    if engine:
        problems = (*problems, *step_problems(script, engine))
    code = fingerprint(script.source, script.dialect)
    if macros:
        code = digest([code, fingerprint(macros, script.dialect)])
    if script.schedule.timezone != "UTC" and any(moments(script.source, macros)):
        code = digest([code, script.schedule.timezone])
    return Analysis(script.reads, script.writes, columns, problems, code, script.families, script.days_vary)


def _in_file(problem: Problem, file: str | None) -> Problem:
    return replace(problem, where=replace(problem.where, file=file))


@dataclass(frozen=True, slots=True)
class _CacheEntry:
    """An analysis on disk, with the tables that it depends on and a hash of their catalog entries."""

    tables: tuple[str, ...]
    catalog: str
    analysis: Analysis


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[_CacheEntry]:
    from pydantic import TypeAdapter

    return TypeAdapter(_CacheEntry)


def _load(path: Path, catalog: Catalog) -> Analysis | None:
    """The analysis stored there; None if there is none, it is broken, or the catalog has changed."""
    try:
        entry = _adapter().validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
    return entry.analysis if entry.catalog == catalog_hash(entry.tables, catalog) else None


def _store(path: Path, analysis: Analysis, tables: Sequence[str], catalog: Catalog) -> None:
    with suppress(OSError, ValueError):
        write(path, _adapter().dump_json(_CacheEntry(tuple(tables), catalog_hash(tables, catalog), analysis)))


def _read_json(read: Read, schedule: Schedule) -> Any:
    match read.how:
        case "all":
            return "all"
        case "offset":
            return [[first, last] for first, last in read.days.spans]
        case "fixed":
            return {"fixed": _dates_json(read.dates)}
    from drawloom.sql.template.probe_days import reported_days

    runs = set(reported_days(schedule))
    days = {day.isoformat(): _dates_json(spans) for day, spans in read.measured if day in runs}
    return {"calendar": days, **({"within": _dates_json([read.within])[0]} if read.is_clipped else {})}


def _write_json(write: Write) -> list[Any]:
    return [write.table, write.mode, None if write.partition is None else dict(write.partition)]


def _dates_json(spans: Iterable[DateSpan]) -> list[list[str | None]]:
    return [[_iso(first), _iso(last)] for first, last in spans]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
