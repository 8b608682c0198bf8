"""A SQLMesh project as a drawloom project."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from drawloom.model import InputError
from drawloom.run.importers.columns import column_types, duckdb_type, sniff_csv
from drawloom.run.importers.imported import Imported, ImportedFile
from drawloom.run.importers.jinja_text import line_of
from drawloom.run.importers.plain_sql import PlainSql
from drawloom.run.importers.project_files import ProjectFiles
from drawloom.run.importers.spec_text import spec_text
from drawloom.run.importers.sqlmesh.audits import Audits
from drawloom.run.importers.sqlmesh.blocks import Block, Property, Statement, read_blocks, split
from drawloom.run.importers.sqlmesh.casts import cast_names
from drawloom.run.importers.sqlmesh.python_models import python_models
from drawloom.run.importers.sqlmesh.settings import Settings, load_settings
from drawloom.run.importers.sqlmesh.unit_tests import import_tests
from drawloom.run.importers.upstream import TODAY, Upstream, table_name
from drawloom.specs.document import parse_yaml
from drawloom.sql.dialect import DIALECTS

_UNTIL = "forever: imported from SQLMesh, where tables have no end"
_WHOLE = frozenset({"full", "view", "embedded", "managed"})
_FIRST, _LAST = "TIMESTAMP '{{ ds }} 00:00:00'", "TIMESTAMP '{{ ds }} 23:59:59.999999'"
_DAYS = {
    **dict.fromkeys(("start_ds", "end_ds"), "'{{ ds }}'"),
    **dict.fromkeys(("start_date", "end_date"), TODAY),
    **dict.fromkeys(("start_ts", "start_dt", "start_dtntz"), _FIRST),
    **dict.fromkeys(("end_ts", "end_dt", "end_dtntz"), _LAST),
}
_IGNORED = frozenset(
    [
        "name",
        "kind",
        "owner",
        "cron",
        "tags",
        "audits",
        "grain",
        "grains",
        "description",
        "column_descriptions",
        "columns",
        "dialect",
        "start",
        "enabled",
        "references",
        "partitioned_by",
        "clustered_by",
        "storage_format",
        "table_format",
        "physical_properties",
        "virtual_properties",
        "session_properties",
        "allow_partials",
        "interval_unit",
        "time_column",
        "depends_on",
        "table_properties",
        "stamp",
        "project",
        "gateway",
        "batch_size",
        "lookback",
        "cron_tz",
        "signals",
        "formatting",
        "optimize_query",
        "virtual_environment_mode",
        "validate_query",
        "ignored_rules",
        "physical_version",
    ]
)


@dataclass(slots=True)
class Model:
    """A model: its file, its block, and the table that it fills."""

    entry: ImportedFile
    block: Block
    dialect: str
    upstream: Upstream
    text: str


@dataclass(slots=True)
class _Project:
    files: ProjectFiles
    made: Imported
    settings: Settings
    audits: Audits
    models: list[Model] = field(default_factory=list)
    tables: dict[str, Upstream] = field(default_factory=dict)


def import_sqlmesh(files: ProjectFiles, dialect: str | None = None) -> Imported:
    """The project in our words."""
    made = Imported("")
    settings = load_settings(files, made, dialect)
    made.name = settings.name
    project = _Project(files, made, settings, Audits(settings.dialect, _parameters(settings), lambda _: None, made))
    project.audits.resolve = lambda parts: _resolve(parts, project)
    for file in files.names:
        _read_file(file, project)
    for model in project.models:
        _import_model(model, project)
    for file in files.under("tests", ".yaml", ".yml"):
        entry = made.file(file)
        for document in files.yaml(entry):
            import_tests(document, entry, project.tables, made)
    return made


def _parameters(settings: Settings) -> dict[str, str]:
    """What stands for ``@name``: the run's day, and variables as literals."""
    literals = {
        str(name).lower(): exp.convert(value).sql()
        for name, value in settings.variables.items()
        if isinstance(value, str | int | float | bool)
    }
    return {**literals, **_DAYS}


