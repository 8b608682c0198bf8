"""Pages as files: every link leads to a file, and nothing of other people is overwritten."""

from __future__ import annotations

import html
import re
from collections import Counter
from pathlib import Path

import pytest

from drawloom.cli.main import run_command
from drawloom.model import InputError
from drawloom.run.project import Project
from drawloom.web.export import LINKS, export_pages
from drawloom.web.site import Site


@pytest.fixture(scope="module")
def exported(finished_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "pages"
    assert run_command(["ui", "-C", str(finished_shop), "export", str(folder)]) == 0
    return folder


def test_every_link_leads_to_a_file(exported: Path) -> None:
    pages = list(exported.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        for found in LINKS.finditer(page.read_text()):
            address = html.unescape(found["address"]).partition("#")[0]
            if address and not address.startswith("http"):
                assert (page.parent / address).resolve().is_file(), (page, address)


def test_choices_are_links(exported: Path) -> None:
    page = (exported / "show" / "buyers.html").read_text()
    assert "buyers--window_1.html" in page
    assert "Day by day, 1-day window" in (exported / "show" / "buyers--window_1.html").read_text()


def test_pages_have_no_forms(exported: Path) -> None:
    for page in exported.rglob("*.html"):
        assert "<form" not in page.read_text(), page


def test_what_only_a_server_can_do_is_left_out(exported: Path) -> None:
    for page in exported.rglob("*.html"):
        text = page.read_text().lower()
        assert "ask a select" not in text, page
        assert "· backfill" not in text, page


def test_the_rows_of_a_page_are_asked_once(
    finished_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    query = Project.query

    def note(self: Project, sql: str) -> object:
        asked.append(sql)
        return query(self, sql)

    monkeypatch.setattr(Project, "query", note)
    told: list[str] = []
    site = Site(finished_shop)
    export_pages(site, tmp_path / "pages", told.append)
    site.close()
    assert told[0].startswith("1 of 1 files")
    assert len(told) > 100
    times = Counter(asked)
    assert max(times[sql] for sql in times if "n_rows" in sql) <= 2


def test_charts_and_rows_are_files(exported: Path) -> None:
    assert (exported / "show" / "core.orders" / "rows.csv").read_text().startswith("ds,n_rows")
    assert re.match("<svg", (exported / "show" / "core.orders" / "rows.svg").read_text())


def test_an_export_is_replaced_and_other_folders_are_not(finished_shop: Path, exported: Path, tmp_path: Path) -> None:
    site = Site(finished_shop)
    assert not export_pages(site, exported).failed
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match="must be new, empty"):
        export_pages(site, tmp_path)
    site.close()
