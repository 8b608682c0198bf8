"""The files of the demo project."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from drawloom.demo.data import build_project
from tests.corpora import ASOS, SHARED, needs

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "src/drawloom/demo/project"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    build_project(folder)
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


def test_a_month_of_an_experiment_is_there(demo: Path) -> None:
    files = sorted((demo / "landing/asos").glob("*.csv"))
    assert [file.stem for file in files] == [f"2013-06-{day:02d}" for day in range(1, 31)]
    assert {file.read_text().partition("\n")[0] for file in files} == {"metric,variant,n,mean,variance"}
    assert "CC BY 4.0" in (demo / "landing/asos/README.md").read_text()


@needs(ASOS)
def test_the_experiment_is_that_of_the_data_set(demo: Path) -> None:
    rows = f"read_csv('{demo}/landing/asos/*.csv', filename = true)"
    published = SHARED / ASOS
    joined = f"""FROM {rows} AS r JOIN '{published}' AS p ON experiment_id = '3c9dfd' AND variant_id = 1
        AND 'metric_' || metric_id = r.metric AND abs(time_since_start - day(CAST(r.filename[-14:-5] AS DATE))) < 1e-6"""
    same = """(r.n, r.mean, r.variance) = CASE r.variant WHEN 'control' THEN (count_c::BIGINT, mean_c, variance_c)
        ELSE (count_t::BIGINT, mean_t, variance_t) END"""
    assert count(f"SELECT count(*), count_if({same}) {joined}") == (240, 240)


@pytest.mark.nightly
def test_building_again_gives_the_same_files(demo: Path, tmp_path: Path) -> None:
    build_project(tmp_path)
    build_project(tmp_path)
    assert contents(tmp_path) == contents(demo)


def test_the_specs_are_copied(demo: Path) -> None:
    specs = sorted(path.name for path in (PROJECT / "specs").iterdir())
    assert len(specs) >= 8
    assert sorted(path.name for path in (demo / "specs").iterdir()) == specs


def test_without_the_data_package_the_message_names_it(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n"
        "from pathlib import Path\n"
        "from drawloom.demo.data import build_project\n"
        f"build_project(Path({str(tmp_path / 'demo')!r}))\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], check=False, capture_output=True, text=True)
    assert "pip install '.[demo]'" in done.stderr
    assert not (tmp_path / "demo").exists()


def test_the_readme_shows_a_spec_of_the_demo() -> None:
    assert (PROJECT / "specs/route_punctuality.sql").read_text() in (ROOT / "README.md").read_text()