def _read_file(file: str, project: _Project) -> None:
    folder, made = file.partition("/")[0], project.made
    if file.endswith(".sql") and folder in {"models", "audits"}:
        entry = made.file(file)
        text = project.files.read(entry)
        if text is not None and folder == "audits":
            project.audits.add_file(entry, text)
        elif text is not None:
            _read_model(entry, text, project)
    elif file.endswith(".py") and folder == "models" and not file.endswith("__init__.py"):
        _read_python(made.file(file), project)
    elif file.endswith(".py") and folder in {"macros", "signals"} and not file.endswith("__init__.py"):
        made.file(file).refuse("python-macro", "Macros in Python are not read.", 1, "Write a macro of SQL in macros/.")
    elif folder == "metrics" and file.endswith(".sql"):
        made.file(file).refuse("metric", "Metrics are SQLMesh's semantic layer.", 1)
    elif folder == "macros" and file.endswith(".sql"):
        made.file(file).refuse("jinja-macro", "Macros of Jinja blocks are not read.", 1, "Copy them to macros/.")
    elif file.startswith(("external_models.y", "external_models/")) and file.endswith((".yaml", ".yml")):
        _read_external(made.file(file), project)


def _read_model(entry: ImportedFile, text: str, project: _Project) -> None:
    try:
        blocks = read_blocks(text)
    except SqlglotError as error:
        entry.refuse("syntax", f"It cannot be read: {error}.", 1)
        return
    for block in blocks:
        if block.kind == "AUDIT":
            project.audits.add(block, entry, text)
    models = [block for block in blocks if block.kind == "MODEL"]
    if len(models) != 1:
        entry.refuse("no-model", f"It has {len(models)} MODEL blocks, must have one.", 1)
        return
    block = models[0]
    name = block.word("name")
    if block.word("enabled").lower() == "false":
        entry.left_out = True
        return
    if not name or "@" in name or "{" in name:
        fix = "Write a spec for each table."
        entry.refuse("blueprint", f"The name of the model, {name or 'none'}, is computed.", block.line, fix)
        return
    dialect = block.word("dialect", project.settings.dialect).partition(",")[0].strip().lower()
    if dialect not in DIALECTS:
        entry.refuse("dialect", f"dialect == {dialect}, must be one of {', '.join(DIALECTS)}.", block.line)
        return
    upstream = _upstream(name, block, dialect, entry, project)
    project.tables[_key(name)] = upstream
    project.models.append(Model(entry, block, dialect, upstream, text))


def _key(name: str) -> str:
    """A name without its catalog and its quotes."""
    return ".".join(part.strip('"`') for part in name.lower().split(".")[-2:])


def _table(name: str, project: _Project) -> str:
    parts = [part.strip('"`') for part in name.split(".")]
    return table_name(parts[-2] if len(parts) > 1 else project.settings.name, parts[-1])


def _kind(block: Block, project: _Project) -> Property:
    return block.properties.get("kind", Property(project.settings.kind, block.line))


def _upstream(name: str, block: Block, dialect: str, entry: ImportedFile, project: _Project) -> Upstream:
    table, kind = _table(name, project), _kind(block, project)
    head = kind.head.split()[0] if kind.head else "view"
    if head == "seed":
        return Upstream(table, "whole")
    if head == "incremental_by_time_range":
        column = _time_column(kind)
        return Upstream(table, "daily", *_stored_day(column, block, dialect))
    if head == "custom":
        entry.note("materialization", "A materialization of its own was taken as a whole table.", kind.line)
    elif head not in _WHOLE and head != "materialized":
        fix = "Write it anew: each day's partition has what holds on that day."
        entry.refuse(
            "kind", f"The kind {head.upper()} keeps rows in a way that a partition a day cannot.", kind.line, fix
        )
    return Upstream(table, "snapshot")


def _time_column(kind: Property) -> str:
    for part in split(kind.inner):
        name, _, value = part.strip().partition(" ")
        if name.lower() == "time_column":
            return Property(value, kind.line).words()[0] if value.strip() else ""
    return ""


def _stored_day(column: str, block: Block, dialect: str) -> tuple[str, bool]:
    """The time column, if it is known to have days and no times, and whether they are text."""
    kind = _declared(block, dialect).get(column)
    if kind is None:
        text = next((one.text for one in reversed(block.statements) if _is_query(one)), "")
        kind = _cast_of(column, text, dialect)
    return (column, kind == "VARCHAR") if kind in {"DATE", "VARCHAR"} else ("", False)


