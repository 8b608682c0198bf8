from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.model import InputError
from drawloom.sql.catalog import CatalogEntry, find_entry, load_catalog


def test_catalogs_load_from_json_files_and_mappings(tmp_path: Path) -> None:
    text = (
        '{"Logs.Ev": ["DS"], "u": {"columns": {"A": "INT", "b": null}, "days_from": ["TS"]}, "v": {"columns": ["x"]}}'
    )
    catalog = load_catalog(text)
    assert catalog["logs.ev"] == CatalogEntry(keys=("ds",))
    assert catalog["u"] == CatalogEntry(keys=None, columns={"a": "INT", "b": ""}, days_from=("ts",))
    assert catalog["v"] == CatalogEntry(columns={"x": ""})
    file = tmp_path / "catalog.json"
    file.write_text(text, encoding="utf-8")
    assert load_catalog(file) == load_catalog(str(file)) == catalog
    assert load_catalog({"t": []}) == {"t": CatalogEntry(keys=())}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{", "must be JSON"),
        ("[1]", "must be a mapping of tables"),
        ("nowhere.json", "must be JSON or a file of it"),
        ('{"t": 3}', "must be a list of keys or a mapping"),
        ('{"t": [3]}', "must be a list of column names"),
        ('{"t": {"key": []}}', "must have only keys, columns"),
        ('{"t": {"columns": 3}}', "must map names to types"),
    ],
)
def test_wrong_catalogs_are_refused(source: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_catalog(source)
    assert caught.value.problems[0].code == "catalog"


def test_broken_json_has_a_line_and_column() -> None:
    with pytest.raises(InputError) as caught:
        load_catalog('{\n"t" 1}')
    assert caught.value.problems[0].where.line == 2


def test_tables_are_found_without_their_database() -> None:
    catalog = {"logs.ev": CatalogEntry(keys=("ds",)), "ev": CatalogEntry(keys=())}
    assert find_entry(catalog, "hive.Logs.ev").keys == ("ds",)
    assert find_entry(catalog, "other.ev").keys is None
    assert find_entry(catalog, "ev").keys == ()
