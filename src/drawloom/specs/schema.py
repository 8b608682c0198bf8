"""Documentation from the models of specs: JSON Schema for editors, and Markdown tables of every field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from drawloom.specs.base import PYTHON_ONLY, Spec
from drawloom.specs.config import Config

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, Any]:
    """The JSON Schema of ``drawloom.yml``."""
    return {"$schema": _DIALECT, **_without_python_fields(Config.model_json_schema())}


def spec_schema(kinds: Mapping[str, type[Spec]]) -> dict[str, Any]:
    """The JSON Schema of a YAML spec: the fields that are right depend on its ``kind``."""
    models = [kinds[kind] for kind in sorted(kinds)]
    refs, made = models_json_schema([(model, "validation") for model in models], title="A drawloom spec")
    choices = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": refs[kinds[kind], "validation"]}
        for kind in sorted(kinds)
    ]
    head = {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": sorted(kinds)}}, "allOf": choices}
    return {"$schema": _DIALECT, **head, **_without_python_fields(made)}


def reference(models: Iterable[type[BaseModel]]) -> str:
    """A Markdown section for each model and the models in it: every field with type, default and meaning."""
    sections: dict[str, str] = {}
    for model in models:
        schema = _without_python_fields(model.model_json_schema())
        sections[model.__name__] = _section(model.__name__, schema)
        for name, part in sorted(schema.get("$defs", {}).items()):
            if "properties" in part:
                sections.setdefault(name, _section(name, part))
    return "\n".join(sections.values())


def _without_python_fields(schema: Any) -> Any:
    """The schema without the fields that can only be set in Python."""
    if isinstance(schema, list):
        return [_without_python_fields(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_python_fields(value)
        for key, value in schema.items()
        if not (isinstance(value, dict) and value.get(PYTHON_ONLY) is True)
    }


def _section(title: str, schema: Mapping[str, Any]) -> str:
    return "\n".join([f"## {title}", "", str(schema.get("description", "")), "", *_table(schema), ""])


def _table(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| field | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in schema["properties"].items():
        given = "required" if name in schema.get("required", ()) else _default(field.get("default"))
        yield f"| `{name}` | {_type(field)} | {given} | {field.get('description', '')} |"


def _default(value: object) -> str:
    return "" if value in (None, "", [], {}) else f"`{value}`"


def _type(field: Mapping[str, Any]) -> str:
    match field:
        case {"$ref": ref}:
            return str(ref).rpartition("/")[2]
        case {"anyOf": options}:
            return " or ".join(dict.fromkeys(_type(option) for option in options if option.get("type") != "null"))
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return " or ".join(f"`{value}`" for value in values)
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"name: {_type(values)}"
    kind = str(field.get("type", "any"))
    return {"string": "text", "object": "mapping"}.get(kind, kind)
