"""What an environment builds, reads, and leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drawloom.cli.main import run_command
from drawloom.model import InputError, RunError
from drawloom.run.environments.environment import Environment
from drawloom.run.environments.existing import drop, find
from drawloom.run.environments.names import check_name, kept_table, store_names
from drawloom.run.project import Project
from tests.run.environments.build import SPECS, contents, day, write_specs


def open_environment(root: Path, name: str = "dev", first: date | None = None) -> Environment:
    with Project.load(root) as project:
        return Environment(project.config, name, first)


def run(root: Path, name: str = "dev", first: date | None = None) -> dict[str, list[date]]:
    """Run an environment; the days that were written, by table."""
    with open_environment(root, name, first) as environment:
        summary = environment.run()
    assert summary.exit_code == 0, [result.error for result in summary.results]
    written: dict[str, list[date]] = {}
    for result in sorted(summary.results, key=lambda one: one.ds):
        written.setdefault(result.table, []).append(result.ds)
    return written


def ask(root: Path, sql: str, name: str | None = "dev") -> list[tuple[Any, ...]]:
    if name is None:
        with Project.load(root) as project:
            return [tuple(row.values()) for row in project.query(sql).to_pylist()]
    with open_environment(root, name) as environment:
        return [tuple(row.values()) for row in environment.query(sql).to_pylist()]


def test_the_page_of_a_table_is_that_of_the_environment(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_specs(root, factor="1000")
    run(root)

    def newest(*options: str) -> list[int]:
        capsys.readouterr()
        assert run_command(["-C", str(root), "show", "core.events", "--format", "json", *options]) == 0
        blocks = json.loads(capsys.readouterr().out)["blocks"]
        return [row["amount"] for row in next(one for one in blocks if one["name"] == "newest")["rows"]]

    assert newest("--env", "dev") == [1000 * amount for amount in newest()] != []
    assert run_command(["-C", str(root), "show", "core.events", "--env", "dev", "--as-of", "2026-03-02"]) == 0
    assert "2026-03-02" in capsys.readouterr().out


def test_it_builds_what_differs_and_what_depends_on_that(root: Path) -> None:
    before = contents(root)
    write_specs(root, factor="10")
    with open_environment(root) as environment:
        assert {c.table: c.text for c in environment.changes.values()} == {
            "core.events": "changed",
            "core.people": "depends on core.events",
            "core.week": "depends on core.events",
        }
    assert {table: len(days) for table, days in run(root).items()} == {
        "core.events": 6,
        "core.people": 6,
        "core.week": 6,
    }
    assert contents(root) == before, "production is as it was"
    assert ask(root, "SELECT sum(amount) FROM core.events") == [
        (10 * ask(root, "SELECT sum(amount) FROM core.events", None)[0][0],)
    ]
    assert ask(root, "SELECT count(*) FROM core.apart") == [(6,)], "read from production"
    assert run(root) == {}, "a second run has nothing to do"


def test_a_table_that_is_read_on_one_day_only_is_found_in_production(root: Path) -> None:
    odd = "{% if ds == '2026-03-0' ~ 4 %} UNION ALL SELECT 'odd', events, 1 FROM core.apart WHERE ds = DATE '{{ ds }}'{% endif %}"
    with (root / "specs" / "week.sql").open("a") as spec:
        spec.write(odd)
    assert run(root) == {"core.week": [day(number) for number in range(1, 7)]}
    assert ask(root, "SELECT ds, who FROM core.week WHERE who = 'odd'") == [(day(4), "odd")]


def test_without_a_difference_there_is_nothing_to_build(root: Path) -> None:
    with open_environment(root) as environment:
        assert environment.changes == {}
        assert environment.plan().partitions == ()
        with pytest.raises(InputError, match="must differ from production"):
            environment.plan(["core.week"])


def test_days_before_its_first_are_productions(root: Path) -> None:
    write_specs(root, factor="10")
    assert run(root, first=day(5)) == {table: [day(5), day(6)] for table in ("core.events", "core.people", "core.week")}
    sums = dict(ask(root, "SELECT ds, sum(amount) FROM core.events GROUP BY 1"))
    production = dict(ask(root, "SELECT ds, sum(amount) FROM core.events GROUP BY 1", None))
    assert {ds: sums[ds] // production[ds] for ds in sums} == {day(n): 10 if n >= 5 else 1 for n in range(1, 7)}
    assert run(root, first=day(6)) == {}, "it fills no fewer days than before"
    with open_environment(root, first=day(4)) as environment:
        assert environment.history.filled_from == day(4)


def test_an_edit_back_reads_production_again(root: Path) -> None:
    write_specs(root, factor="10")
    run(root)
    write_specs(root)
    with open_environment(root) as environment:
        assert environment.changes == {}
    assert ask(root, "SELECT sum(amount) FROM core.events") == ask(root, "SELECT sum(amount) FROM core.events", None)


def test_a_new_column_is_null_on_productions_days(root: Path) -> None:
    write_specs(root, more=", 7 AS extra")
    run(root, first=day(6))
    assert ask(
        root, "SELECT ds, count(extra) FROM core.events WHERE ds >= DATE '2026-03-05' GROUP BY 1 ORDER BY 1"
    ) == [
        (day(5), 0),
        (day(6), 4),
    ]


def test_two_environments_do_not_see_each_other(root: Path) -> None:
    write_specs(root, factor="10")
    run(root, "dev")
    write_specs(root, factor="100")
    run(root, "pr-7")
    total = ask(root, "SELECT sum(amount) FROM core.events", None)[0][0]
    assert ask(root, "SELECT sum(amount) FROM core.events", "pr-7") == [(100 * total,)]
    write_specs(root, factor="10")
    assert ask(root, "SELECT sum(amount) FROM core.events", "dev") == [(10 * total,)]
    assert ask(root, "SELECT sum(amount) FROM pr_7.core__events", None) == [(100 * total,)]


def test_dropping_leaves_nothing(root: Path) -> None:
    before = sorted(
        path
        for path in (root / "lake").rglob("*")
        if ".locks" not in path.parts and not path.name.startswith("registry")
    )
    write_specs(root, factor="10")
    run(root)
    with Project.load(root) as project:
        assert find(project, "dev").tables.keys() == {"core.events", "core.people", "core.week"}
        drop(project, "dev")
        assert not project.registry.environments.list()
        assert not any(table.startswith("dev") for table in (*project.registry.records(), *project.registry.columns()))
        with pytest.raises(InputError, match="must be one that exists"):
            find(project, "dev")
    after = sorted(
        path
        for path in (root / "lake").rglob("*")
        if ".locks" not in path.parts and not path.name.startswith("registry")
    )
    assert after == before


def test_its_tables_are_no_tables_of_the_project(root: Path) -> None:
    write_specs(root, factor="10")
    run(root)
    with Project.load(root) as project:
        assert {info.table for info in project.list_tables()} == {"raw.events", *SPECS}
        assert project.check() == ()
        assert not project.verify().findings
    (root / "specs/thief.sql").write_text(
        "/* drawloom\ntable: dev.core__events\nuntil: {forever: test}\n*/\nSELECT 1 AS one FROM raw.events WHERE ds = DATE '{{ ds }}'\n"
    )
    with Project.load(root) as project:
        (problem,) = [one for one in project.check() if one.severity == "error"]
        assert problem.code == "two-owners"
        assert "the schema dev of the environment dev" in problem.message
        assert problem.where.file == "specs/thief.sql"


def test_an_environment_does_not_take_the_schema_of_others(root: Path) -> None:
    for name in ("core", "raw"):
        with pytest.raises(InputError, match="must not be the schema of tables that are not its own"):
            open_environment(root, name)
    write_specs(root, factor="10")
    run(root, "pr-7")
    with pytest.raises(InputError, match="pr_7"):
        open_environment(root, "pr_7")


@pytest.mark.parametrize("name", ["", "Dev", "a.b", "../x", "dev__kept", "-x", "1st", "x" * 41, "dev;drop", "dév"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InputError, match="environment =="):
        check_name(name)


def test_tables_that_would_share_a_name_do_not() -> None:
    found = store_names("pr-7", ["a.b__c", "a__b.c"], {})
    assert found == {"a.b__c": "pr_7.a__b__c", "a__b.c": "pr_7.a__b__c_2"}
    assert store_names("pr-7", ["a__b.c"], {"a__b.c": "pr_7.a__b__c_2"}) == {"a__b.c": "pr_7.a__b__c_2"}
    assert kept_table("pr_7.a__b__c") == "pr_7__kept.a__b__c"


def test_it_writes_no_table_that_is_not_its_own(root: Path) -> None:
    before = contents(root)
    write_specs(root, factor="10")
    with open_environment(root) as environment:
        apart = next(p for p in environment.valid_pipelines if p.name == "core.apart")
        (record,) = [r for r in environment.registry.records(["core.apart"])["core.apart"].values() if r.ds == day(1)]
        with pytest.raises(RunError, match=r"does not fill core\.apart"):
            environment.registry.save([record])
        with pytest.raises(RunError, match=r"does not fill core\.apart"):
            environment.engine.drop("core.apart", day(1))
        with pytest.raises(RunError, match=r"does not fill core\.apart"):
            environment.drop(apart.steps[0], [day(1)])
        with pytest.raises(InputError, match="files land in production"):
            environment.land("raw.events", ["x.csv"])
    assert contents(root) == before


def test_a_failure_is_the_environments(root: Path) -> None:
    write_specs(root, more=", CAST('x' || who AS INTEGER) AS extra")
    with open_environment(root) as environment:
        assert environment.run().exit_code == 1
        assert {table for table, _ in environment.registry.failures()} == {"core.events"}
        assert {table for table, _ in environment.registry.failed_at()} == {"core.events"}
    with Project.load(root) as project:
        assert {table for table, _ in project.registry.failures()} == {"dev.core__events"}
        assert not any(partition.state == "failed" for partition in project.status().partitions)


def test_the_registry_is_restored_without_it(root: Path) -> None:
    """A lost registry has lost which environments there were; their files are tables without a spec, and no production."""
    before = contents(root)
    write_specs(root, factor="10")
    run(root)
    write_specs(root)
    for path in (root / "lake").glob("registry.db*"):
        path.unlink()
    with Project.load(root) as project:
        project.rebuild_registry()
        assert not project.plan().todo
        assert {info.kind for info in project.list_tables() if info.table.startswith("dev.")} == {"no spec"}
    assert contents(root) == before


def test_an_expired_environment_is_dropped_by_a_run_of_production(root: Path) -> None:
    write_specs(root, factor="10")
    run(root)
    run(root, "later")
    write_specs(root)
    with Project.load(root) as project:
        info = find(project, "dev")
        project.registry.environments.save(replace(info, expires=datetime.now(UTC) - timedelta(seconds=1)))
        (root / ".drawloom/swept").unlink(missing_ok=True)
        project.run(project.plan(["core.apart"], force=True))
        assert [one.name for one in project.registry.environments.list()] == ["later"]
    assert not (root / "lake/dev").exists()
