"""What the YAML files of a dbt project say of its models, seeds and sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from drawloom.run.importers.dbt.settings import Settings
from drawloom.run.importers.imported import Imported, ImportedFile
from drawloom.run.importers.project_files import ProjectFiles
from drawloom.run.importers.upstream import Upstream, table_name
from drawloom.specs.document import Document, Keys

_NOT_HERE = {
    "exposures": "exposures say who uses tables",
    "metrics": "metrics are dbt's semantic layer",
    "semantic_models": "semantic models are dbt's semantic layer",
    "saved_queries": "saved queries are dbt's semantic layer",
    "snapshots": "snapshots are written from what they were before",
    "groups": "groups are of dbt's access control",
}
_KNOWN = frozenset(
    {"version", "models", "seeds", "sources", "unit_tests", "macros", "analyses", "data_tests", "anchors"}
)


@dataclass(frozen=True, slots=True)
class Properties:
    """The properties of a model or seed, and where they are written."""

    data: Mapping[str, Any] = field(default_factory=dict)
    document: Document = field(default_factory=lambda: Document({}))
    keys: Keys = ()

    def line(self, *keys: str | int) -> int | None:
        """The line of a part of them."""
        return self.document.where(*self.keys, *keys).line

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration in them; some keys may stand outside of it."""
        inner = self.data.get("config")
        outer = {key: self.data[key] for key in ("meta", "tags", "docs") if key in self.data}
        return {**outer, **(inner if isinstance(inner, Mapping) else {})}

    @property
    def columns(self) -> list[tuple[int, Mapping[str, Any]]]:
        """The columns, each with its number."""
        listed = self.data.get("columns")
        found = enumerate(listed) if isinstance(listed, list) else ()
        return [(n, one) for n, one in found if isinstance(one, Mapping) and isinstance(one.get("name"), str)]


@dataclass(slots=True)
class AllProperties:
    """The properties of all, by kind and name; ``sources`` by the names of the source and its table."""

    models: dict[str, Properties] = field(default_factory=dict)
    seeds: dict[str, Properties] = field(default_factory=dict)
    sources: dict[tuple[str, str], Upstream] = field(default_factory=dict)
    source_event_times: dict[tuple[str, str], str] = field(default_factory=dict)
    unit_tests: list[Properties] = field(default_factory=list)


def load_properties(files: ProjectFiles, settings: Settings, made: Imported) -> AllProperties:
    """What all YAML files say; the sources are declared in what is made."""
    found = AllProperties()
    folders = dict.fromkeys(
        f for kind in ("models", "seeds", "macros", "snapshots", "tests") for f in settings.paths[kind]
    )
    names = dict.fromkeys(name for folder in folders for name in files.under(folder, ".yml", ".yaml"))
    for name in names:
        entry = made.file(name)
        for document in files.yaml(entry):
            _read_document(document, entry, found)
            if {"models", "seeds", "sources", "unit_tests"} & document.data.keys():
                entry.wrote = ["drawloom.yml" if "sources" in document.data else "specs/"]
            for one in _listed(document, "sources"):
                _read_source(one, entry, made, found)
    return found


def _read_document(document: Document, entry: ImportedFile, found: AllProperties) -> None:
    for kind, into in (("models", found.models), ("seeds", found.seeds)):
        for one in _listed(document, kind):
            if isinstance(one.data.get("name"), str):
                into[one.data["name"]] = one
    found.unit_tests += _listed(document, "unit_tests")
    for key in document.data:
        if key in _NOT_HERE:
            entry.refuse("not-in-specs", f"{key} are left out: {_NOT_HERE[key]}.", document.where(key).line)
        elif key not in _KNOWN:
            entry.refuse("unknown-key", f"{key} is not known here.", document.where(key).line)


def _listed(document: Document, key: str) -> list[Properties]:
    listed = document.data.get(key)
    found = enumerate(listed) if isinstance(listed, list) else ()
    return [Properties(one, document, (key, n)) for n, one in found if isinstance(one, Mapping)]


def _read_source(source: Properties, entry: ImportedFile, made: Imported, found: AllProperties) -> None:
    name = str(source.data.get("name"))
    schema = source.data.get("schema")
    schema = name if not isinstance(schema, str) or "{" in schema else schema
    tables = source.data.get("tables")
    for n, table in enumerate(tables if isinstance(tables, list) else ()):
        if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
            continue
        stored = table.get("identifier") or table["name"]
        upstream = Upstream(table_name(schema, str(stored)), "whole")
        found.sources[(name, table["name"])] = upstream
        config = table.get("config")
        event_time = config.get("event_time") if isinstance(config, Mapping) else None
        if isinstance(event_time, str):
            found.source_event_times[(name, table["name"])] = event_time
        made.sources[upstream.table] = declared_source(upstream.table, table, _owner(source.data, table))
        if table.get("freshness") or table.get("tests") or table.get("data_tests") or any(_tests_of(table)):
            line = source.line("tables", n)
            fix = "Check them in the first spec that reads it."
            entry.note(
                "source-tests", f"The freshness and tests of the source {name}.{table['name']} are left out.", line, fix
            )


def _tests_of(table: Mapping[str, Any]) -> Iterator[Any]:
    columns = table.get("columns")
    for column in columns if isinstance(columns, list) else ():
        if isinstance(column, Mapping):
            yield column.get("tests") or column.get("data_tests")


def _owner(*levels: Mapping[str, Any]) -> str:
    owner = ""
    for level in levels:
        meta = level.get("meta")
        owner = str(meta["owner"]) if isinstance(meta, Mapping) and meta.get("owner") else owner
    return owner


def declared_source(table: str, data: Mapping[str, Any], owner: str = "") -> dict[str, Any]:
    """The entry of a source in drawloom.yml: one file, as nothing says how it is partitioned."""
    entry: dict[str, Any] = {"files": f"landing/{table}.parquet"}
    if owner:
        entry["owner"] = owner
    if isinstance(data.get("description"), str) and data["description"].strip():
        entry["description"] = " ".join(data["description"].split())
    return entry
