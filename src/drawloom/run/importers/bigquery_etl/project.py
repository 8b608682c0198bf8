"""A project in the layout of bigquery-etl as a drawloom project: ``<project>/<dataset>/<table>/query.sql`` and its YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from jinja2 import nodes
from sqlglot.errors import SqlglotError

from drawloom.model import refuse
from drawloom.run.importers.bigquery_etl.checks import import_checks
from drawloom.run.importers.bigquery_etl.metadata import Metadata, columns_of
from drawloom.run.importers.bigquery_etl.views import MOST, view_query
from drawloom.run.importers.functions import (
    CannotWriteOutError,
    Function,
    Functions,
    read_function,
    split_functions,
)
from drawloom.run.importers.imported import Imported, ImportedFile
from drawloom.run.importers.jinja_text import choose_branches
from drawloom.run.importers.plain_sql import PlainSql, Query, filtered_days, uses
from drawloom.run.importers.project_files import ProjectFiles
from drawloom.run.importers.spec_text import spec_text
from drawloom.run.importers.sql_tables import TableName
from drawloom.run.importers.upstream import TODAY, Upstream, table_name
from drawloom.specs.document import Document
from drawloom.sql.rename import mask_tags

_UNTIL = "forever: imported from bigquery-etl, where tables have no end"
_DIALECT = "bigquery"
_DEFAULTS = ("submission_date",)
_READ = frozenset({"query.sql", "view.sql", "udf.sql", "metadata.yaml", "schema.yaml"})
_NOT_HERE = {
    "query.py": ("python-query", "A query in Python is not read.", "Write it as a spec in Python with `call`."),
    "script.sql": ("script", "A script has more than one SELECT.", "Write each table that it fills as a spec."),
    "init.sql": ("init", "What fills a table for the first time is left out.", "Start the spec on the first day."),
    "materialized_view.sql": ("materialized-view", "A materialized view is not read.", "Write its SELECT as a spec."),
    "stored_procedure.sql": (
        "procedure",
        "A stored procedure is left out.",
        "Write the tables that it fills as specs.",
    ),
}


@dataclass(slots=True)
class Folder:
    """The folder of a table: its name, and what its files say."""

    table: str
    path: str
    metadata: Metadata = field(default_factory=Metadata)
    schema: Document | None = None
    upstream: Upstream = field(default_factory=lambda: Upstream("", "whole"))
    query: Query | None = None
    entry: ImportedFile | None = None


@dataclass(slots=True)
class View:
    """A view: its file, its query and the lines above that; ``upstream`` is there when it was converted."""

    table: str
    entry: ImportedFile
    query: str
    above: int
    upstream: Upstream | None = None
    is_open: bool = False


@dataclass(slots=True)
class _Project:
    """All tables, views and functions by their names in lower case, and the tables of nobody that were read."""

    files: ProjectFiles
    made: Imported
    dialect: str
    folders: dict[str, Folder] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    others: dict[str, Upstream] = field(default_factory=dict)


def import_bigquery_etl(files: ProjectFiles, dialect: str | None = None) -> Imported:
    """The project in our words; the dialect is BigQuery's.

    Raises:
        InputError: no folder of a table was found.
    """
    made = Imported(files.root.resolve().name)
    project = _Project(files, made, dialect or _DIALECT)
    _find_folders(project)
    if not project.folders and not project.views:
        message = f"No <dataset>/<table>/query.sql was found in {files.root}."
        raise refuse("no-project", message, None, "Give the folder sql/, or one of a project or dataset in it.")
    for folder in project.folders.values():
        _read_query(folder, project)
    for folder in project.folders.values():
        if folder.query and folder.entry:
            _import_query(folder, folder.query, folder.entry, project)
    for view in project.views.values():
        _upstream_of(view, project)
    _declare_others(project)
    return made


def _find_folders(project: _Project) -> None:
    root = project.files.root.resolve()
    for name in project.files.names:
        path = root / name
        if len(path.parts) < 4 or path.name not in _READ | _NOT_HERE.keys():
            continue
        table = table_name(path.parts[-3], path.parts[-2])
        if path.name == "udf.sql":
            _add_function(f"{path.parts[-3]}.{path.parts[-2]}".lower(), project.made.file(name), project)
        elif path.name == "view.sql":
            _add_view(table, project.made.file(name), project)
        else:
            if path.name in _NOT_HERE:
                code, message, fix = _NOT_HERE[path.name]
                project.made.file(name).refuse(code, message, 1, fix)
            folder = project.folders.setdefault(table.lower(), Folder(table, str(PurePosixPath(name).parent)))
            _add_file(folder, name, path.name, project)
    _forget_empty(project)


def _add_function(name: str, entry: ImportedFile, project: _Project) -> None:
    text = project.files.read(entry)
    function = read_function(text, project.dialect) if text is not None else None
    if function and not function.refused:
        entry.note(
            "function", "Its expression is written where it is called: there are no functions of one's own here."
        )
        project.functions[name] = function
    elif text is not None:
        reason = function.refused if function else "it is not one CREATE FUNCTION"
        entry.refuse("function", f"The function cannot be written out: {reason}.", 1, "Write what it does in SQL.")


def _add_view(table: str, entry: ImportedFile, project: _Project) -> None:
    text = project.files.read(entry)
    found = view_query(text, entry, project.dialect) if text is not None else None
    if found and table.lower() not in project.views:
        project.views[table.lower()] = View(table, entry, *found)


def _add_file(folder: Folder, name: str, kind: str, project: _Project) -> None:
    files, made = project.files, project.made
    if folder.path != str(PurePosixPath(name).parent):
        if kind == "query.sql":
            fix = "Import one project after the other."
            made.file(name).refuse("two-tables", f"{folder.table} is also in {folder.path}.", 1, fix)
    elif kind == "query.sql":
        folder.entry = made.file(name)
    elif kind == "metadata.yaml" and (documents := files.yaml(made.file(name))):
        folder.metadata = Metadata(documents[0].data, documents[0])
    elif kind == "schema.yaml" and (documents := files.yaml(made.file(name))):
        folder.schema = documents[0]


def _forget_empty(project: _Project) -> None:
    """Folders of functions and views have metadata, too; they are no tables."""
    made = project.made
    for key, folder in list(project.folders.items()):
        parent = folder.path
        is_table = (
            folder.entry or folder.schema or f"{parent}/query.py" in made.files or f"{parent}/script.sql" in made.files
        )
        if not is_table or key in project.views:
            del project.folders[key]


def _read_query(folder: Folder, project: _Project) -> None:
    """Read the text of a folder's query, and decide how its table is kept."""
    day = folder.metadata.day_column
    kind = columns_of(folder.schema).get(day, "")
    kind = kind["type"] if isinstance(kind, dict) else kind
    if day:
        folder.upstream = Upstream(folder.table, "daily", day if kind == "DATE" else "")
    else:
        folder.upstream = Upstream(folder.table, "snapshot" if folder.entry else "whole")
    text = project.files.read(folder.entry) if folder.entry else None
    if text is None or folder.entry is None:
        return
    if folder.metadata.data.get("deprecated") is True:
        folder.entry.note("deprecated", "It is marked as deprecated there.")
    text, chosen = choose_branches(text, _not_init)
    if chosen:
        folder.entry.note("is-init", "Of is_init() the text of daily runs was taken.", chosen[0])
    folder.query = _read(text, folder.entry, project)
    parameter = folder.metadata.parameter
    if day and folder.query and not (parameter and uses(folder.query, parameter)):
        folder.upstream = Upstream(folder.table, "snapshot")
        if parameter:
            message = f"Its query does not name @{parameter}, so each day's partition has all of its rows."
            folder.entry.note("no-days", message, 1)


