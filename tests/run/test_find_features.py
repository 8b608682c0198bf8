"""Features are found by words in what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from drawloom.run.features.find import find_features
from drawloom.run.project import Project

CONFIG = """name: t
start: 2026-01-01
end: 2026-01-02
defaults: {owner: ana@example.com}
sources: {core.rides: {files: "rides/{ds}.csv", columns: {rider: BIGINT, at: TIMESTAMP, fare: DOUBLE}}}
"""
SPEC = """kind: features
name: {name}
entity: {{name: {entity}, key: rider}}
source: {{table: core.rides, time: at}}
windows: [7d]
measures: {{{measure}: {{value: fare, ops: [sum], description: "{text}"}}}}
until: "forever: a test"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "drawloom.yml").write_text(CONFIG)
    for name, entity, measure, text in [("riders", "rider", "fare", "In USD"), ("cities", "city", "tips", "Given")]:
        spec = SPEC.format(name=name, entity=entity, measure=measure, text=text)
        (tmp_path / "specs" / f"{name}.yml").write_text(spec)
    return tmp_path


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("", ["cities.tips_sum_7d", "riders.fare_sum_7d"]),
        ("usd", ["riders.fare_sum_7d"]),
        ("SUM city", ["cities.tips_sum_7d"]),
        ("ana@example.com core.rides", ["cities.tips_sum_7d", "riders.fare_sum_7d"]),
        ("usd city", []),
    ],
)
def test_every_word_must_be_somewhere(folder: Path, search: str, names: list[str]) -> None:
    with Project.load(folder) as project:
        assert [one.name for one in find_features(project, search)] == names


def test_the_command_lists_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["-C", str(folder), "features", "list", "--search", "usd"]) == 0
    out = capsys.readouterr().out
    assert "riders.fare_sum_7d   sum(fare)" in out
    assert "1 feature" in out


def test_the_type_of_a_feature_is_that_of_its_column(folder: Path) -> None:
    spec = (folder / "specs/riders.yml").read_text()
    more = 'derive: {is_paid: "fare_max_7d > 0"}\n'
    (folder / "specs/riders.yml").write_text(spec.replace("ops: [sum]", "ops: [sum, max, first]") + more)
    with Project.load(folder) as project:
        found = {one.feature.name: one.feature.type for one in find_features(project, "riders")}
    assert found == {"fare_sum_7d": "DOUBLE", "fare_max_7d": "DOUBLE", "fare_first_7d": "DOUBLE", "is_paid": "BOOLEAN"}
