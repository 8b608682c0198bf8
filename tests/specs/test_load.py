"""Spec files of all forms."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawloom.frameworks.autodag import AutoDag
from drawloom.model import InputError, Where
from drawloom.specs.fields import Forever
from drawloom.specs.load import load_file, load_specs, read_specs, sql_document

KINDS = {"autodag": AutoDag}
SQL = """\
/* drawloom
table: core.rides
owner: data@example.com
schedule: @weekly
until: forever: it is small
keep: 90d
cluster: [city]
depends_on: {raw.rides: -6..0, ref.cities: none}
*/
SELECT 1 AS n
"""


def write(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        path = folder / "specs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "specs"


def test_a_sql_file(tmp_path: Path) -> None:
    (spec,) = load_specs(write(tmp_path, {"a.sql": SQL}), KINDS)
    assert isinstance(spec, AutoDag)
    assert (spec.table, spec.owner, spec.schedule, spec.keep) == ("core.rides", "data@example.com", "@weekly", 90)
    assert (spec.until, spec.cluster) == (Forever("it is small"), ("city",))
    assert spec.depends_on == {"raw.rides": "-6..0", "ref.cities": "none"}
    assert spec.sql == "\nSELECT 1 AS n\n"
    assert (spec.line("sql"), spec.where) == (9, Where("specs/a.sql", 2))
    assert spec.place("keep") == Where("specs/a.sql", 6)


@pytest.mark.parametrize(
    "head",
    ["/* drawloom {table: a.b, until: 2026-01-01} */ ", "\ufeff\n  /*drawloom:\ntable: a.b\nuntil: 2026-01-01*/\n"],
)
def test_forms_of_the_header(tmp_path: Path, head: str) -> None:
    (spec,) = load_specs(write(tmp_path, {"a.sql": head + "SELECT 1"}), KINDS)
    assert isinstance(spec, AutoDag)
    assert (spec.table, spec.until, (spec.sql or "").strip()) == ("a.b", date(2026, 1, 1), "SELECT 1")


def test_yaml_holds_several_and_files_are_sorted(tmp_path: Path) -> None:
    one = "kind: autodag\ntable: {}\nsql: SELECT 1\nuntil: 2026-01-01\n"
    texts = {
        "b/x.yaml": one.format("b.x"),
        "a.yml": one.format("a.a") + "---\n" + one.format("a.b"),
        "_draft.yml": "no: spec",
        ".hidden/a.yml": "no: spec",
        "notes.md": "no spec",
        "empty.yml": "# later\n",
    }
    specs = load_specs(write(tmp_path, texts), KINDS)
    assert [getattr(spec, "table", None) for spec in specs] == ["a.a", "a.b", "b.x"]
    assert [str(spec.where) for spec in specs] == ["specs/a.yml:1", "specs/a.yml:6", "specs/b/x.yaml:1"]


def test_a_bad_file_does_not_keep_the_others_from_loading(tmp_path: Path) -> None:
    folder = write(
        tmp_path, {"a.sql": SQL, "b.sql": "SELECT 1", "c.yml": "kind: autodag\ntabel: a.b\n", "d.yml": "a: ["}
    )
    specs, problems = read_specs(folder, KINDS)
    assert len(specs) == 1
    assert [str(problem.where) for problem in problems] == [
        "specs/b.sql:1", "specs/c.yml:1", "specs/c.yml:1", "specs/c.yml:2", "specs/d.yml:1:1",
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"tabel is an unknown key.*Did you mean table") as caught:
        load_specs(folder, KINDS)
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.sql", "SELECT 1", "specs/a.sql:1: The header is missing. Begin the file with /. drawloom"),
        ("a.sql", "\n/* drawloom\ntable: a.b", "specs/a.sql:2: The header is not closed by"),
        ("a.sql", "/* drawloom\nsql: x */", "specs/a.sql:2: `sql` is a key of the header"),
        ("a.sql", "/* drawloom\na: 1\n---\nb: 1*/", "`sql` is a key of the header"),
        (
            "a.sql",
            "/* drawloom */ SELECT 1",
            "specs/a.sql:1: table is missing. It is the table it fills",
        ),
        ("a.sql", "/* drawloom\ntable: a.b\nuntil: 2026-01-01 */", "sql == '', must not be empty"),
        ("a.yml", "kind: autodg", "specs/a.yml:1: kind == 'autodg', must be one of autodag. Did you mean autodag?"),
        ("a.yml", "kind: [1]", r"kind == \[1\], must be one of autodag"),
        ("a.yml", "x: 1", "kind is missing, must be one of autodag"),
        ("a.yml", "kind: autodag\ntable: a/b.c\nuntil: soon\nsql: 1", r"table == 'a/b.c', must be schema.table"),
        (
            "a.yml",
            "kind: autodag\nuntil: soon",
            "specs/a.yml:2: until == 'soon', must be a day like 2026-01-31, or `for",
        ),
        (
            "a.yml",
            "kind: autodag\nchecks: [{not_nul: [a]}]",
            r"checks\[0\].not_nul is an unknown key.*Did you mean not_null",
        ),
        ("a.yml", "kind: autodag\ncluster: city", "cluster == 'city', must be a list like"),
        ("a.yml", "kind: autodag\nretries: -1", "retries == -1, must be at least 0"),
        (
            "a.yml",
            "kind: autodag\non_success: f",
            "on_success == 'f', must be a Python function: write this spec in Python",
        ),
        ("a.yml", "kind: autodag\ncall: f", "call == 'f', must be a Python function"),
        ("a.yml", "kind: autodag\ndialect: sparc", "dialect == 'sparc', must be 'duckdb', .*Did you mean spark"),
        ("a.yml", "kind: autodag\ndepends_on: {a.b: x}", "depends_on.a.b == 'x', must be days like"),
        ("a.yml", "kind: autodag\nparams: {x: .nan}", "params.x == nan, must be text, a finite number"),
    ],
)
def test_refusals(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_specs(write(tmp_path, {name: text}), KINDS)


def test_a_missing_folder_has_no_specs(tmp_path: Path) -> None:
    assert load_specs(tmp_path / "specs", KINDS) == []


@given(st.text(alphabet="/*drawloom:tableuntil \n-[]{}'\"@&"))
def test_any_header_gives_a_document_or_problems(text: str) -> None:
    with suppress(InputError):
        assert isinstance(sql_document("/* drawloom" + text).data["sql"], str)


def test_a_file_of_one_megabyte_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path, {"a.sql": SQL + "-- " + "x" * 1_000_000})
    specs, problems = load_file(folder / "a.sql", "specs/a.sql", KINDS)
    assert (len(specs), problems) == (1, [])