def _cast_of(column: str, text: str, dialect: str) -> str | None:
    import sqlglot

    try:
        tree = sqlglot.parse_one(text, dialect=dialect)
    except (SqlglotError, RecursionError):
        return None
    for item in tree.selects if isinstance(tree, exp.Query) else ():
        inner = item.unalias()
        if item.alias_or_name.lower() == column.lower() and isinstance(inner, exp.Cast):
            return duckdb_type(inner.to.sql("duckdb"), "duckdb")
        if item.alias_or_name.lower() == column.lower() and inner.sql("duckdb").lower() in {"@start_date", "@end_date"}:
            return "DATE"
    return None


def _declared(block: Block, dialect: str) -> dict[str, str]:
    """The declared types of columns."""
    value = block.properties.get("columns")
    found = {}
    for part in split(value.text.strip()[1:-1]) if value else ():
        name, _, kind = part.strip().partition(" ")
        found[name.strip('"`')] = duckdb_type(kind, dialect) or ""
    return found


def _is_query(statement: Statement) -> bool:
    words = statement.text.lstrip("( \n\t").split(maxsplit=1)
    return bool(words) and words[0].upper() in {"SELECT", "WITH", "FROM"}


def _import_model(model: Model, project: _Project) -> None:
    entry, block = model.entry, model.block
    if _kind(block, project).head.startswith("seed"):
        _import_seed(model, project)
        return
    queries = [one for one in block.statements if _is_query(one)]
    if "JINJA_QUERY_BEGIN" in model.text:
        queries = []
        fix = "Write the SELECT without the block: a spec is a template as it is."
        entry.refuse("jinja-block", "It has a Jinja block, which is not read.", block.line, fix)
    elif len(queries) != 1:
        entry.refuse("not-one-select", f"It has {len(queries)} queries, must have one SELECT.", block.line)
    others = [one for one in block.statements if not _is_query(one)]
    if others and queries:
        line = line_of(model.text, others[0].start)
        fix = "Run what they do by other means."
        entry.note("statement", "The statements before or after its query are left out.", line, fix)
    sql = _converted(model, queries[0], project) if len(queries) == 1 else ""
    _note_rest(model)
    if any(one.severity == "error" for one in entry.problems):
        _declare(model.upstream, _declared(block, model.dialect), project)
        return
    header = _header(model, project, sql)
    comments = {} if header["columns"] else _descriptions(block)
    project.made.write(f"specs/{model.upstream.table}.sql", spec_text(header, sql, comments), entry)


def _converted(model: Model, query: Statement, project: _Project) -> str:
    above = line_of(model.text, query.start) - 1
    converter = PlainSql(model.dialect, _parameters(project.settings), lambda parts: _resolve(parts, project), above)
    read = converter.read(query.text, model.entry)
    if read is None:
        return ""
    read = replace(read, extra=cast_names(read.tree, read.tokens, model.dialect))
    sql = converter.convert(read, model.entry, model.upstream.table)
    if model.upstream.form == "daily" and not converter.used & _DAYS.keys():
        fix = "Filter its rows by {{ ds }}."
        model.entry.refuse("no-days", "It is kept by day, but its query names neither start nor end.", above + 1, fix)
    return sql


def _note_rest(model: Model) -> None:
    cron = model.block.word("cron", "@daily")
    if cron not in {"@daily", "@midnight"}:
        line = model.block.properties["cron"].line
        model.entry.note("schedule", f"It runs {cron} there, and daily here.", line, "Give it a `schedule`.")
    for name, value in model.block.properties.items():
        if name not in _IGNORED:
            model.entry.note("property", f"The property {name} is not expressed here.", value.line)


def _header(model: Model, project: _Project, sql: str) -> dict[str, Any]:
    block = model.block
    types = _declared(block, model.dialect)
    said = _descriptions(block)
    columns = {name: (kind, said.get(name, "")) for name, kind in types.items()}
    read = set(re.findall(r"\b\w+\.\w+\b", sql))
    tags = block.properties["tags"].words() if "tags" in block.properties else []
    return {
        "table": model.upstream.table,
        "description": block.word("description") or block.comment,
        "owner": block.word("owner"),
        "tags": [tag.replace(" ", "_") for tag in tags],
        "until": _UNTIL,
        "dialect": model.dialect if model.dialect != "duckdb" else "",
        "columns": column_types(columns, "duckdb"),
        "checks": project.audits.checks(block, model.entry, model.upstream.table, read),
    }


def _descriptions(block: Block) -> dict[str, str]:
    value = block.properties.get("column_descriptions")
    found = {}
    for part in split(value.text.strip()[1:-1]) if value else ():
        name, _, text = part.partition("=")
        found[name.strip().strip('"`')] = Property(text.strip(), 1).word
    return found


