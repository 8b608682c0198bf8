"""Renaming a table: what is fresh stays fresh, what is not sure is refused, and who is killed in the middle can go on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from drawloom.run.project import Project
from drawloom.run.refactor.journal import FILE
from drawloom.run.refactor.rename import apply_rename, plan_rename
from tests.cli.sample_project import DAILY, EVER, ROLLING, SampleProject

UNTIL = "until: 'forever: a test'"
RANGE = f"""/* drawloom
table: core.sums
{UNTIL}
columns: {{product: VARCHAR, orders: BIGINT}}
*/
SELECT daily.product, CAST(sum(daily.orders) AS BIGINT) AS orders -- of core.daily
FROM core.daily WHERE daily.ds <= '{{{{ ds }}}}' GROUP BY daily.product
"""
IN_PYTHON = """from drawloom.frameworks.autodag.spec import AutoDag

def copy(context):
    return context.query('SELECT product FROM "core"."daily"')

SPEC = AutoDag(table="core.copied", call=copy, reads={"core.daily": "0"}, until="forever: a test")
"""
BY_MACRO = f"""/* drawloom
table: core.by_macro
{UNTIL}
depends_on: {{core.daily: 0}}
*/
SELECT product FROM core.daily WHERE ds = '{{{{ ds }}}}' AND ds <= {{{{ day_of() }}}}
"""
PYTHON = (Path(__file__).parents[2] / "src").as_posix()


@pytest.fixture(scope="module")
def made_folder(landed_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with tables that read others in all ways, in which everything is fresh."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(landed_folder, folder, dirs_exist_ok=True)
    (folder / "macros").mkdir()
    (folder / "macros/days.sql").write_text("{% macro day_of() %}(SELECT max(ds) FROM core.daily){% endmacro %}")
    texts = {"sums.sql": RANGE, "copied.py": IN_PYTHON, "by_macro.sql": BY_MACRO}
    for name, text in texts.items():
        (folder / "specs" / name).write_text(text)
    assert run_command(["-C", str(folder), "run"]) == 0
    return folder


@pytest.fixture
def finished(made_folder: Path, project_without_data: SampleProject) -> SampleProject:
    """A copy of it for one test."""
    shutil.copytree(made_folder, project_without_data.folder, dirs_exist_ok=True)
    return project_without_data


def states(project: SampleProject) -> dict[str, int]:
    counts: dict[str, int] = project.json("plan")["counts"]
    return counts


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".drawloom" not in path.parts
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("core.daily", "mart.by_day"),
        pytest.param("core.daily", "core.zz_daily", marks=pytest.mark.nightly),
        pytest.param("CORE.Daily", "mart.daily", marks=pytest.mark.nightly),
        ("raw.orders", "staging.orders"),
        pytest.param("core.ever", "core.select", marks=pytest.mark.nightly),
    ],
)
def test_everything_that_was_fresh_is_fresh(finished: SampleProject, old: str, new: str) -> None:
    before = states(finished)
    assert set(before) == {"fresh"}
    rows = finished.query(f"SELECT * EXCLUDE ds, ds::VARCHAR AS ds FROM {old} ORDER BY ALL")
    out = finished.run("rename", old, new)
    assert "moved 10 partitions" in out
    assert states(finished) == before
    schema, _, table = new.partition(".")
    assert finished.query(f'SELECT * EXCLUDE ds, ds::VARCHAR AS ds FROM {schema}."{table}" ORDER BY ALL') == rows
    assert "0 findings" in finished.run("verify", "--deep")
    assert not (finished.folder / FILE).exists()
    assert not (finished.folder / "lake" / old.lower().replace(".", "/")).exists()
    assert old.lower() not in finished.run("tables").lower()
    (finished.folder / "lake/registry.db").unlink()
    assert states(finished) == before, "also where the registry is restored from files that have the old name"
    finished.write("landing/more.csv", "id,day,product,amount\n99,2026-03-02,tea,1.0\n")
    assert set(states(finished)) == {"fresh"}
    assert {result["outcome"] for result in finished.json("run", "+core.rolling", "--force")["results"]} == {
        "unchanged"
    }


def test_renaming_back_gives_the_same_files(finished: SampleProject) -> None:
    specs, before = files(finished.folder / "specs"), states(finished)
    finished.run("rename", "core.daily", "mart.x")
    changed = files(finished.folder / "specs")
    assert {name for name in specs if specs[name] != changed[name]} == {
        "daily.sql",
        "ever.sql",
        "rolling.sql",
        "sums.sql",
        "copied.py",
        "by_macro.sql",
    }
    assert b"of core.daily" in changed["sums.sql"]
    assert b"x.product" in changed["sums.sql"]
    finished.run("rename", "mart.x", "core.daily")
    assert files(finished.folder / "specs") == specs
    assert states(finished) == before
    (finished.folder / "lake/registry.db").unlink()
    assert states(finished) == before


def test_what_was_stale_stays_stale(finished: SampleProject) -> None:
    finished.write("specs/daily.sql", DAILY.replace("count(*) AS orders", "count(id) AS orders"))
    before = states(finished)
    assert before["stale"]
    finished.run("rename", "core.daily", "mart.x")
    assert states(finished) == before


def test_a_source_is_renamed_where_it_is_declared_and_read(finished: SampleProject) -> None:
    config = finished.folder / "drawloom.yml"
    config.write_text(
        config.read_text() + "sources:\n  raw.prices: {files: 'prices/{ds}.csv', columns: {price: BIGINT}}\n"
    )
    for n in range(1, 11):
        finished.write(f"prices/2026-03-{n:02d}.csv", "price\n1\n")
    finished.write(
        "specs/p.sql",
        f"/* drawloom\ntable: core.p\n{UNTIL}\n*/\nSELECT price FROM raw.prices WHERE ds = '{{{{ ds }}}}'",
    )
    finished.run("run", "core.p")
    before = states(finished)
    assert "moved 0 partitions" in finished.run("rename", "raw.prices", "ext.prices")
    assert "  ext.prices: {files: 'prices/{ds}.csv'" in config.read_text()
    assert states(finished) == before


def test_unit_tests_have_the_new_name(finished: SampleProject) -> None:
    text = (
        "sums_up:\n  ds: 2026-03-01\n  given:\n    core.daily:\n      - {product: tea, orders: 2, ds: 2026-02-28}\n      - {product: tea, orders: 3, ds: 2026-03-01}\n"
        "  expect:\n    core.sums:\n      - {product: tea, orders: 5}\n"
    )
    spec = finished.write("tests/sums.yml", text)
    finished.run("test", "core.daily+")
    finished.run("rename", "core.daily", "mart.x")
    finished.run("rename", "core.sums", "mart.y")
    assert spec.read_text() == text.replace("core.daily", "mart.x").replace("core.sums", "mart.y")
    assert "1 passed" in finished.run("test")


def test_a_dry_run_shows_the_diff_and_writes_nothing(finished: SampleProject) -> None:
    before = files(finished.folder)
    out = finished.run("rename", "core.daily", "mart.x", "--dry-run")
    assert "-FROM core.daily\n+FROM mart.x" in out
    assert "would move 10 partitions" in out
    assert "left as it is, a comment or a text: specs/sums.sql:6" in out
    assert files(finished.folder) == before
    found = finished.json("rename", "core.daily", "mart.x", "--dry-run")
    assert (found["partitions"], found["written"], found["left"]) == (
        10,
        False,
        [{"file": "specs/sums.sql", "line": 6}],
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("core.dialy", "core.x", "Did you mean core.daily?"),
        ("core.daily", "daily", "must be schema.table"),
        ("core.daily", "core.a b", "must be schema.table"),
        ("core.daily", "system.x", "which engines reserve"),
        ("core.daily", "core.rolling", "must not be a table or family already"),
        ("core.daily", "raw.orders", "must not be a table or family already"),
        ("core.daily", "core.DAILY", "must differ by more than case"),
    ],
)
def test_bad_names_are_refused(finished: SampleProject, old: str, new: str, message: str) -> None:
    before = files(finished.folder)
    assert message in " ".join(finished.run("rename", old, new, code=2).split())
    assert files(finished.folder) == before


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("specs/x.sql", f"/* drawloom\ntable: core.x\n{UNTIL}\n*/\n{{% set t = 'core.daily' %}}SELECT product FROM {{{{ t }}}} WHERE ds = '{{{{ ds }}}}'", "specs/x.sql:5"),
        ("specs/x.sql", f"/* drawloom\ntable: core.x\n{UNTIL}\n*/\nSELECT product FROM core.{{{{ 'da' ~ 'ily' }}}} WHERE ds = '{{{{ ds }}}}'", "core.x would still read core.daily"),
        ("specs/x.sql", f"/* drawloom\ntable: core.x\n{UNTIL}\n*/\nSELECT core.daily FROM (SELECT {{'daily': 1}} AS core FROM core.daily WHERE ds = '{{{{ ds }}}}')", "With mart.x in the place of core.daily"),
        ("specs/x.sql", f"/* drawloom\ntable: core.x\n{UNTIL}\n*/\nSELECT zebra FROM core.daily WHERE ds = '{{{{ ds }}}}'", "The specs have errors"),
        ("specs/x.py", "x = 1\ny = f'FROM core.daily{x}'\n", "specs/x.py:2"),
    ],
)  # fmt: skip
def test_what_is_not_sure_is_refused_and_nothing_is_written(
    finished: SampleProject, file: str, text: str, message: str
) -> None:
    finished.write(file, text)
    finished.run("check", code=2 if "zebra" in text else 0)
    before = files(finished.folder)
    assert message in " ".join(finished.run("rename", "core.daily", "mart.x", code=2).split())
    assert files(finished.folder) == before


def test_a_table_that_a_framework_names_is_refused(finished: SampleProject) -> None:
    finished.write(
        "specs/buyers.yml",
        f"kind: growth\nname: buyers\nsource: raw.orders\nentity: product\nactivities: {{orders: true}}\nwindows: [1]\n{UNTIL}\n",
    )
    out = finished.run("rename", "growth.buyers", "core.x", code=2)
    assert "is named by the framework of kind growth, and not in a text" in " ".join(out.split())
    finished.run("rename", "raw.orders", "raw.sales")
    assert "source: raw.sales" in (finished.folder / "specs/buyers.yml").read_text()


def test_other_engines_do_not_move_partitions(finished: SampleProject) -> None:
    config = finished.folder / "drawloom.yml"
    config.write_text(config.read_text() + "engine: {kind: spark, url: 'local[1]'}\n")
    before = files(finished.folder)
    out = " ".join(finished.run("rename", "core.daily", "mart.x", code=2).split())
    assert "engine == spark, must be duckdb to move the 10 partitions of core.daily" in out
    assert files(finished.folder) == before


KILLER = """
import os, sys
left = int(sys.argv[1])
def hook(event, arguments):
    global left
    path = str(arguments[0]) if arguments else ""
    if event == "os.remove" and path.endswith("rename.json"):
        os._exit(9)
    if event == "os.rename" and (path.endswith(".saving") or path.endswith("core/daily")):
        left -= 1
        if left < 0:
            os._exit(9)
