"""Landing raw files: each day becomes an immutable partition, and no file is landed twice."""

from __future__ import annotations

import glob
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.engines.landing.land import StageOptions, declared_columns, stage_files
from drawloom.engines.landing.source import hash_file
from drawloom.model import KEY, LANDED, Column, Pipeline, Record, RunError, Table, inputs_digest, refuse
from drawloom.run.snapshot import UNRECORDED, find_existing
from drawloom.run.step_runner import new_run_id

if TYPE_CHECKING:
    from drawloom.engines.base import Staged
    from drawloom.engines.landing.land import Landing
    from drawloom.run.warehouse import Warehouse

Report = Callable[[str], None]  # gets what a landing does now, in words


@dataclass(frozen=True, slots=True)
class LandResult:
    """The result of a landing.

    ``files`` were landed, ``known`` had been landed before and were skipped. ``days`` maps each day to its rows,
    ``changed`` each day that had a partition with other rows to the number of those and of the rows now; ``added`` where
    they were kept. ``gaps`` are days without rows between the first and the last, which were not landed. With ``inferred`` the column types were
    inferred from these files; they are declared from now on. ``dropped_key``: a column ``ds`` of the files is not stored.
    """

    table: str
    files: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    days: Mapping[date, int] | None = None
    gaps: tuple[date, ...] = ()
    columns: tuple[Column, ...] = ()
    inferred: bool = False
    delimiter: str | None = None
    changed: Mapping[date, tuple[int, int]] = field(default_factory=dict)
    added: bool = False
    dropped_key: bool = False


@dataclass(frozen=True, slots=True)
class LandOptions:
    """How to land files.

    Args:
        ds: the column that holds the day, or a SQL expression over the columns.
        columns: declared types, like ``"id BIGINT, at TIMESTAMP"``; those of earlier landings otherwise, or
            inferred from every value of the files the first time.
        empty_days: land days without rows between the first and the last as empty partitions.
        replace: restate days that were landed before with other rows.
        add: add the rows to days that were landed before.
    """

    ds: str
    columns: str | Sequence[Column] | None = None
    empty_days: bool = False
    replace: bool = False
    add: bool = False


def land(
    warehouse: Warehouse,
    table: str,
    files: Iterable[str],
    options: LandOptions,
    *,
    pipelines: Iterable[Pipeline] = (),
    report: Report = lambda _: None,
) -> LandResult:
    """Turn raw files into one partition for each day found in them.

    One process at a time lands into a table; the others wait for it.

    Args:
        warehouse: where to land them.
        table: the staging table, ``schema.table``.
        files: paths or patterns of CSV, JSON lines or Parquet files.
        options: how to land them.
        pipelines: all of the project; their tables must not be landed into.
        report: called with what it does now.

    Raises:
        InputError: a file does not parse as declared, or a day is landed already; nothing was published.
    """
    _refuse_owned(warehouse, pipelines, table)
    if options.add and options.replace:
        raise refuse("bad-options", "--add cannot be combined with --replace.", fix="Use one or the other.")
    table = next((name for name in warehouse.registry.columns() if name.lower() == table.lower()), table)
    with warehouse.lake.landing(table, lambda: report(f"waiting for another process, which is landing into {table}")):
        return _land(warehouse, table, files, options, report)


