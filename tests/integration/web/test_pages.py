"""Every page as people see it: light and dark, on a desk and on a phone, with a keyboard, without a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.integration.web.conftest import RunningUi, Theme

pytestmark = pytest.mark.integration

Watch = Callable[[BrowserContext], Page]
PAGES = (
    "",
    "?q=nothing-has-this",
    "show/core.orders",
    "show/buyers?cut=product",
    "tables",
    "tables/core.orders",
    "query",
    "autodag",
    "autodag/core.orders",
    "import",
    "specs",
    "problems",
    "runs",
    "partitions",
    "partitions/core.orders",
    "partitions/core.orders/2026-03-10",
    "show/unknown",
    "show/buyer_activity",
    "show/shop_stats",
    "show/health",
    "features",
    "features?q=amount",
    "anomalies",
)
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


# Colours are of the theme, what fits is of the size: the first two see all of both.
@pytest.mark.parametrize(
    ("theme", "size"),
    [
        ("light", "phone"),
        ("dark", "desk"),
        pytest.param("light", "desk", marks=pytest.mark.nightly),
        pytest.param("dark", "phone", marks=pytest.mark.nightly),
    ],
)
def test_pages_are_accessible_and_fit(browser: Browser, ui: RunningUi, size: str, theme: Theme) -> None:
    context = ui.open(browser, size, theme)
    reported: list[str] = []
    for path in PAGES:
        page = context.new_page()
        page.on("console", lambda message: reported.append(message.text))
        answer = page.goto(ui.address + path)
        assert answer
        if answer.ok:
            assert not reported, path
        reported.clear()
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
        assert not violations(page), path
        page.close()
    context.close()


def violations(page: Page) -> list[str]:
    """What axe finds wrong, with the elements."""
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found]


def test_pages_are_the_same_without_a_script(browser: Browser, ui: RunningUi) -> None:
    counts: list[list[list[int]]] = []
    for script in (True, False):
        context = ui.open(browser, script=script)
        page = context.new_page()
        counts.append([])
        for path in PAGES[:-1]:
            page.goto(ui.address + path)
            counts[-1].append([page.locator(one).count() for one in ("h1, h2", "tbody tr", "svg")])
        context.close()
    assert counts[0] == counts[1]


def test_the_keyboard_reaches_everything(browser: Browser, ui: RunningUi, watched: Watch) -> None:
    context = ui.open(browser)
    page = watched(context)
    page.goto(ui.address + "show/buyers")
    reached = set()
    for _ in range(150):  # the table of days is the last part
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    assert {"skip", "brand", "theme", "scroll", "scroll figure", "SELECT"} <= reached
    page.focus("[data-chart]")
    page.keyboard.press("End")
    assert "2026-03-10" in page.locator(".tip").first.inner_text()
    page.keyboard.press("ArrowLeft")
    assert "2026-03-09" in page.locator(".tip").first.inner_text()
    page.keyboard.press("Escape")
    assert page.locator(".tip").first.is_hidden()
    context.close()


def test_the_theme_is_kept(browser: Browser, ui: RunningUi, watched: Watch) -> None:
    context = ui.open(browser)
    page = watched(context)
    page.goto(ui.address)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("[data-theme-button]")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != ground
    page.goto(ui.address + "tables")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    context.close()


def test_several_choices_are_shown_together_and_stay_in_the_address(
    browser: Browser, ui: RunningUi, watched: Watch
) -> None:
    context = ui.open(browser)
    page = watched(context)
    page.goto(ui.address + "show/buyers")
    page.select_option("select[name=window]", "1")
    page.select_option("select[name=cut]", "product")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**window=1**")
    assert "cut=product" in page.url, "a second choice is not lost"
    assert page.get_by_role("heading", name="Actives by product, 1-day window").is_visible()
    assert page.get_by_text("Day by day, 1-day window").is_visible()
    context.close()


def test_charts_are_files(browser: Browser, ui: RunningUi, watched: Watch) -> None:
    context = ui.open(browser)
    page = watched(context)
    page.goto(ui.address + "show/core.orders")
    for name, begin in (("CSV", b"ds,n_rows"), ("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as download:
            page.locator(".downloads").first.get_by_text(name, exact=True).click()
        assert download.value.path().read_bytes().startswith(begin)
    context.close()