def _import_seed(model: Model, project: _Project) -> None:
    entry, kind = model.entry, _kind(model.block, project)
    path = next(
        (Property(p.strip()[4:].strip(), 1).word for p in split(kind.inner) if p.strip().lower().startswith("path")), ""
    )
    root = project.files.root.resolve()
    start = root if path.startswith("$root/") else (root / entry.file).parent
    found = (start / path.removeprefix("$root/")).resolve()
    name = found.relative_to(root).as_posix() if found.is_relative_to(root) else ""
    if name not in project.files.names:
        entry.refuse("seed", f"path == {path!r}, must be a file of the project.", kind.line)
        _declare(model.upstream, _declared(model.block, "duckdb"), project)
        return
    file = project.made.file(name)
    text = project.files.read(file)
    columns = sniff_csv(found, file, _declared(model.block, "duckdb"), "duckdb") if text is not None else {}
    if text is None or not columns:
        entry.refuse("seed", f"{name} cannot be read.", kind.line)
        _declare(model.upstream, _declared(model.block, "duckdb"), project)
        return
    project.made.write(f"seeds/{found.name}", text, file)
    entry.wrote.append("drawloom.yml")
    source: dict[str, Any] = {"files": f"seeds/{found.name}", "columns": columns}
    source |= {
        "owner": model.block.word("owner"),
        "description": model.block.word("description") or model.block.comment,
    }
    project.made.sources[model.upstream.table] = {key: value for key, value in source.items() if value}


def _read_python(entry: ImportedFile, project: _Project) -> None:
    text = project.files.read(entry)
    for model in python_models(text, entry) if text is not None else ():
        types = {name: duckdb_type(kind, project.settings.dialect) or "" for name, kind in model.columns.items()}
        day = types.get(model.time_column, "")
        stored = (model.time_column, day == "VARCHAR") if day in {"DATE", "VARCHAR"} else ("", False)
        form = Upstream(_table(model.name, project), "daily" if model.time_column else "whole", *stored)
        project.tables[_key(model.name)] = form
        _declare(form, types, project)


def _declare(upstream: Upstream, types: Mapping[str, str], project: _Project) -> None:
    """A source in the place of a table that was not imported, so that its readers can be."""
    whole = upstream.form == "whole"
    source: dict[str, Any] = {"files": f"landing/{upstream.table}.parquet"}
    if not whole:
        source = {"files": f"landing/{upstream.table}/ds={{ds}}/*.parquet"}
    if types and all(types.values()):
        source["columns"] = dict(types)
    source["description"] = "Not imported; see the report."
    project.made.sources[upstream.table] = source


def _read_external(entry: ImportedFile, project: _Project) -> None:
    text = project.files.read(entry)
    if text is None:
        return
    try:
        documents = parse_yaml("models:\n" + textwrap.indent(text, "  "), entry.file, 0)
    except InputError as error:
        entry.refuse_error(error)
        return
    listed = documents[0].data.get("models") if documents else None
    for n, one in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            continue
        upstream = Upstream(_table(one["name"], project), "whole")
        columns = one.get("columns")
        given = columns.items() if isinstance(columns, Mapping) else ()
        dialect = str(one.get("dialect") or project.settings.dialect)
        types = {str(k): duckdb_type(str(v), dialect if dialect in DIALECTS else "duckdb") or "" for k, v in given}
        project.tables[_key(one["name"])] = upstream
        _declare(upstream, types, project)
        project.made.sources[upstream.table] = {
            **project.made.sources[upstream.table],
            "description": str(one.get("description") or "An external model of SQLMesh."),
        }
        entry.wrote = ["drawloom.yml"]
        if one.get("audits"):
            line = documents[0].where("models", n, "audits").line
            entry.note(
                "source-tests",
                f"The audits of {one['name']} are left out.",
                line,
                "Check them in the first spec that reads it.",
            )


def _resolve(parts: tuple[str, ...], project: _Project) -> Upstream | None:
    name = ".".join(parts)
    if "\ue000" in name or "@" in name:
        return None
    found = project.tables.get(_key(name))
    if found is None:
        found = project.tables[_key(name)] = Upstream(_table(name, project), "whole")
        source = {
            "files": f"landing/{found.table}.parquet",
            "description": "Read, but made by nobody that was imported.",
        }
        project.made.sources.setdefault(found.table, source)
    return found