def _land(warehouse: Warehouse, table: str, files: Iterable[str], options: LandOptions, report: Report) -> LandResult:
    before = _Landed.read(warehouse, table)
    fingerprints = {path: hash_file(path) for path in _expand(files)}
    columns = _columns(warehouse, table, options.columns)
    known = () if options.replace else before.unchanged(fingerprints, options, columns)
    new = [path for path in fingerprints if path not in known]
    if not new:
        return LandResult(table, known=known)
    given = json.dumps({"ds": options.ds.strip(), "empty_days": options.empty_days}, sort_keys=True)
    staging = StageOptions(
        options.ds, new_run_id(), columns, empty_days=options.empty_days, add=options.add, meta={"options": given},
        report=report,
    )  # fmt: skip
    found = stage_files(warehouse.local, Table(table), new, staging)
    if options.add:
        before.refuse_damaged([staged.ds for staged in found.staged])
    elif not options.replace:
        before.refuse_restating(warehouse, found)
    report("publishing")
    with warehouse.lake.publishing(table):
        _publish(warehouse, found)
    warehouse.registry.save_landed(table, {f: Path(path).name for path, f in found.files.items()}, given)
    warehouse.registry.forget_landed(table, before.overwritten(found))
    return LandResult(
        table, tuple(new), known, {staged.ds: staged.rows for staged in found.staged}, found.gaps, found.columns,
        found.inferred, found.delimiter, before.changed(found), options.add, found.dropped_key,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Landed:
    """What was landed in a table before: all records, the days whose files are not the recorded ones, and why.

    ``files`` maps the fingerprint of each file to its name, ``options`` to those it was landed with (JSON), and
    ``inputs`` each day to the fingerprints of its files.
    """

    table: str
    records: Mapping[date, Record]
    damaged: Mapping[date, str]
    files: Mapping[str, str]
    options: Mapping[str, str]
    inputs: Mapping[date, Collection[str]]
    columns: tuple[Column, ...]

    @classmethod
    def read(cls, warehouse: Warehouse, table: str) -> _Landed:
        registry = warehouse.registry
        records = registry.records([table])
        anomalies = find_existing(records, warehouse.lake)[1]
        inputs = {ds: found.get("", {}).values() for ds, found in registry.inputs(table).items()}
        damaged = {ds: why for (_, ds), why in anomalies.items()}
        columns = registry.columns([table]).get(table, ())
        landed, options = registry.landed(table), registry.landed_options(table)
        return cls(table, records.get(table, {}), damaged, landed, options, inputs, columns)

    def unchanged(
        self, fingerprints: Mapping[str, str], options: LandOptions, columns: Sequence[Column]
    ) -> tuple[str, ...]:
        """The files that were landed before as they would be now, and whose partitions are in order.

        Raises:
            InputError: a file was landed before with other options.
        """
        lost = {fingerprint for ds in self.damaged for fingerprint in self.inputs.get(ds, ())}
        known = [path for path, found in fingerprints.items() if found in self.files and found not in lost]
        return tuple(path for path in known if self._is_as_before(path, fingerprints[path], options, columns))

    def _is_as_before(self, path: str, fingerprint: str, options: LandOptions, columns: Sequence[Column]) -> bool:
        before = json.loads(self.options.get(fingerprint) or "{}")
        for name, old, new in (
            ("--ds", before.get("ds"), options.ds.strip()),
            ("--columns", _columns_text(self.columns), _columns_text(columns)),
        ):
            if old and new and old != new:
                message = f"{path} was landed in {self.table} with {name} {old!r}; now it is {new!r}."
                raise refuse("landed", message, None, f"Give the same {name}, or --replace to land it again.")
        return before.get("empty_days", True) or not options.empty_days

    def refuse_restating(self, warehouse: Warehouse, found: Landing) -> None:
        """Refuse to change landed days. The same rows again are fine: an interrupted landing is finished that way."""
        other = [staged for staged in found.staged if self._differs(warehouse, staged)]
        if other:
            first = other[0]
            days = f"{first.ds} and {len(other) - 1} more" if len(other) > 1 else f"{first.ds}"
            message = f"{found.table} {days} was already landed with other rows; a landed day must not change."
            fix = "Give all files of these days with --replace to restate them, or only new rows with --add."
            raise refuse("landed", message, None, fix)

    def _differs(self, warehouse: Warehouse, staged: Staged) -> bool:
        """Whether a day was landed with other rows: by its record, or by a file that was published and not recorded."""
        record = self.records.get(staged.ds)
        contents = {record.content} if record else set()
        if not record or staged.ds in self.damaged:
            with suppress(RunError):  # it is gone, or cannot be read
                contents.add(warehouse.local.inspect(staged.table, staged.ds).content)
        return bool(contents) and staged.content not in contents

    def refuse_damaged(self, days: Iterable[date]) -> None:
        """Refuse to add rows to a day that has lost those that it had."""
        for ds in days:
            if ds in self.damaged and self.damaged[ds] != UNRECORDED:
                message = f"{self.table} {ds} is damaged: {self.damaged[ds]}; rows cannot be added to it."
                raise refuse("damaged", message, None, "Give all files of this day with --replace.")

    def overwritten(self, found: Landing) -> set[str]:
        """The fingerprints of files that have no rows in any partition any more: they may be landed again."""
        now = {ds: set(of_day) for ds, of_day in self.inputs.items()}
        now |= {ds: set(files.values()) for ds, files in found.files_of.items()}
        return set().union(*self.inputs.values()) - set().union(*now.values())

    def changed(self, found: Landing) -> dict[date, tuple[int, int]]:
        """The number of rows before and now of each day whose rows have changed."""
        pairs = [(self.records[staged.ds], staged) for staged in found.staged if staged.ds in self.records]
        return {new.ds: (old.rows, new.rows) for old, new in pairs if old.content != new.content}


def _columns_text(columns: Iterable[Column]) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in columns)


