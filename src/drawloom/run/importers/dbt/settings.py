"""What dbt_project.yml says: folders, variables, and the configurations of folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from drawloom.model import InputError, refuse
from drawloom.run.importers.imported import Imported
from drawloom.run.importers.project_files import ProjectFiles
from drawloom.sql.template.rendering import render

FILE = "dbt_project.yml"
_PROFILES = ("profiles.yml", "profiles.yaml")
_DIALECTS = {"duckdb": "duckdb", "bigquery": "bigquery", "snowflake": "snowflake", "redshift": "redshift"}
_DIALECTS |= {"postgres": "postgres", "spark": "spark", "databricks": "spark", "trino": "trino", "athena": "trino"}
# Configurations that say how the other engine stores a table, or what drawloom does anyway.
_WITHOUT_MEANING = frozenset(
    [
        "on_schema_change",
        "docs",
        "group",
        "persist_docs",
        "contract",
        "access",
        "sort",
        "sort_type",
        "dist",
        "transient",
        "labels",
        "static_analysis",
        "full_refresh",
        "unique_key",
        "incremental_strategy",
        "partition_by",
        "event_time",
        "begin",
        "batch_size",
        "lookback",
        "cluster_by",
        "materialized",
        "tags",
        "schema",
        "alias",
        "enabled",
        "meta",
        "description",
        "database",
        "project",
        "dataset",
        "partitions",
        "file_format",
        "require_partition_filter",
        "quoting",
        "indexes",
        "unlogged",
        "bind",
        "copy_grants",
        "snowflake_warehouse",
        "automatic_clustering",
        "table_format",
        "location_root",
        "buckets",
        "clustered_by",
        "column_types",
        "quote_columns",
        "delimiter",
        "grants",
        "query_tag",
        "concurrent_batches",
        "unique_id",
        "kms_key_name",
        "partition_expiration_days",
        "hours_to_expiration",
        "merge_update_columns",
        "incremental_predicates",
        "predicates",
        "skip_not_null",
        "materialized_name",
    ]
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a project; ``dialect`` is that of its profile."""

    name: str
    dialect: str
    paths: Mapping[str, Sequence[str]]
    variables: Mapping[str, Any] = field(default_factory=dict)
    trees: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def config(self, kind: str, file: str) -> dict[str, Any]:
        """What the folders of a file say about it; ``kind`` is ``models`` or ``seeds``."""
        root = next((one for one in self.paths[kind] if file.startswith(f"{one}/")), "")
        parts = [self.name, *PurePosixPath(file).relative_to(root).with_suffix("").parts]
        found: dict[str, Any] = {}
        tree: Any = self.trees.get(kind) or {}
        for part in [None, *parts]:
            tree = tree if part is None else tree.get(part)
            if not isinstance(tree, Mapping):
                break
            found |= self.plain({k: v for k, v in tree.items() if k[:1] == "+" or not isinstance(v, Mapping)})
        return found

    def plain(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Configurations without their plus signs; templates in them are rendered where that is possible."""
        return {key.lstrip("+").replace("-", "_"): self._rendered(value) for key, value in config.items()}

    def _rendered(self, value: Any) -> Any:
        if not isinstance(value, str) or "{{" not in value:
            return value
        try:
            text = render(value.replace("target.name", "'prod'"), date(2026, 1, 1), params=self.variables).text.strip()
        except InputError:
            return value
        return {"true": True, "false": False}.get(text.lower(), text)


def unknown_configs(config: Mapping[str, Any]) -> list[str]:
    """The configurations that are not expressed here, and that could change the rows of a table."""
    return sorted(key for key in config if key not in _WITHOUT_MEANING)


def load_settings(files: ProjectFiles, made: Imported, dialect: str | None) -> Settings:
    """The settings of the project.

    Raises:
        InputError: there is no dbt_project.yml, or it cannot be read.
    """
    if FILE not in files.names:
        raise refuse("no-project", f"{FILE} was not found in {files.root}.", None, "Give the folder that has it.")
    entry = made.file(FILE)
    documents = files.yaml(entry)
    if not documents:
        raise InputError(*(entry.problems or [_empty()]))
    data = documents[0].data
    name = str(data.get("name") or "dbt")
    named = dialect or _profile_dialect(files, made, str(data.get("profile") or name))
    if not named:
        fix = "Give --dialect with the dialect of its SQL, if it is another."
        entry.note("dialect", "No profiles.yml says which engine it runs on; its SQL was taken as DuckDB's.", fix=fix)
    for hook in ("on-run-start", "on-run-end"):
        if data.get(hook):
            line = documents[0].where(hook).line
            entry.refuse(
                "hook", f"{hook} runs SQL of its own, which a spec never does.", line, "Run it by other means."
            )
    variables = _mapping(data.get("vars"))
    return Settings(name, named or "duckdb", _paths(data), _variables(variables, name), _trees(data))


def _empty() -> Any:
    return refuse("empty", f"{FILE} is empty, must name the project.").problems[0]


def _paths(data: Mapping[str, Any]) -> dict[str, list[str]]:
    def listed(*keys: str, default: str) -> list[str]:
        value = next((data[key] for key in keys if data.get(key)), [default])
        return [str(one).strip("/").removeprefix("./") for one in (value if isinstance(value, list) else [value])]

    return {
        "models": listed("model-paths", "source-paths", default="models"),
        "seeds": listed("seed-paths", "data-paths", default="seeds"),
        "macros": listed("macro-paths", default="macros"),
        "tests": [*listed("test-paths", default="tests"), "data-tests"],
        "snapshots": listed("snapshot-paths", default="snapshots"),
        "analyses": listed("analysis-paths", default="analyses"),
    }


def _trees(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {kind: tree for kind in ("models", "seeds") if isinstance(tree := data.get(kind), Mapping)}


def _variables(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Those of all packages and of the project itself; ours are of one level."""
    own = given.get(name)
    return {
        **{k: v for k, v in given.items() if not isinstance(v, Mapping)},
        **(own if isinstance(own, Mapping) else {}),
    }


def _profile_dialect(files: ProjectFiles, made: Imported, profile: str) -> str:
    for file in (name for name in _PROFILES if name in files.names):
        for document in files.yaml(made.file(file)):
            outputs = _mapping(_mapping(document.data.get(profile)).get("outputs"))
            wanted = _mapping(document.data.get(profile)).get("target")
            chosen: Any = outputs.get(str(wanted)) or next(iter(outputs.values()), {})
            if found := _DIALECTS.get(str(_mapping(chosen).get("type"))):
                return found
    return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
