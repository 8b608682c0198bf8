"""The documentation of a project, opened from its folder in a browser: there is no server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.integration.web.conftest import SIZES, Theme
from tests.integration.web.test_pages import Watch, violations

pytestmark = pytest.mark.integration
PAGES = ("index", "macros", "tables/core.orders", "tables/growth.buyers_state")


@pytest.fixture(scope="module")
def site(finished_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the folder."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "drawloom", "-C", str(finished_shop), "docs", "build", str(folder)]
    subprocess.run(command, check=True)  # in a process of its own: Playwright has the event loop of this one
    return folder.as_uri()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context()
    yield opened
    opened.close()


def find(page: Page, words: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(words)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_accessible_and_fit(browser: Browser, site: str, size: str, theme: Theme) -> None:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
    reported: list[str] = []
    page.on("console", lambda message: reported.append(message.text))
    for path in PAGES:
        page.goto(f"{site}/{path}.html")
        find(page, "order")
        expect(page.locator(".found a").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
        assert not reported, path
        assert not violations(page), path
        reported.clear()  # of axe itself, which asks for the style sheet
    page.close()


def test_the_keyboard_finds_a_column_and_opens_it(context: BrowserContext, site: str, watched: Watch) -> None:
    page = watched(context)
    page.goto(f"{site}/tables/raw.orders.html")
    find(page, "spent")
    expect(page.locator(".found a")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".found a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/tables/core.customers.html#column-spent")
    expect(page.locator("tr:target code").first).to_have_text("spent")
    expect(page.locator(".found")).to_be_hidden()


def test_names_come_before_descriptions_and_owners(context: BrowserContext, site: str, watched: Watch) -> None:
    page = watched(context)
    page.goto(f"{site}/index.html")
    find(page, "orders")
    first = page.locator(".found a").first
    expect(first).to_contain_text("core.orders")
    expect(first).to_contain_text("One row per order.")
    page.keyboard.press("Escape")
    expect(page.locator(".found a").first).to_be_hidden()
    find(page, "you@example customers")
    expect(page.locator(".found a").first).to_contain_text("core.customers")
    page.keyboard.press("Escape")
    find(page, "zebra")
    expect(page.locator(".found")).to_have_text("Nothing has all of these words.")


def test_without_a_script_pages_have_all_and_no_search(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/index.html")
    expect(page.locator("[data-find]")).to_be_hidden()
    page.get_by_role("link", name="core.customers").first.click()
    expect(page.get_by_role("heading", name="core.customers")).to_be_visible()
    page.get_by_role("link", name="core.orders.customer").first.click()
    expect(page.locator("tr:target code").first).to_have_text("customer")
    context.close()