sys.addaudithook(hook)
from drawloom.cli.main import run_command
sys.exit(run_command(sys.argv[2:]))
"""


@pytest.mark.unmeasured
@pytest.mark.parametrize("moment", [1, 8, *(pytest.param(late, marks=pytest.mark.nightly) for late in (0, 3, 9, 99))])
def test_who_was_killed_can_go_on(finished: SampleProject, moment: int) -> None:
    before = states(finished)
    command = ["rename", "core.daily", "mart.x"]
    environment = os.environ | {"PYTHONPATH": PYTHON}
    arguments = [sys.executable, "-c", KILLER, str(moment), "-C", str(finished.folder), *command]
    assert subprocess.run(arguments, check=False, env=environment).returncode == 9
    begun = (finished.folder / FILE).exists()
    assert begun is (moment > 0)
    if begun:
        assert "was interrupted" in finished.run("run", code=2)
        assert "`drawloom rename core.daily mart.x`" in finished.run("rename", "core.ever", "mart.y", code=2)
        assert "finished the rename" in finished.run(*command)
    else:
        finished.run(*command)
    assert states(finished) == before
    assert not (finished.folder / FILE).exists()
    (finished.folder / "lake/registry.db").unlink()
    assert states(finished) == before


def test_a_file_that_was_edited_meanwhile_is_not_overwritten(finished: SampleProject) -> None:
    with Project.load(finished.folder) as made:
        rename = plan_rename(made, "core.daily", "mart.x")
        finished.write("specs/rolling.sql", ROLLING + "-- mine\n")
        with pytest.raises(Exception, match=r"specs/rolling\.sql was edited since"):
            apply_rename(made, rename)
    assert (finished.folder / "specs/ever.sql").read_text() == EVER
    finished.write("specs/rolling.sql", ROLLING)
    finished.run("rename", "core.daily", "mart.x")
    assert set(states(finished)) == {"fresh"}
