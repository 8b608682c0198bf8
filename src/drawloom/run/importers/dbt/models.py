"""The models of a dbt project: their configuration, and what of each table a day's partition holds."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from jinja2 import nodes

from drawloom.model import InputError
from drawloom.run.importers.dbt.increments import DayFilter, day_filter
from drawloom.run.importers.dbt.properties import AllProperties, Properties
from drawloom.run.importers.dbt.settings import Settings
from drawloom.run.importers.dbt.target import with_target
from drawloom.run.importers.imported import Imported, ImportedFile
from drawloom.run.importers.jinja_text import Tag, expression, line_of, syntax_error, tags
from drawloom.run.importers.project_files import ProjectFiles
from drawloom.run.importers.upstream import Upstream, table_name
from drawloom.sql.template.rendering import render

_WHOLE = frozenset({"table", "view", "ephemeral", "materialized_view", "dynamic_table", "incremental"})
# The configurations that say which rows a table has, and where it is.
_DECIDING = frozenset(
    [
        "enabled",
        "materialized",
        "schema",
        "alias",
        "unique_key",
        "incremental_strategy",
        "partition_by",
        "event_time",
        "batch_size",
    ]
)
_DAYS = frozenset({"date", "timestamp", "datetime", ""})


@dataclass(slots=True)
class Model:
    """A model, as far as its configuration says; ``by_day`` filters the rows of a day, of a model that is kept by day."""

    name: str
    entry: ImportedFile
    text: str
    config: Mapping[str, Any]
    properties: Properties
    upstream: Upstream
    by_day: DayFilter | None = None
    microbatch: bool = False
    ok: bool = True


@dataclass(slots=True)
class Tables:
    """Everything that a text can name: models and seeds by name, sources by the names of source and table."""

    models: dict[str, Model] = field(default_factory=dict)
    seeds: dict[str, Upstream] = field(default_factory=dict)
    sources: Mapping[tuple[str, str], Upstream] = field(default_factory=dict)

    def resolve(self, kind: str, *names: Any, **versions: Any) -> Upstream | None:
        """The table that ``ref`` or ``source`` names; None where the project does not have it."""
        texts = tuple(str(name) for name in names)
        if kind == "source":
            return self.sources.get((texts[0], texts[1])) if len(texts) == 2 else None
        name = texts[-1] if texts else ""
        version = versions.get("v", versions.get("version"))
        model = self.models.get(f"{name}_v{version}") if version is not None else self.models.get(name)
        return model.upstream if model else self.seeds.get(name)


def load_models(files: ProjectFiles, settings: Settings, properties: AllProperties, made: Imported) -> dict[str, Model]:
    """All models that are switched on, by name."""
    found: dict[str, Model] = {}
    for folder in settings.paths["models"]:
        for file in files.under(folder, ".sql", ".py"):
            if file.endswith("/__init__.py"):
                continue
            entry = made.file(file)
            name = PurePosixPath(file).stem
            if file.endswith(".py"):
                fix = "Write it as a spec in Python with `call`; its table is a source until then."
                entry.refuse("python-model", "A model in Python is not read.", 1, fix)
                continue
            text = files.read(entry)
            if text is None:
                continue
            model = _model(name, entry, text, settings, properties.models.get(name, Properties()))
            if model is None:
                continue
            if name in found:
                entry.refuse("two-models", f"{name} is also in {found[name].entry.file}; names must differ.")
                continue
            found[name] = model
    return found


def _model(name: str, entry: ImportedFile, text: str, settings: Settings, properties: Properties) -> Model | None:
    if error := syntax_error(text):
        entry.refuse("template", f"It is no Jinja template that is read here: {error[0]}.", error[1])
        return None
    config = {
        **settings.config("models", entry.file),
        **settings.plain(properties.config),
        **_own_config(text, entry, settings),
    }
    if config.get("enabled") is False:
        entry.left_out = True
        return None
    schema, alias = str(config.get("schema") or settings.name), str(config.get("alias") or name)
    model = Model(name, entry, text, config, properties, Upstream(table_name(schema, alias), "snapshot"))
    _set_form(model, settings.dialect)
    return model


def _own_config(text: str, entry: ImportedFile, settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for tag in tags(text):
        for call in tag.calls():
            if call.name == "config":
                computed = _computed(call.text, settings)
                given = {**call.keywords, **computed}
                found |= {key.replace("-", "_"): value for key, value in given.items()}
                if isinstance(call.arguments, tuple) and call.arguments and isinstance(call.arguments[0], Mapping):
                    found |= call.arguments[0]
                _note_computed(tag, call.text, given, text, entry)
    return found


def _computed(arguments: str, settings: Settings) -> dict[str, Any]:
    """The values of configurations that hang on variables of the project; none where they hang on more."""
    wanted = with_target(f"{{{{ dict({arguments}) }}}}", settings.dialect)[0]
    try:
        value = ast.literal_eval(render(wanted, date(2026, 1, 1), params=settings.variables, to_run=True).text)
    except (InputError, ValueError, SyntaxError, RecursionError, MemoryError):
        return {}
    return value if isinstance(value, dict) else {}


def _note_computed(tag: Tag, arguments: str, known: Mapping[str, Any], text: str, entry: ImportedFile) -> None:
    call = expression(f"f({arguments})")
    names = [pair.key for pair in call.kwargs if pair.key not in known] if isinstance(call, nodes.Call) else []
    for name in set(names) & _DECIDING:
        message = f"config({name}=...) is computed; its value is not known here."
        entry.note("computed-config", message, line_of(text, tag.start))


def _set_form(model: Model, dialect: str) -> None:
    """Decide whether the table has all rows in the partition of each day, or those of the day only."""
    config, entry = model.config, model.entry
    kind = str(config.get("materialized") or "view")
    if kind not in _WHOLE:
        entry.note("materialization", f"materialized == {kind} is not known here; it was taken as a table.", None)
    if kind != "incremental":
        return
    strategy = str(config.get("incremental_strategy") or "")
    event_time = config.get("event_time")
    if strategy == "microbatch" and isinstance(event_time, str):
        if str(config.get("batch_size") or "day").lower() == "day":
            model.by_day, model.microbatch = DayFilter(event_time, event_time), True
    else:
        model.by_day = _incremental_filter(model, dialect)
    if model.by_day:
        day = model.by_day.stored if _stores_days(config, model.by_day.stored) else ""
        model.upstream = Upstream(model.upstream.table, "daily", day)
        return
    message = "How it grows is not by the day of one column, so each day computes all of it."
    line = next((line_of(model.text, t.start) for t in tags(model.text) if "is_incremental" in t.text), 1)
    fix = "Where its rows belong to days, filter them by {{ ds }}, and let readers read all days."
    entry.note("incremental-whole", message, line, fix)


def _incremental_filter(model: Model, dialect: str) -> DayFilter | None:
    found = day_filter(model.text, dialect)
    if found is None:
        return None
    partition = model.config.get("partition_by")
    keys = model.config.get("unique_key")
    if isinstance(partition, Mapping):
        is_day = str(partition.get("granularity") or "day").lower() == "day"
        same = str(partition.get("field", "")).lower() == found.stored.lower()
        return found if is_day and same and str(partition.get("data_type") or "").lower() in _DAYS else None
    listed = [keys] if isinstance(keys, str) else keys if isinstance(keys, list) else []
    return found if not listed or found.stored.lower() in {str(key).lower() for key in listed} else None


def _stores_days(config: Mapping[str, Any], column: str) -> bool:
    partition = config.get("partition_by")
    kind = str(partition.get("data_type") or "date").lower() if isinstance(partition, Mapping) else ""
    return kind == "date" and column.isidentifier()
