"""Descriptions of texts, kept on disk by their content, so that a text is read once."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from drawloom import __version__
from drawloom.model import Bound, Days, Edit, Fix, Problem, Read, Schedule, Where
from drawloom.sql.catalog import Catalog, find_entry
from drawloom.sql.script import Script, Write


@dataclass(frozen=True, slots=True)
class Description:
    """What a text reads and writes, where its columns come from, what is wrong with it, and its fingerprint."""

    reads: tuple[Read, ...] = ()
    writes: tuple[Write, ...] = ()
    lineage: Mapping[str, tuple[str, ...]] | None = None
    problems: tuple[Problem, ...] = ()
    fingerprint: str = ""


def describe(  # noqa: PLR0913 - one keyword for each thing that it depends on
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
) -> Description:
    """What a text does and the advice on it; from the cache if it was read before with the same settings.

    Args:
        text: SQL with Jinja.
        dialect: whose SQL it is.
        keys: the partition columns of tables that the catalog does not know.
        catalog: tables with their keys and columns.
        schedule: how often it runs.
        target: the table that it fills.
        params: the values of ``params``.
        file: its file, for places.
        cache: the folder of the cache; None reads anew. A folder that cannot be written is no error.
        engine: the dialect of what will run it: what it has no SQL for is a problem.

    Raises:
        InputError: the text cannot be read.
    """
    schedule, catalog = schedule or Schedule(), catalog or {}
    settings = [text, dialect, list(keys), schedule.text, target, dict(params or {}), engine, _versions()]
    path = cache / _name(settings) if cache else None
    known = _load(path, catalog) if path else None
    if known is None:
        from drawloom.sql.read import read

        script = read(
            text, dialect=dialect, keys=keys, catalog=catalog, schedule=schedule, target=target, params=params
        )
        known, tables = _describe(script, engine or dialect), script.tables()
        if path is not None:
            _store(path, known, tables, catalog)
    return replace(known, problems=tuple(_placed(problem, file) for problem in known.problems))


def _describe(script: Script, engine: str) -> Description:
    from drawloom.sql.advice import advise
    from drawloom.sql.fingerprint import fingerprint
    from drawloom.sql.lineage import lineage
    from drawloom.sql.speak import unspeakable

    columns = {name: tuple(origins) for name, origins in lineage(script).items()}
    problems = (*advise(script), *unspeakable(script, engine))
    return Description(script.reads, script.writes, columns, problems, fingerprint(script.source, script.dialect))


def _placed(problem: Problem, file: str | None) -> Problem:
    return replace(problem, where=replace(problem.where, file=file))


def _load(path: Path, catalog: Catalog) -> Description | None:
    """What is stored there; None if there is nothing, it is broken, or the catalog says other things now."""
    try:
        stored = json.loads(path.read_bytes())
        if stored["catalog"] != _entries(stored["tables"], catalog):
            return None
        return from_json(stored)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None


def _store(path: Path, found: Description, tables: Sequence[str], catalog: Catalog) -> None:
    content = to_json(found) | {"tables": list(tables), "catalog": _entries(tables, catalog)}
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)


def to_json(found: Description) -> dict[str, Any]:
    """The description as data for JSON."""
    return {
        "reads": [_read_out(read) for read in found.reads],
        "writes": [asdict(write) for write in found.writes],
        "lineage": {name: list(origins) for name, origins in (found.lineage or {}).items()},
        "problems": [asdict(problem) for problem in found.problems],
        "fingerprint": found.fingerprint,
    }


def from_json(content: Mapping[str, Any]) -> Description:
    """The description that ``to_json`` gave.

    Raises:
        KeyError, TypeError, ValueError: it is not of that form.
    """
    return Description(
        reads=tuple(_read_in(read) for read in content["reads"]),
        writes=tuple(Write(**write) for write in content["writes"]),
        lineage={name: tuple(origins) for name, origins in content["lineage"].items()},
        problems=tuple(_problem_in(problem) for problem in content["problems"]),
        fingerprint=content["fingerprint"],
    )


def _read_out(read: Read) -> dict[str, Any]:
    return {
        "table": read.table,
        "days": str(read.days),
        "how": read.how,
        "dates": _dates_out(read.dates),
        "calendar": [[end and [end.anchor, end.months, end.days] for end in rule] for rule in read.calendar],
        "measured": [[day.isoformat(), _dates_out(spans)] for day, spans in read.measured],
    }


def _read_in(content: Mapping[str, Any]) -> Read:
    return Read(
        table=content["table"],
        days=Days.parse(content["days"]),
        how=content["how"],
        dates=_dates_in(content["dates"]),
        calendar=tuple((first and Bound(*first), last and Bound(*last)) for first, last in content["calendar"]),
        measured=tuple((date.fromisoformat(day), _dates_in(spans)) for day, spans in content["measured"]),
    )


def _dates_out(spans: Sequence[tuple[date | None, date | None]]) -> list[list[str | None]]:
    return [[end.isoformat() if end else None for end in span] for span in spans]


def _dates_in(spans: Sequence[Sequence[str | None]]) -> tuple[tuple[date | None, date | None], ...]:
    return tuple((_date_in(first), _date_in(last)) for first, last in spans)


def _date_in(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _problem_in(content: dict[str, Any]) -> Problem:
    fix = content["fix"]
    edits = tuple(Edit(**edit) for edit in fix["edits"]) if fix else ()
    found = Fix(fix["title"], edits, fix["safe"]) if fix else None
    return Problem(content["code"], content["severity"], content["message"], Where(**content["where"]), found)


def _entries(tables: Sequence[str], catalog: Catalog) -> str:
    """A hash of what the catalog says of some tables."""
    return _hash([[name, asdict(find_entry(catalog, name))] for name in tables])


def _name(settings: list[Any]) -> str:
    name = _hash(settings)
    return f"{name[:2]}/{name[2:]}.json"


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@lru_cache(maxsize=1)
def _versions() -> list[str]:
    """What the description depends on besides the text: the reader itself, and the parser."""
    try:
        parser = version("sqlglot")
    except PackageNotFoundError:
        parser = ""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    stamps = [f"{file.name} {(found := file.stat()).st_size} {found.st_mtime_ns}" for file in files]
    return [__version__, parser, _hash(stamps)]