def _read(text: str, entry: ImportedFile, project: _Project, above: int = 0) -> Query | None:
    """The text with the expressions of the functions that it calls, as a query."""
    try:
        own, text = split_functions(text, mask_tags(text), project.dialect)
        text = Functions({**project.functions, **own}, project.dialect).write_out(text)
    except SqlglotError:
        pass  # the reader says where
    except CannotWriteOutError as error:
        fix = "Write what it does into the text."
        entry.refuse("function", f"A function cannot be written out: {error}.", above + 1, fix)
        return None
    return PlainSql(project.dialect, {}, lambda _: None, above).read(text, entry)


def _upstream_of(view: View, project: _Project) -> Upstream | None:
    """The view as its readers read it; None where it cannot be read."""
    if view.upstream or view.is_open or view.entry.problems:
        return view.upstream
    view.is_open = True  # a view that reads itself has no rows to begin with
    query = _read(view.query, view.entry, project, view.above)
    if query:
        sql = _convert(query, view.entry, project, {}, view.above)
        if not any(one.severity == "error" for one in view.entry.problems):
            if len(sql) <= MOST:
                view.upstream = Upstream(view.table, "view", query=sql)
                view.entry.note("view", "Its readers read its query: there are no views here.")
            else:
                view.entry.refuse(
                    "view", f"Its query has more than {MOST} characters, too many to be read in its place.", 1
                )
    return view.upstream


