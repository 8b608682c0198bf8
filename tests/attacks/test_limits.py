"""Full disks, few open files and little memory: a message, whole partitions, and the next run goes on."""

from __future__ import annotations

import resource
from random import Random

import duckdb
import pytest

from tests.attacks.child import run
from tests.cli.sample_project import SampleProject

ROWS = 60_000
BIG = """/* drawloom
table: core.big
until: "forever: a test"
*/
SELECT range AS n, hash(range, '{{ ds }}') AS h FROM range(60000)
"""
KINDS = {
    "size of files": (resource.RLIMIT_FSIZE, 8.0, 21.0),
    "open files": (resource.RLIMIT_NOFILE, 3.0, 6.0),
    "memory": (resource.RLIMIT_AS, 27.5, 31.0),
}


def is_an_answer(code: int, kind: str) -> bool:
    """Whether a command ended as commands do. Without memory libraries in C end the process: by a signal, glibc with 127."""
    return code in (0, 1, 2, 3) or (kind == "memory" and (code < 0 or code == 127))


@pytest.mark.nightly
@pytest.mark.parametrize(("kind", "times"), [(kind, 16) for kind in KINDS])
def test_a_run_within_limits_leaves_whole_partitions_and_the_next_one_goes_on(
    project: SampleProject, kind: str, times: int
) -> None:
    project.write("specs/big.sql", BIG)
    project.run("run")
    want = project.hashes()
    limit, least, most = KINDS[kind]
    rng = Random(7)
    failed = 0
    for _ in range(times):
        value = int(2 ** rng.uniform(least, most))
        done = run(project.folder, "run", "--force", "--jobs", "2", limits={limit: value})
        assert "Traceback" not in done.stderr, (value, done.stderr)
        assert is_an_answer(done.returncode, kind), (value, done.returncode, done.stderr)
        failed += done.returncode != 0
        for path in (project.folder / "lake/core").rglob("*.parquet"):
            assert path.name == "part-0.parquet"
            if path.parent.parent.name == "big":
                assert duckdb.execute(f"SELECT count(*) FROM '{path}'").fetchone() == (ROWS,)
        project.run("run")
        assert project.hashes() == want
        assert project.json("plan")["counts"] == {"fresh": 40}
    assert failed
    assert [path for path in (project.folder / "lake/.staging").iterdir() if path.is_dir()] == []


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("kind", "times"),
    [("size of files", 1), *(pytest.param(kind, 16, marks=pytest.mark.nightly) for kind in KINDS)],
)
def test_landing_within_limits_lands_whole_days_or_none(
    project_without_data: SampleProject, kind: str, times: int
) -> None:
    project = project_without_data
    rows = "".join(f"{n},2026-03-{1 + n % 10:02d},tea,{n}.50\n" for n in range(60_000))
    project.write("landing/orders.csv", "id,day,product,amount\n" + rows)
    limit, least, most = KINDS[kind]
    rng = Random(11)
    failed = 0
    for number in range(times):
        table, value = f"raw.t{number}", int(2 ** rng.uniform(least, most))
        done = run(project.folder, "land", table, "landing/orders.csv", "--ds", "day", limits={limit: value})
        assert "Traceback" not in done.stderr, (value, done.stderr)
        assert is_an_answer(done.returncode, kind), (value, done.returncode, done.stderr)
        failed += done.returncode != 0
        for path in (project.folder / "lake/raw").glob(f"t{number}/*/*.parquet"):
            assert duckdb.execute(f"SELECT count(*) FROM '{path}'").fetchone() == (6_000,)
        project.run("land", table, "landing/orders.csv", "--ds", "day")
        assert project.query(f"SELECT count(*) AS n, count(DISTINCT id) AS ids FROM {table}") == [
            {"n": 60_000, "ids": 60_000}
        ]
    assert failed
