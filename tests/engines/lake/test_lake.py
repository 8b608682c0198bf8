from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from drawloom.engines.lake import FILE, Lake
from drawloom.model import InputError, RunError, Table
from tests.engines.conftest import D1, Bench, day
from tests.helpers import count_calls


def test_a_partition_is_one_file_in_the_folder_of_its_day(bench: Bench) -> None:
    staged = bench.fill("core.Rides", D1, "SELECT 1 AS a")
    path = bench.lake.root / "core" / "rides" / "ds=2026-01-01" / "part-0.parquet"
    assert path == bench.lake.path("core.rides", D1)
    assert list(path.parent.iterdir()) == [path]
    assert not Path(staged.location).exists()
    assert path.stat().st_size == staged.bytes


def test_scan_returns_stamps_by_day_and_skips_other_folders(bench: Bench) -> None:
    for number in (3, 1, 2):
        bench.fill("core.t", day(number), "SELECT 1 AS a")
    folder = bench.lake.folder("core.t")
    (folder / "ds=2026-01-09").mkdir()
    (folder / "ds=nonsense").mkdir()
    (folder / "ds=nonsense" / FILE).touch()
    (folder / "ds=2026-01-10").touch()
    (folder / "README").touch()
    stamps = bench.lake.scan("core.t")
    stat = bench.lake.path("core.t", D1).stat()
    assert list(stamps) == [day(1), day(2), day(3)]
    assert stamps[D1] == f"{stat.st_size}-{stat.st_mtime_ns}" == bench.lake.stamp("core.t", D1)
    assert bench.lake.scan("core.none") == {}
    assert bench.lake.stamp("core.none", D1) is None


def test_publishing_again_changes_the_stamp(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    before = bench.lake.stamp("core.t", D1)
    with bench.engine.task({}) as task:
        staged = task.stage(Table("core.t"), D1, "SELECT 1 AS a", {})
    assert bench.engine.publish([staged]) == [bench.lake.stamp("core.t", D1)] != [before]


def test_publishing_removes_files_of_another_engine(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    path = bench.lake.path("core.t", D1)
    names = ("20261126_023301_00189_amcsn_96e155f3", ".20261126_023301_00189_amcsn_96e155f3.crc", "_SUCCESS")
    for name in names:
        (path.parent / name).write_text("rows of another engine")
    bench.fill("core.t", D1, "SELECT 2 AS a")
    assert list(path.parent.iterdir()) == [path]
    for name in names:
        (path.parent / name).write_text("rows of another engine")
    bench.lake.drop("core.t", D1)
    assert not path.parent.exists()


def test_tables_are_the_folders_that_are_not_hidden(bench: Bench) -> None:
    bench.fill("core.b", D1, "SELECT 1 AS a")
    bench.fill("core.a", D1, "SELECT 1 AS a")
    (bench.lake.root / "core" / ".hidden").mkdir()
    (bench.lake.root / "registry.db").touch()
    assert bench.lake.tables() == ["core.a", "core.b"]
    assert Lake(bench.lake.root / "nowhere").tables() == []


@pytest.mark.parametrize(
    "name", ["t", "a.b.c", "../x.y", "core./etc", "core..", ".staging.x", "_a.b", "a.b=c", "", "core."]
)
def test_a_name_that_cannot_be_a_folder_is_refused(lake: Lake, name: str) -> None:
    with pytest.raises(InputError, match=r"must be schema\.table"):
        lake.folder(name)


def test_unicode_names_are_folders(bench: Bench) -> None:
    bench.fill("straße.größe", D1, 'SELECT 1 AS "Länge"')
    assert bench.lake.tables() == ["straße.größe"]
    assert bench.rows('SELECT "Länge" FROM straße.größe') == [(1,)]


def test_a_file_has_metadata(bench: Bench) -> None:
    meta = {"run": "r7", "code": "abc", "inputs": '{"raw.x": "v\'1"}', "drawloom.note": "ü"}
    bench.fill("core.t", D1, "SELECT 1 AS a, 'x' AS b", meta=meta)
    assert bench.lake.read_meta(bench.lake.path("core.t", D1)) == {
        "run": "r7",
        "code": "abc",
        "inputs": '{"raw.x": "v\'1"}',
        "note": "ü",
        "table": "core.t",
        "ds": "2026-01-01",
        "columns": '[["a", "INTEGER"], ["b", "VARCHAR"]]',
    }


def test_the_error_for_a_corrupt_file_names_it(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "bad.parquet"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(RunError, match=r"bad\.parquet.* is missing or not a readable Parquet file"):
        lake.read_meta(path)


def test_drop_removes_the_partition_and_its_folder(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    bench.engine.drop("core.t", D1)
    bench.engine.drop("core.t", D1)
    assert bench.lake.scan("core.t") == {}
    assert not bench.lake.path("core.t", D1).parent.exists()


def test_files_that_are_not_ours_are_not_deleted_and_nothing_is_published_beside_them(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    other, hidden = (bench.lake.path("core.t", D1).with_name(name) for name in ("part-of-me.parquet", ".DS_Store"))
    other.touch()
    hidden.touch()
    with pytest.raises(RunError, match=r"holds part-of-me\.parquet, which drawloom did not write"):
        bench.fill("core.t", D1, "SELECT 2 AS a")
    assert bench.rows("SELECT a FROM core.t") == [(1,)]
    bench.lake.drop("core.t", D1)
    assert (other.exists(), hidden.exists(), bench.lake.scan("core.t")) == (True, True, {})
    other.unlink()
    bench.fill("core.t", D1, "SELECT 2 AS a")
    assert hidden.exists()


def test_drop_removes_files_of_other_engines_but_no_subfolders(bench: Bench) -> None:
    bench.fill("core.t", D1, "SELECT 1 AS a")
    folder = bench.lake.path("core.t", D1).parent
    (folder / "20261126_023301_00189_amcsn_96e155f3").touch()
    (folder / "more").mkdir()
    bench.engine.drop("core.t", D1)
    assert [path.name for path in folder.iterdir()] == ["more"]
    assert bench.lake.scan("core.t") == {}


@pytest.mark.unmeasured
def test_scan_of_ten_thousand_partitions_is_fast(lake: Lake) -> None:
    folder = lake.folder("core.big")
    folder.mkdir(parents=True)
    for number in range(10_000):
        part = folder / f"ds={date(2000, 1, 1) + timedelta(days=number)}"
        part.mkdir()
        (part / FILE).write_bytes(b"x")
    assert len(lake.scan("core.big")) == 10_000
    called = count_calls(lambda: lake.scan("core.big"))
    assert called < 12 * 10_000, called


def test_a_lake_in_a_folder_that_looks_like_a_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must not be in a folder ds=\.\.\., which would be read as the day"):
        Lake(tmp_path / "ds=2020-01-01" / "lake")


def test_a_lake_prints_its_root(lake: Lake) -> None:
    assert repr(lake) == f"Lake({str(lake.root)!r})"