def _not_init(node: nodes.Expr) -> bool | None:
    is_call = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "is_init"
    return False if is_call else None


def _import_query(folder: Folder, query: Query, entry: ImportedFile, project: _Project) -> None:
    days = dict.fromkeys([*folder.metadata.parameters, *_DEFAULTS], TODAY)
    sql = _convert(query, entry, project, {**folder.metadata.constants, **days}, 0, folder.table)
    folder.metadata.note_schedule(entry)
    if any(problem.severity == "error" for problem in entry.problems):
        return
    header: dict[str, Any] = {
        "table": folder.table,
        "description": folder.metadata.description,
        "owner": folder.metadata.owner,
        "tags": folder.metadata.tags,
        "until": _UNTIL,
        "keep": folder.metadata.keep,
        "dialect": project.dialect,
        "columns": columns_of(folder.schema),
        "cluster": folder.metadata.cluster,
        "checks": import_checks(f"{folder.path}/checks.sql", project.files, project.made, frozenset(days)),
    }
    path = f"specs/{folder.table}.sql"
    project.made.write(path, spec_text(header, sql), entry)
    for file in ("metadata.yaml", "schema.yaml", "checks.sql"):
        if f"{folder.path}/{file}" in project.made.files:
            project.made.files[f"{folder.path}/{file}"].wrote.append(path)


def _convert(
    query: Query, entry: ImportedFile, project: _Project, parameters: Mapping[str, str], above: int, own: str = ""
) -> str:
    places = {name.parts: name for name in query.tables}
    days = frozenset(name for name, text in parameters.items() if text == TODAY)

    def resolve(parts: tuple[str, ...]) -> Upstream | None:
        return _resolve(parts, project, query, places[parts], days)

    return PlainSql(project.dialect, parameters, resolve, above).convert(query, entry, own)


def _resolve(
    parts: tuple[str, ...], project: _Project, query: Query, name: TableName, days: frozenset[str]
) -> Upstream | None:
    words = [word for part in parts for word in part.split(".")]
    if len(words) < 2 or any("*" in word or "\ue000" in word for word in words) or "INFORMATION_SCHEMA" in words:
        return None
    table = table_name(words[-2], words[-1])
    if folder := project.folders.get(table.lower()):
        return folder.upstream
    view = project.views.get(table.lower())
    if view and (upstream := _upstream_of(view, project)):
        return upstream
    if table.lower() in project.others:
        return project.others[table.lower()]
    found = filtered_days(query.tree, name, days)
    column, is_time = found or ("", False)
    upstream = Upstream(table, "daily" if found else "whole", "" if is_time else column)
    project.others[table.lower()] = upstream
    source: dict[str, Any] = {"files": f"landing/{table}/ds={{ds}}/*.parquet" if found else f"landing/{table}.parquet"}
    if found:
        source["description"] = f"By the day of {column}, as its readers filter it."
    if is_time:
        source["days_from"] = [column]
    project.made.sources[table] = source
    return upstream


def _declare_others(project: _Project) -> None:
    """Sources in the place of tables that are read and were not imported."""
    read = {word for text in project.made.texts.values() for word in _words(text)}
    for folder in project.folders.values():
        is_made = f"specs/{folder.table}.sql" in project.made.texts
        if is_made or folder.table.lower() not in read:
            continue
        by_day = folder.upstream.form != "whole"
        files = f"landing/{folder.table}/ds={{ds}}/*.parquet" if by_day else f"landing/{folder.table}.parquet"
        source: dict[str, Any] = {"files": files}
        columns = columns_of(folder.schema)
        source |= {"columns": columns} if columns else {}
        source |= {"owner": folder.metadata.owner} if folder.metadata.owner else {}
        source["description"] = folder.metadata.description or "Not imported; see the report."
        project.made.sources[folder.table] = source


def _words(text: str) -> set[str]:
    return {found.lower() for found in re.findall(r"\b\w+\.\w+\b", text)}
