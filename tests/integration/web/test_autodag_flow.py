"""From a pasted SELECT to a pipeline, as somebody does it in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.integration.web.conftest import RunningUi
from tests.integration.web.test_pages import Watch, violations

pytestmark = pytest.mark.integration

EDITOR = ".cm-content"
SQL = "SELECT DISTINCT product FROM core.orders WHERE ds = DATE '{{ ds }}' GROUP BY product"


def test_paste_advice_fix_save(browser: Browser, own_ui: RunningUi, watched: Watch) -> None:
    context = own_ui.open(browser)
    page = watched(context)
    page.goto(own_ui.address + "autodag")
    page.locator(EDITOR).fill(SQL)
    expect(page.locator("#panel")).to_contain_text("Give the table that it fills a name")
    expect(page.locator("[name=table]")).to_have_attribute("aria-invalid", "true")
    page.fill("[name=table]", "report.products")
    expect(page.locator("#panel .verdict")).to_contain_text("fills report.products")
    assert not violations(page)
    expect(page.locator(".cm-lint-marker")).not_to_have_count(0)
    expect(page.locator(".cm-line span").first).to_have_text("SELECT")
    page.click("[data-edits]")
    expect(page.locator("#sql")).to_have_value(SQL.replace("DISTINCT ", ""))
    expect(page.locator("[data-edits]")).to_have_count(0)
    page.focus(EDITOR)
    page.keyboard.press("Control+z")
    expect(page.locator("#sql")).to_have_value(SQL)
    page.click("[data-goto]")
    assert page.evaluate(f"document.activeElement.matches({EDITOR!r})")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not page.evaluate(f"document.activeElement.matches({EDITOR!r})")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Saved specs/report.products.sql")
    expect(page.locator("main")).to_contain_text("10 missing")
    assert not violations(page)
    assert (own_ui.root / "specs" / "report.products.sql").read_text().endswith(f"*/\n{SQL}\n")
    context.close()


def test_it_works_without_a_script(browser: Browser, own_ui: RunningUi, watched: Watch) -> None:
    context = own_ui.open(browser, "phone", "dark", script=False)
    page = watched(context)
    page.goto(own_ui.address + "autodag")
    page.fill("#sql", SQL)
    page.fill("[name=table]", "report.products")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#panel .verdict")).to_contain_text("fills report.products")
    page.locator("[data-edits]").click()
    expect(page.locator("#sql")).to_have_value(SQL.replace("DISTINCT ", ""))
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Saved specs/report.products.sql")
    context.close()


def test_text_is_replaced_without_styles_of_the_browser(browser: Browser, own_ui: RunningUi, watched: Watch) -> None:
    context = own_ui.open(browser)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = watched(context)
    page.goto(own_ui.address + "autodag/core.orders")
    saved = page.input_value("#sql")
    for keys in (["S"], ["Control+c", "Control+v"], ["Backspace"], ["Control+x"]):
        page.click(EDITOR)
        page.keyboard.press("Control+a")
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Control+z")
        expect(page.locator("#sql")).to_have_value(saved)
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(SQL)
    expect(page.locator("#sql")).to_have_value(SQL)
    context.close()
