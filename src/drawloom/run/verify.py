"""Verifying stored partitions: what the registry says is compared with the files, and in depth with their contents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.engines.lake.lake import other_files
from drawloom.model import KEY, Record, RunError, refuse
from drawloom.run.plan import Key
from drawloom.run.snapshot import LOCAL, find_existing

if TYPE_CHECKING:
    from drawloom.run.warehouse import Warehouse

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a partition; ``ds`` is None for a file of the table that is in no partition."""

    table: str
    ds: date | None
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """How many partitions of how many tables were compared, whether their contents were read, and what is wrong."""

    tables: int
    partitions: int
    deep: bool
    findings: tuple[Finding, ...]


def _report_part(report: Report, table: str, done: str) -> None:
    report(f"{table}, {done}")


def verify(
    warehouse: Warehouse,
    names: Collection[str] = (),
    *,
    deep: bool = False,
    expired: Collection[Key] = (),
    report: Report = lambda _: None,
) -> Verification:
    """Compare the registry with the files of these tables, or of all.

    Args:
        warehouse: whose registry and lake.
        names: the tables; none for all.
        deep: read every file, and compare its rows and content hash with the record.
        expired: partitions that are not kept: their files may be gone.
        report: called with what is done now.

    Raises:
        InputError: a table is unknown.
    """
    records = warehouse.registry.records()
    tables = _select({table.lower(): table for table in (*warehouse.lake.tables(), *records)}, names)
    findings: list[Finding] = []
    count = 0
    for number, table in enumerate(tables, 1):
        text = f"verifying {table}, table {number} of {len(tables)}"
        report(text)
        check = _Check(warehouse, table, frozenset(expired), deep, partial(_report_part, report, text))
        count += len(records.get(table, ()))
        findings += check.findings()
    return Verification(len(tables), count, deep, tuple(findings))


def _select(known: Mapping[str, str], names: Collection[str]) -> list[str]:
    """The tables of these names, all without."""
    for name in names:
        if name.lower() not in known:
            near = get_close_matches(name.lower(), known, 1)
            fix = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known)) or 'none yet'}."
            raise refuse("unknown-name", f"table == {name!r}, must be a table with partitions.", None, fix)
    return [known[name] for name in sorted({name.lower() for name in names} or known)]


@dataclass(frozen=True, slots=True)
class _Check:
    """The comparison of one table."""

    warehouse: Warehouse
    table: str
    expired: frozenset[Key]
    deep: bool
    report: Report

    def findings(self) -> list[Finding]:
        """What is wrong. Looks again where something is: a run or a landing may have published it just then."""
        found = self._find()
        if found and self.warehouse.lake.wait_until_published(self.table):
            found = self._find()
        return sorted(found, key=lambda finding: (finding.ds or date.min, finding.message))

    def _find(self) -> list[Finding]:
        records = self.warehouse.registry.records([self.table]).get(self.table, {})
        anomalies = find_existing({self.table: records}, self.warehouse.lake, self.warehouse.catalog_engine)[1]
        wrong = {ds: why for (_, ds), why in anomalies.items() if (self.table, ds) not in self.expired}
        local = {ds for ds, record in records.items() if record.engine == LOCAL}
        found = [Finding(self.table, ds, f"{why}.") for ds, why in wrong.items()]
        if len(local) == len(records):  # else another engine keeps files there
            found += self._unrecorded(local)
            found += self._foreign()
        if self.deep:
            found += self._contents({ds: r for ds, r in records.items() if (self.table, ds) not in anomalies})
        return found

    def _unrecorded(self, recorded: Collection[date]) -> Iterator[Finding]:
        for ds in self.warehouse.lake.scan(self.table):
            if ds not in recorded:
                yield Finding(self.table, ds, "its file is not recorded.")

    def _foreign(self) -> Iterator[Finding]:
        """Files in the folders of the table that are not partitions."""
        folder = self.warehouse.lake.folder(self.table)
        with suppress(FileNotFoundError, NotADirectoryError):
            for path in sorted(folder.iterdir()):
                if not (path.is_dir() and path.name.startswith(f"{KEY}=")):
                    yield Finding(self.table, None, f"{path} is not ours.")
                    continue
                for name in other_files(path):
                    yield Finding(self.table, _day(path), f"{path / name} is not ours.")

    def _contents(self, records: Mapping[date, Record]) -> Iterator[Finding]:
        for number, (ds, record) in enumerate(sorted(records.items()), 1):
            self.report(f"partition {number} of {len(records)}")
            why = self._other_content(ds, record)
            if why:
                yield Finding(self.table, ds, why)

    def _other_content(self, ds: date, record: Record) -> str:
        """How a partition's rows differ from those that were recorded; empty where they do not."""
        engine = self.warehouse.local if record.engine == LOCAL else self.warehouse.engine
        try:
            found = engine.find_partition(self.table, ds)
            if found is None:
                return "it is gone."
            rows, content = found.rows, found.content
        except RunError as error:
            return f"it cannot be read: {error.problems[0].message}"
        if rows != record.rows:
            return f"it has {rows:,} rows, not {record.rows:,} as recorded."
        return "" if content == record.content else "its rows are not the recorded ones: their content hash differs."


def _day(folder: Path) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(folder.name.removeprefix(f"{KEY}="))
    return None
