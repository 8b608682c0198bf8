"""A backfill as people do it in a browser: look, confirm, follow, cancel; and one that goes on without its UI."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from drawloom.run.background import Runs, RunState
from drawloom.run.project import Project
from tests.integration.web.conftest import PATIENCE, RunningUi, running_ui
from tests.web.test_jobs import ENDLESS

pytestmark = pytest.mark.integration
Watched = Callable[[BrowserContext], Page]
SLOW = """
import time
from drawloom import AutoDag

def work(step):
    time.sleep(0.7)
    return step.query("SELECT 1 AS n")

slow = AutoDag(table="core.slow", owner="a@example.com", until={"forever": "a test"}, reads={}, call=work)
"""


def ask(page: Page, ui: RunningUi, name: str, *, force: bool = False) -> None:
    """Fill in the form, look at what would run, and confirm it."""
    page.goto(f"{ui.address}backfill")
    page.get_by_label("Pipelines or tables").fill(name)
    if force:
        page.get_by_label("write fresh days again, too").check()
    page.get_by_role("button", name="Show what would run").click()
    expect(page.get_by_role("heading", name="What would run")).to_be_visible()
    page.get_by_role("link", name=re.compile("Run .* partitions?")).click()
    page.get_by_role("button", name=re.compile("Run .* partitions?")).click()
    page.wait_for_url(re.compile("/runs/"))


def test_a_backfill_is_confirmed_and_followed_to_its_end(own_ui: RunningUi, browser: Browser, watched: Watched) -> None:
    (own_ui.root / "specs" / "slow.py").write_text(SLOW)
    page = watched(own_ui.open(browser))
    ask(page, own_ui, "core.slow core.orders", force=True)
    seen: set[str] = set()
    bar = page.locator("progress")
    status = page.get_by_role("status").first
    end = time.monotonic() + PATIENCE / 1000
    while "finished" not in (text := status.inner_text()):
        assert time.monotonic() < end, text
        if bar.count():
            seen.add(
                bar.first.get_attribute("value") or "",
            )
        time.sleep(0.1)
    assert len(seen) > 1, "the page did not follow the run"
    expect(status).to_contain_text("20 of 20 partitions")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    page.get_by_role("link", name="all runs").click()
    expect(page.get_by_role("table")).to_contain_text("core.slow")


def test_a_backfill_is_cancelled_and_leaves_whole_partitions(
    own_ui: RunningUi, browser: Browser, watched: Watched
) -> None:
    (own_ui.root / "specs" / "endless.sql").write_text(ENDLESS)
    page = watched(own_ui.open(browser, "phone", "dark"))
    ask(page, own_ui, "core.endless core.orders", force=True)
    expect(page.get_by_role("status").first).to_contain_text("10 of 20 partitions", timeout=PATIENCE)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status").first).to_contain_text("cancelled", timeout=PATIENCE)
    with Project.load(own_ui.root) as project:
        assert not project.verify(["core.orders"], deep=True).findings


def test_without_scripts_a_run_is_confirmed_and_followed_by_reloads(own_ui: RunningUi, browser: Browser) -> None:
    (own_ui.root / "specs" / "slow.py").write_text(SLOW)
    page = own_ui.open(browser, script=False).new_page()
    ask(page, own_ui, "core.slow")
    expect(page.get_by_role("status").first).to_contain_text("finished", timeout=PATIENCE)
    expect(page.get_by_role("status").first).to_contain_text("10 of 10 partitions")


def test_a_run_goes_on_when_the_ui_ends_and_the_next_one_shows_it(
    finished_shop: Path, tmp_path: Path, browser: Browser
) -> None:
    root = Path(shutil.copytree(finished_shop, tmp_path / "shop"))
    (root / "specs" / "slow.py").write_text(SLOW)
    with running_ui(root) as first:
        page = first.open(browser).new_page()
        ask(page, first, "core.slow")
        (folder,) = Runs(root).running()
    assert folder.state in {RunState.RUNNING, RunState.FINISHED}
    with running_ui(root) as second:
        page = second.open(browser).new_page()
        page.goto(f"{second.address}runs/{folder.id}")
        expect(page.get_by_role("status").first).to_contain_text("finished", timeout=PATIENCE)
    assert folder.state is RunState.FINISHED