def _expand(patterns: Iterable[str]) -> list[str]:
    paths: list[str] = []
    for pattern in patterns:
        matched = [pattern] if Path(pattern).is_file() else sorted(glob.glob(pattern, recursive=True))
        if not matched:
            raise refuse("missing-file", f"file == {pattern!r}, must be a file or match some.", fix="Check the path.")
        paths += matched
    return list(dict.fromkeys(paths))


def _refuse_owned(warehouse: Warehouse, pipelines: Iterable[Pipeline], table: str) -> None:
    if table.lower() in {name.lower() for name, source in warehouse.settings.sources.items() if not source.landed}:
        fix = (
            "A source is read where it is; land into another table, or declare it without files and with landed: true."
        )
        raise refuse("two-owners", f"table == {table}, must not be a source in drawloom.yml.", None, fix)
    owners = {name.lower(): step for pipeline in pipelines for name, step in pipeline.tables.items()}
    if table.lower() in owners:
        place = owners[table.lower()].where
        raise refuse("two-owners", f"table == {table}, must not be filled by a spec.", place, "Land into another.")


def _columns(warehouse: Warehouse, table: str, given: str | Sequence[Column] | None) -> tuple[Column, ...]:
    """The columns given, as they are stored, or else those of earlier landings."""
    declared = parse_columns(given) if isinstance(given, str) else tuple(given or ())
    if declared:
        return declared_columns(warehouse.local.cursor(), table, declared)
    return {name.lower(): columns for name, columns in warehouse.registry.columns().items()}.get(table.lower(), ())


def parse_columns(text: str) -> tuple[Column, ...]:
    """Columns out of ``id BIGINT, at TIMESTAMP``.

    Raises:
        InputError: it is not of that form, or names a column twice.
    """
    fix = 'Write it like "id BIGINT, at TIMESTAMP, amount DECIMAL(9,2)".'
    found = _column_definitions(text)
    if not found:
        raise refuse("bad-columns", f"columns == {text!r}, must be names with types, and nothing else.", None, fix)
    names = Counter(name.lower() for name, _ in found)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise refuse("duplicate-column", f"columns == {text!r}, must not name {', '.join(twice)} twice.", None, fix)
    if KEY in names:
        message = f"columns == {text!r}, must not have {KEY}, which is the day of the partition."
        raise refuse("bad-columns", message, None, f"Leave {KEY} out; --ds {KEY} reads it in any case.")
    return tuple(Column(name, kind) for name, kind in found)


def _column_definitions(text: str) -> list[tuple[str, str]]:
    """The names and types; empty where the text is not only that."""
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        if not _is_balanced(text):
            return []
        schema = parse_one(f"CREATE TABLE t (\n{text}\n)", read="duckdb").this
    except SqlglotError:
        return []
    parts = schema.expressions if isinstance(schema, exp.Schema) else []
    if not all(type(part) is exp.ColumnDef and part.kind and not part.args.get("constraints") for part in parts):
        return []
    return [(part.name, part.kind.sql("duckdb").replace(", ", ",")) for part in parts]


def _is_balanced(text: str) -> bool:
    """Whether no parenthesis closes before it was opened: what follows it would not be read as columns."""
    from sqlglot import tokenize
    from sqlglot.tokenizer_core import TokenType

    depth = 0
    for token in tokenize(text, read="duckdb"):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if depth < 0 or token.token_type is TokenType.SEMICOLON:
            return False
    return depth == 0


def _publish(warehouse: Warehouse, found: Landing) -> None:
    records = []
    stamps = warehouse.local.publish(found.staged)
    for staged, stamp in zip(found.staged, stamps, strict=True):
        inputs = {"": found.files_of[staged.ds]}
        records.append(
            Record(
                staged.table,
                staged.ds,
                staged.run,
                staged.rows,
                staged.bytes,
                staged.content,
                LANDED,
                inputs_digest(inputs),
                inputs,
                datetime.now(UTC),
                0.0,
                stamp,
            )
        )
    warehouse.registry.save(records, {found.table: found.columns})
