"""Drafts: what a text would be if it were saved, with every problem that saving it would bring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drawloom.model import errors
from drawloom.run.draft import MOST_CHARACTERS, Draft, read_draft
from drawloom.run.init import init_shop
from drawloom.run.project import Project

FILE = "specs/report.products.sql"
SQL = "SELECT product, count(*) AS orders\nFROM core.orders\nWHERE ds BETWEEN DATE '{{ ds }}' - 6 AND DATE '{{ ds }}'\nGROUP BY product\n"
HEADER = "/* drawloom\ntable: report.products\nuntil:\n  forever: a test\n*/\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The shop with raw orders of one day, of which nothing was run."""
    folder = tmp_path_factory.mktemp("draft") / "shop"
    init_shop(folder)
    with (folder / "drawloom.yml").open("a") as settings:
        settings.write("sources:\n  crm.people: {files: 'people.csv', columns: {name: VARCHAR}}\n")
    (folder / "specs" / "broken.sql").write_text("/* drawloom\ntable: core.broken\n*/\nSELECT 1 AS one")
    columns = "order_id BIGINT, ordered_at TIMESTAMP, customer VARCHAR, product VARCHAR, amount DECIMAL(9,2)"
    with Project.load(folder) as project:
        files = [str(path) for path in sorted((folder / "landing").glob("*.csv"))]
        project.land("raw.orders", files, ds="CAST(ordered_at AS DATE)", columns=columns)
    with Project.load(folder) as project:
        yield project


def codes(draft: Draft) -> list[str]:
    return [problem.code for problem in errors(draft.problems)]


def test_a_good_text(project: Project) -> None:
    draft = read_draft(project, HEADER + SQL, FILE)
    assert not draft.problems
    assert [(read.table, str(read.days)) for read in draft.reads] == [("core.orders", "-6..0")]
    assert [column.name for column in draft.columns["report.products"]] == ["product", "orders"]
    (pipeline,) = draft.pipelines
    assert [str(wait.days) for wait in pipeline.waits] == ["-6..0"]
    assert "report.products" not in [p.name for p in project.pipelines]


def test_it_is_what_the_project_says_once_it_is_saved(project: Project) -> None:
    spec = project.config.root / "specs" / "orders.sql"
    draft = read_draft(project, spec.read_text(), "specs/orders.sql")
    (saved,) = (p for p in project.pipelines if p.name == "core.orders")
    assert draft.pipelines == (saved,)


def test_what_does_not_bind_has_its_place(project: Project) -> None:
    draft = read_draft(project, HEADER + SQL.replace("count(*)", "sum(amuont)"), FILE)
    (problem,) = errors(draft.problems)
    assert (problem.where.file, problem.where.line) == (FILE, 6)
    assert "amuont" in problem.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HEADER.replace("report.products", "core.orders") + SQL.replace("core.orders", "raw.orders"), "two-owners"),
        (HEADER.replace("report.products", "crm.people") + SQL, "two-owners"),
        (HEADER.replace("report.products", "core.broken") + SQL, "two-owners"),
        (HEADER.replace("report.products", "raw.orders") + SQL, "landed-table"),
        (HEADER.replace("until", "name: core.orders\nuntil") + SQL, "same-name"),
    ],
)
def test_what_belongs_to_others_blocks(project: Project, text: str, code: str) -> None:
    draft = read_draft(project, text, FILE)
    assert code in [problem.code for problem in draft.blocking]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (SQL, "no-header"),
        (HEADER.replace("report.products", "../products") + SQL, "invalid"),
        (HEADER + "DROP TABLE core.orders", "not-a-select"),
        (HEADER + "what is this?", "not-a-select"),
        (HEADER, "empty"),
        (HEADER + SQL.replace("core.orders", "core.oders"), "unknown-table"),
        (HEADER.replace("until", "schedule: '@hourly'\nuntil") + SQL, "hourly"),
        (HEADER + SQL + "--" + "x" * MOST_CHARACTERS, "too-long"),
        ("/* drawloom\ntable: [\n*/\n" + SQL, "not-yaml"),
    ],
)
def test_problems(project: Project, text: str, code: str) -> None:
    draft = read_draft(project, text, FILE)
    assert code in codes(draft)
    assert not draft.blocking


def test_reads_are_told_though_the_header_has_errors(project: Project) -> None:
    draft = read_draft(project, "/* drawloom\ndialect: klingon\nschedule: [1]\n*/\n" + SQL + "LIMIT 10", FILE)
    assert [(read.table, str(read.days)) for read in draft.reads] == [("core.orders", "-6..0")]
    assert not draft.pipelines
    assert any((problem.where.line or 0) > 4 for problem in draft.problems)


def test_other_kinds_are_read_as_text(project: Project) -> None:
    text = "kind: growth\nname: buyers\nsource: core.orders\nentity: customer\ntime: ordered_at\nactivities: {orders: 'TRUE'}\nuntil: 'forever: a test'\n"
    draft = read_draft(project, text, "specs/buyers.yml")
    assert not errors(draft.problems)
    assert [pipeline.kind for pipeline in draft.pipelines] == ["growth"]
    assert "source" in str(
        read_draft(project, text.replace("source: core.orders\n", ""), "specs/buyers.yml").problems[0]
    )


def test_macros_are_known(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    init_shop(folder)
    (folder / "macros").mkdir()
    (folder / "macros" / "days.sql").write_text("{% macro today() %}ds = DATE '{{ ds }}'{% endmacro %}")
    with Project.load(folder) as other:
        draft = read_draft(other, HEADER + "SELECT product FROM core.orders WHERE {{ today() }}", FILE)
        assert [str(read.days) for read in draft.reads] == ["0"]
