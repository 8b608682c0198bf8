"""The JSON Schemas and the reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from drawloom.frameworks.autodag import AutoDag
from drawloom.specs.config import Config
from drawloom.specs.load import sql_document
from drawloom.specs.schema import config_schema, reference, spec_schema
from tests.specs.test_config import FULL

KINDS = {"autodag": AutoDag}


def as_editors_see_it(text: str) -> Any:
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_settings(root: Path) -> None:
    check = validator(config_schema())
    check.validate(as_editors_see_it(FULL))
    check.validate(as_editors_see_it((root / "src/drawloom/demo/project/drawloom.yml").read_text()))
    check.validate({"name": "x", "start": "2026-01-01", "engine": "duckdb"})


@pytest.mark.parametrize(
    "data",
    [{"name": "x"}, {"nam": "x"}, {"engine": "duckdv"}, {"sources": {"a.b": {}}}, {"defaults": {"retries": -1}}],
)
def test_wrong_settings(data: dict[str, Any]) -> None:
    full = {"start": "2026-01-01", **data} if "name" not in data else data
    assert not validator(config_schema()).is_valid(full)


GOOD = {"kind": "autodag", "table": "a.b", "sql": "SELECT 1", "until": "2026-01-01"}


def test_the_demo_passes(root: Path) -> None:
    check = validator(spec_schema(KINDS))
    for path in (root / "src/drawloom/demo/project/specs").rglob("*.sql"):
        check.validate(json.loads(json.dumps(sql_document(path.read_text()).data, default=str)))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"until": {"forever": "small"}},
        {"until": "forever: small"},
        {"keep": "90d"},
        {"columns": {"a": "INT", "b": {"type": "INT"}}},
        {
            "checks": [
                {"not_null": ["a"], "severity": "warn"},
                {"rows": {"min": 1}},
                {"accepted_values": {"a": [1, "x"]}},
            ]
        },
        {"depends_on": {"a.c": -1, "a.d": "none"}},
    ],
)
def test_specs(more: dict[str, Any]) -> None:
    validator(spec_schema(KINDS)).validate({**GOOD, **more})
    AutoDag(**{**GOOD, **more})


@pytest.mark.parametrize(
    "more",
    [{"kind": "x"}, {"tabel": "x"}, {"until": 3}, {"checks": [{"nul": 1}]}, {"on_success": "f"}, {"call": "f"},
     {"reads": {}}, {"columns": {"a": {"tag": "x"}}}, {"dialect": "x"}],
)  # fmt: skip
def test_wrong_specs(more: dict[str, Any]) -> None:
    assert not validator(spec_schema(KINDS)).is_valid({**GOOD, **more})


def test_reference() -> None:
    text = reference([Config, AutoDag])
    for model in (Config, AutoDag):
        for name, field in model.model_fields.items():
            if name not in {"on_success", "on_failure", "call", "reads"}:
                assert f"| `{name}` |" in text
                assert field.description
                assert field.description in text
    assert "| `table` | text | required | the table it fills, schema.table |" in text
    assert "| `threads` | integer | `1` |" in text
    assert "## CheckSpec" in text
