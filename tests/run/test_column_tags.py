"""Tags follow values from table to table; where SQL cannot be followed, columns have all tags that could have come to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.frameworks.column_tags import tags_of
from drawloom.run.project import Project

SETTINGS = """name: people
start: 2026-01-05
end: 2026-01-06
defaults: {owner: a@example.com}
sources:
  raw.users:
    files: "users/{ds}.parquet"
    columns:
      id: BIGINT
      email: {type: VARCHAR, tags: [pii]}
      home: {type: "STRUCT(zip VARCHAR, floor INTEGER)", tags: [place]}
      country: VARCHAR
  raw.orders:
    files: "orders/{ds}.parquet"
    columns: {id: BIGINT, amount: DOUBLE, email: VARCHAR, mail: {type: VARCHAR, tags: []}}
"""


def find_tags(root: Path, *texts: str) -> dict[str, list[str]]:
    """The tags of the columns ``x`` and ``y`` of ``core.made``, the last of the texts."""
    (root / "specs").mkdir()
    (root / "drawloom.yml").write_text(SETTINGS, encoding="utf-8")
    for number, text in enumerate(texts, 1):
        table = "core.made" if number == len(texts) else f"core.step_{number}"
        header = f'/* drawloom\ntable: {table}\nuntil: "forever: a test"\n*/\n'
        (root / "specs" / f"{number}.sql").write_text(f"{header}{text} WHERE ds = '{{{{ ds }}}}'\n", encoding="utf-8")
    with Project.load(root) as project:
        assert project.compiled.tags is not None
        tags = project.compiled.tags.of_table("core.made")
        return {name: tags_of(name, tags) for name in ("x", "y")}


@pytest.mark.parametrize(
    ("item", "tags"),
    [
        ("email", ["pii"]),
        ("concat('<', lower(trim(email)), '>')", ["pii"]),
        ("CASE WHEN country = 'US' THEN email ELSE '' END", ["pii"]),
        ("hash(email)", ["pii"]),
        ("(SELECT max(u.email) FROM raw.users AS u WHERE u.ds = '{{ ds }}')", ["pii"]),
        ("home.zip", ["place"]),
        ("email || home.zip", ["pii", "place"]),
        ("email IS NOT NULL", []),
        ("country", []),
        ("length(country)", []),
    ],
)
def test_what_a_column_has_from_an_expression(item: str, tags: list[str], tmp_path: Path) -> None:
    assert find_tags(tmp_path, f"SELECT {item} AS x, country AS y FROM raw.users") == {"x": tags, "y": []}


def test_tags_go_through_tables_and_ctes(tmp_path: Path) -> None:
    found = find_tags(
        tmp_path,
        "SELECT id, email AS contact, country FROM raw.users",
        "SELECT upper(contact) AS a, count(contact) AS b FROM core.step_1",
        "WITH found AS (SELECT a AS z, b FROM core.step_2 WHERE ds = '{{ ds }}') SELECT z AS x, b AS y, ds FROM found",
    )
    assert found == {"x": ["pii"], "y": []}


def test_a_table_that_reads_its_own_past_keeps_them(tmp_path: Path) -> None:
    text = (
        "SELECT coalesce(n.email, o.x) AS x, o.x AS y FROM raw.users AS n LEFT JOIN core.made AS o ON o.ds = n.ds - 1"
    )
    found = find_tags(tmp_path, f"SELECT x, y, ds FROM ({text})")
    assert found == {"x": ["pii"], "y": ["pii"]}


@pytest.mark.parametrize("item", ["COLUMNS('em(.*)') AS x", "to_json(users) AS x"])
def test_where_nothing_is_certain_a_column_has_all_of_them(item: str, tmp_path: Path) -> None:
    assert find_tags(tmp_path, f"SELECT {item}, country AS y FROM raw.users")["x"] == ["pii", "place"]


def test_a_column_of_the_same_name_has_them_and_one_that_says_otherwise_has_none(tmp_path: Path) -> None:
    assert find_tags(tmp_path, "SELECT email AS x, mail AS y FROM raw.orders") == {"x": ["pii"], "y": []}
