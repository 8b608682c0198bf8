"""The column lineage of steps, kept on disk, and of SELECTs."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from drawloom.model import InputError, Pipeline, Schedule, Step
from drawloom.sql.catalog import Catalog
from drawloom.sql.column_lineage import ColumnLineage
from drawloom.sql.disk_cache import catalog_hash, entry_name, versions, write

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def read_lineage(catalog: Catalog, pipeline: Pipeline, step: Step) -> ColumnLineage:
    """Where the columns of a step with SQL come from."""
    from drawloom.sql.lineage import column_lineage
    from drawloom.sql.script_reader import read_script

    try:
        script = read_script(
            step.sql or "",
            dialect=step.dialect,
            catalog=catalog,
            schedule=pipeline.schedule,
            target=step.into.name,
            params=step.params,
            macros=step.macros,
        )
    except InputError as error:
        return ColumnLineage(unknown=(str(error),))
    return column_lineage(script)


def select_lineage(catalog: Catalog, sql: str, schedule: Schedule, macros: str) -> tuple[ColumnLineage, list[str]]:
    """Where the columns of a SELECT in DuckDB's dialect come from, and the tables that it reads, in lower case.

    Raises:
        InputError: it cannot be read.
    """
    from drawloom.sql.lineage import column_lineage
    from drawloom.sql.script_reader import read_script

    script = read_script(sql, catalog=catalog, schedule=schedule, macros=macros)
    return column_lineage(script), sorted({read.table.lower() for read in script.reads} | {*script.families})


def cached_lineage(catalog: Catalog, cache: Path | None, pipeline: Pipeline, step: Step) -> ColumnLineage:
    """The lineage of a step with SQL, from the cache if neither its text nor the columns of what it reads have changed.

    Args:
        catalog: the tables of the project with their columns.
        cache: the folder; None for none.
        pipeline: of the step.
        step: with its reads.
    """
    if cache is None:
        return read_lineage(catalog, pipeline, step)
    tables = sorted({*(read.table for read in step.reads), *(family.name for family in step.families)})
    texts = [step.sql, step.macros, step.dialect, step.into.name, pipeline.schedule.text, pipeline.schedule.timezone]
    settings = ["lineage", *texts, dict(step.params), catalog_hash(tables, catalog), versions()]
    path = cache / entry_name(settings, "lineage")
    with suppress(OSError, ValueError):
        return _adapter().validate_json(path.read_bytes())
    found = read_lineage(catalog, pipeline, step)
    with suppress(OSError):
        write(path, _adapter().dump_json(found))
    return found


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[ColumnLineage]:
    from pydantic import TypeAdapter

    return TypeAdapter(ColumnLineage)
