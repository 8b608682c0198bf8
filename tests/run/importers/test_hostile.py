"""Files that are broken, huge, foreign or lead elsewhere: they are named in the report, and nothing fails or leaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.model import InputError
from drawloom.run.importers.front import import_project
from drawloom.run.importers.imported import Imported
from drawloom.run.importers.write import write_imported
from tests.run.importers.build import imported, outcomes, project, said

DBT = {"dbt_project.yml": "name: shop", "models/good.sql": "select 1 as one"}
PLACES = {
    "dbt": ("dbt_project.yml", "models/{}.sql", "models/{}.yml"),
    "sqlmesh": ("config.yaml", "models/{}.sql", "external_models/{}.yaml"),
    "bigquery-etl": ("sql/p/d/good/metadata.yaml", "sql/p/d/{}/query.sql", "sql/p/d/{}/metadata.yaml"),
}
HOSTILE: dict[str, bytes] = {
    "binary": bytes(range(256)) * 10,
    "latin": "select 'é' as name".encode("latin-1"),
    "zeros": b"select 1\0 as one",
    "huge": b"-- " + b"x" * 4_100_000,
    "deep": b"select " + b"(" * 5_000 + b"1" + b")" * 5_000 + b" as one",
    "open": b"select '{{ ref('",
    "tags": b"{% if %}{% endfor %}{{",
    "nothing": b"",
    "half": b"MODEL (name a.b, kind SEED (path '../../../etc/passwd')",
    "quotes": b"select '*/ ; drop table x' as \"a'b\"",
}
BROKEN_YAML = {
    "tabs": b"models:\n\t- name: x\n  - [",
    "bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nmodels: *b\n" * 1,
    "nested": b"[" * 200 + b"]" * 200,
    "wrong": b"models: {name: 3}\nsources: [1, [2], {name: x, tables: [3, {name: [4]}]}]\nversion: x\n",
    "bytes": bytes(range(128, 256)),
    "keys": b"models: [{name: x}]\nmodels: [{name: y}]\n",
}


@pytest.mark.parametrize("tool", PLACES)
def test_no_text_breaks_the_import_and_each_is_named(tool: str, tmp_path: Path) -> None:
    first, sql, yml = PLACES[tool]
    files: dict[str, str | bytes] = {first: b"name: shop\n"}
    files |= {sql.format(name): content for name, content in HOSTILE.items()}
    files |= {yml.format(f"y{name}"): content for name, content in BROKEN_YAML.items()}
    made = imported(tool, tmp_path / "theirs", files)
    found = outcomes(made)
    # What dbt's SQL says is not looked at: `drawloom check` does that.
    for name in ("binary", "latin", "zeros", "huge", "open", *(["deep"] if tool != "dbt" else [])):
        assert found[sql.format(name)] == "not understood", name
    assert said(made, sql.format("latin"))[0].endswith("is not UTF-8 text (byte 8).")
    write_imported(made, tmp_path / "ours")


def test_broken_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    made = imported("dbt", tmp_path, {**DBT, "models/schema.yml": "models:\n  - name: good\n    tests: [\n"})
    assert outcomes(made)["models/schema.yml"] == "not understood"
    assert said(made, "models/schema.yml")[0].startswith("3: line == ")
    assert outcomes(made)["models/good.sql"] == "imported"


def test_links_that_lead_out_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.sql").write_text("select 'secret' as word")
    folder = project(tmp_path / "theirs", DBT)
    (folder / "models/link.sql").symlink_to(tmp_path / "secret.sql")
    (folder / "models/circle.sql").symlink_to(folder / "models/circle.sql")
    (folder / "more").symlink_to(tmp_path)
    made = import_project("dbt", folder)
    assert outcomes(made)["models/link.sql"] == "not understood"
    assert said(made, "models/link.sql") == [": models/link.sql leads out of the folder, must be in it."]
    assert "secret" not in "".join(made.texts.values())


def test_a_seed_of_sqlmesh_stays_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    model = "MODEL (name a.b, kind SEED (path '../../secret.csv'));"
    made = imported("sqlmesh", tmp_path / "theirs", {"models/b.sql": model})
    assert said(made, "models/b.sql") == ["1: path == '../../secret.csv', must be a file of the project."]


def test_names_of_tables_make_no_paths(tmp_path: Path) -> None:
    text = "{{ config(schema='../../out', alias='a/b') }} select 1 as one"
    made = imported("dbt", tmp_path / "theirs", {**DBT, "models/escape.sql": text})
    assert "specs/______out.a_b.sql" in made.texts
    write_imported(made, tmp_path / "ours")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ours", "theirs"]


def test_a_description_does_not_end_the_header(tmp_path: Path) -> None:
    yml = "models: [{name: good, description: 'a */ select 2', columns: [{name: one, description: 'b */ c'}]}]"
    made = imported("dbt", tmp_path, {**DBT, "models/schema.yml": yml})
    assert made.texts["specs/shop.good.sql"].count("*/") == 1


def test_files_that_differ_are_never_written_over_without_force(tmp_path: Path) -> None:
    made = imported("dbt", tmp_path / "theirs", DBT)
    write_imported(made, tmp_path / "ours")
    write_imported(made, tmp_path / "ours")
    spec = tmp_path / "ours/specs/shop.good.sql"
    spec.write_text("mine")
    with pytest.raises(InputError, match=r"specs/shop.good.sql in .* exist and differ; nothing was written"):
        write_imported(made, tmp_path / "ours")
    assert spec.read_text() == "mine"
    write_imported(made, tmp_path / "ours", force=True)
    assert spec.read_text() == made.texts["specs/shop.good.sql"]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    made = imported("dbt", tmp_path / "theirs", DBT)
    ours = tmp_path / "ours"
    ours.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (ours / "specs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="leads out of"):
        write_imported(made, ours)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_project_that_is_there_must_declare_the_sources(tmp_path: Path) -> None:
    ours = project(tmp_path / "ours", {"drawloom.yml": "name: ours\nstart: 2026-01-01\n"})
    made = Imported("x", {"specs/a.b.sql": "text"}, {"raw.rides": {"files": "landing/raw.rides.parquet"}})
    with pytest.raises(InputError, match=r"does not declare raw.rides"):
        write_imported(made, ours)
    assert not (ours / "specs").exists()


@pytest.mark.parametrize("tool", ["dbt", "bigquery-etl"])
def test_a_folder_without_a_project_is_refused(tool: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"was(?: not)? found in"):
        import_project(tool, tmp_path)
    with pytest.raises(InputError, match="must be a folder"):
        import_project(tool, tmp_path / "nowhere")
