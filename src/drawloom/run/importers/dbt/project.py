"""A dbt project as a drawloom project."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drawloom.run.importers.columns import column_types, sniff_csv
from drawloom.run.importers.dbt.checks import checks_of
from drawloom.run.importers.dbt.convert import Converter
from drawloom.run.importers.dbt.increments import with_day_filter, without_increments
from drawloom.run.importers.dbt.macros import (
    choose_macros,
    find_macros,
    of_dialect,
    package_macros,
    write_macros,
    write_package_macros,
)
from drawloom.run.importers.dbt.models import Model, Tables, load_models
from drawloom.run.importers.dbt.properties import AllProperties, Properties, load_properties
from drawloom.run.importers.dbt.settings import Settings, load_settings, unknown_configs
from drawloom.run.importers.dbt.unit_tests import import_unit_tests
from drawloom.run.importers.imported import Imported
from drawloom.run.importers.project_files import ProjectFiles
from drawloom.run.importers.spec_text import spec_text
from drawloom.run.importers.upstream import Upstream, table_name

_UNTIL = "forever: imported from dbt, where tables have no end"


def import_dbt(files: ProjectFiles, dialect: str | None = None) -> Imported:
    """The project in our words.

    Raises:
        InputError: there is no dbt_project.yml.
    """
    made = Imported("")
    settings = load_settings(files, made, dialect)
    made.name = settings.name
    properties = load_properties(files, settings, made)
    tables = Tables(load_models(files, settings, properties, made), {}, properties.sources)
    _import_seeds(files, settings, properties, tables, made)
    macros = of_dialect(find_macros(files, settings, made), settings.dialect)
    packaged = {name: macro for name, macro in package_macros(settings.dialect).items() if name not in macros}
    refused = choose_macros(macros, packaged)
    converter = Converter(settings, tables, (macros.keys() | packaged.keys()) - refused.keys(), refused)
    write_macros(macros, refused, converter, made)
    for model in tables.models.values():
        _import_model(model, converter, made)
    write_package_macros(packaged, made)
    import_unit_tests(properties, tables, made)
    _report_others(files, settings, made)
    for upstream in converter.unknown.values():
        made.sources.setdefault(upstream.table, {"files": f"landing/{upstream.table}.parquet"})
    return made


def _import_model(model: Model, converter: Converter, made: Imported) -> None:
    entry = model.entry
    text = with_day_filter(model.text, model.by_day) if model.by_day else without_increments(model.text)
    text, params = converter.convert(text, entry, model)
    if model.microbatch and model.by_day:
        text = f"SELECT * FROM (\n{text.strip().rstrip(';')}\n) AS batch\nWHERE {model.by_day.sql}"
    for name in unknown_configs(model.config):
        entry.note("config", f"The configuration {name} is not expressed here.")
    header = _header(model, converter, made, text)
    if params:
        header["params"] = params
    if any(problem.severity == "error" for problem in entry.problems):
        _declare_instead(model.upstream, made)
        return
    comments = {} if header["columns"] else _descriptions(model.properties)
    made.write(f"specs/{model.upstream.table}.sql", spec_text(header, text.strip().rstrip(";"), comments), entry)


def _declare_instead(upstream: Upstream, made: Imported) -> None:
    """A source in the place of a table that was not imported, so that its readers can be."""
    whole = upstream.form == "whole"
    files = f"landing/{upstream.table}.parquet" if whole else f"landing/{upstream.table}/ds={{ds}}/*.parquet"
    made.sources[upstream.table] = {"files": files, "description": "Not imported; see the report."}


def _header(model: Model, converter: Converter, made: Imported, text: str) -> dict[str, Any]:
    config, data = model.config, model.properties.data
    meta = config.get("meta")
    owner = meta.get("owner") if isinstance(meta, Mapping) else None
    tags = config.get("tags")
    tags = [tags] if isinstance(tags, str) else tags if isinstance(tags, list) else []
    yaml_file = made.file(model.properties.document.file or model.entry.file)
    return {
        "table": model.upstream.table,
        "description": str(data.get("description") or "").strip(),
        "owner": str(owner or ""),
        "tags": list(dict.fromkeys(str(tag).replace(" ", "_") for tag in tags)),
        "until": _UNTIL,
        "dialect": converter.settings.dialect if converter.settings.dialect != "duckdb" else "",
        "columns": _contract(model, converter.settings.dialect),
        "checks": checks_of(model.properties, model.entry, converter.tables.resolve, yaml_file, _tables_in(text)),
    }


def _tables_in(text: str) -> set[str]:
    return set(re.findall(r"\b\w+\.\w+\b", text))


def _contract(model: Model, dialect: str) -> dict[str, Any]:
    """The columns of a model whose contract is enforced: only there are they all that it has."""
    contract = model.config.get("contract")
    if not isinstance(contract, Mapping) or contract.get("enforced") is not True:
        return {}
    listed = {
        str(c["name"]): (str(c.get("data_type") or ""), str(c.get("description") or ""))
        for _, c in model.properties.columns
    }
    return column_types(listed, dialect)


def _descriptions(properties: Properties) -> dict[str, str]:
    return {str(c["name"]): str(c["description"]) for _, c in properties.columns if c.get("description")}


def _import_seeds(
    files: ProjectFiles, settings: Settings, properties: AllProperties, tables: Tables, made: Imported
) -> None:
    for folder in settings.paths["seeds"]:
        for file in files.under(folder, ".csv"):
            entry = made.file(file)
            name = file.rpartition("/")[2].removesuffix(".csv")
            said = properties.seeds.get(name, Properties())
            config = {**settings.config("seeds", file), **settings.plain(said.config)}
            upstream = Upstream(table_name(str(config.get("schema") or settings.name), name), "whole")
            if config.get("enabled") is False:
                if upstream not in tables.sources.values():
                    entry.left_out = True
                    continue
                entry.note("seed", f"It is switched off; here it stands in for the source {upstream.table}.")
            text = files.read(entry)
            tables.seeds[name] = upstream
            if text is None:
                made.sources[upstream.table] = {"files": f"landing/{upstream.table}.parquet"}
                continue
            types = config.get("column_types")
            columns = sniff_csv(files.root / file, entry, types if isinstance(types, Mapping) else {}, settings.dialect)
            if columns:
                made.write(f"seeds/{name}.csv", text, entry)
                description = str(said.data.get("description") or "").strip()
                source: dict[str, Any] = {"files": f"seeds/{name}.csv", "columns": columns}
                made.sources[upstream.table] = {**made.sources.get(upstream.table, {}), **source}
                if description:
                    made.sources[upstream.table] = {**made.sources[upstream.table], "description": description}


def _report_others(files: ProjectFiles, settings: Settings, made: Imported) -> None:
    """What a dbt project may have besides, and that is not expressed here."""
    for file in sorted({"packages.yml", "dependencies.yml"}.intersection(files.names)):
        message = "Packages are not read: models and macros of theirs are missing here."
        made.file(file).refuse("packages", message, 1, "Run `dbt compile`, and import what is in target/compiled.")
    for kind, code, message in (
        ("snapshots", "snapshot", "A snapshot keeps what rows were before; here each day's partition does that."),
        ("analyses", "analysis", "Analyses fill no table."),
        ("tests", "singular-test", "A test of its own is not attached to a table."),
    ):
        for folder in dict.fromkeys(settings.paths[kind]):
            for file in files.under(folder, ".sql"):
                if file not in made.files:
                    fix = "Write it as `sql: {name: ..., query: SELECT ... FROM staged}` in the `checks` of a spec."
                    made.file(file).refuse(code, message, 1, fix if kind == "tests" else "")
