"""The files of the demo."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from drawloom.demo.data import build

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "src/drawloom/demo/project"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    build(folder)
    return folder


def contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def count(sql: str) -> tuple[int, ...]:
    with duckdb.connect() as con:
        (row,) = con.execute(sql).fetchall()
    return tuple(row)


def test_all_flights_of_the_year_are_there(demo: Path) -> None:
    days = "count(DISTINCT make_date(year, month, day))"
    assert count(f"SELECT count(*), {days} FROM '{demo}/landing/flights-*.parquet'") == (336_776, 365)
    assert count(f"SELECT count(*), {days} FROM '{demo}/landing/weather-*.parquet'") == (26_115, 364)


def test_missing_values_are_null(demo: Path) -> None:
    rows = f"read_csv('{demo}/reference/planes.csv', header = true, all_varchar = true)"
    assert count(f"SELECT count(*), count(year), count(speed) FROM {rows}") == (3322, 3252, 23)
    assert count(f"SELECT count(*) FROM {rows} WHERE 'NA' IN (year, speed, engine)") == (0,)


def test_built_again_it_is_the_same(demo: Path, tmp_path: Path) -> None:
    build(tmp_path)
    build(tmp_path)
    assert contents(tmp_path) == contents(demo)


def test_the_specs_come_along(demo: Path) -> None:
    specs = sorted(path.name for path in (PROJECT / "specs").iterdir())
    assert len(specs) >= 8
    assert sorted(path.name for path in (demo / "specs").iterdir()) == specs


def test_without_the_package_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n"
        "from pathlib import Path\n"
        "from drawloom.demo.data import build\n"
        f"build(Path({str(tmp_path / 'demo')!r}))\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], check=False, capture_output=True, text=True)
    assert "Install drawloom[demo]." in done.stderr
    assert not (tmp_path / "demo").exists()


def test_the_readme_shows_a_spec_of_the_demo() -> None:
    assert (PROJECT / "specs/route_punctuality.sql").read_text() in (ROOT / "README.md").read_text()
