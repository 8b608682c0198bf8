"""What somebody typed is not lost: when the server is away, after links and Back, and after signing in again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.integration.web.conftest import RunningUi
from tests.integration.web.test_pages import Watch, violations

pytestmark = pytest.mark.integration

EDITOR = ".cm-content"
SQL = "SELECT product, count(*) AS n FROM core.orders WHERE ds = DATE '{{ ds }}' GROUP BY product"
RESTORED = "Restored what you had typed"


def write(page: Page, ui: RunningUi, path: str = "autodag") -> None:
    page.goto(ui.address + path)
    page.locator(EDITOR).fill(SQL)
    if path == "autodag":
        page.fill("[name=table]", "report.products")
    expect(page.locator("#panel .verdict")).to_contain_text("fills")


def test_a_save_without_a_server_stays_on_the_page(browser: Browser, own_ui: RunningUi) -> None:
    context = own_ui.open(browser)
    page = context.new_page()
    write(page, own_ui)
    context.set_offline(True)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached: nothing was sent")
    expect(page.locator("#sql")).to_have_value(SQL)
    assert not violations(page)
    context.set_offline(False)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Saved specs/report.products.sql")
    page.goto(own_ui.address + "autodag")
    expect(page.locator("#sql")).to_have_value("")
    expect(page.get_by_text(RESTORED)).to_be_hidden()
    context.close()


def test_leaving_is_asked_about_and_a_draft_comes_back(browser: Browser, own_ui: RunningUi, watched: Watch) -> None:
    context = own_ui.open(browser)
    page = watched(context)
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    write(page, own_ui)
    write(page, own_ui, "specs/orders.sql")
    page.get_by_role("link", name="Tables").click()
    expect(page.locator("h1")).to_have_text("Tables")
    assert set(asked) == {"beforeunload"}
    page.go_back()
    expect(page.get_by_text(RESTORED)).to_be_visible()
    expect(page.locator("#sql")).to_have_value(SQL)
    expect(page.locator("#panel")).to_contain_text("Not saved yet")
    assert not violations(page)
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text(RESTORED)).to_be_hidden()
    expect(page.locator("#sql")).not_to_have_value(SQL)
    asked.clear()
    page.goto(own_ui.address + "autodag")
    assert not asked
    expect(page.locator("[name=table]")).to_have_value("report.products")
    expect(page.locator("#panel .verdict")).to_contain_text("fills report.products")
    context.close()


def test_signing_in_again_breaks_no_form(browser: Browser, own_ui: RunningUi, watched: Watch) -> None:
    context = own_ui.open(browser)
    page = watched(context)
    write(page, own_ui)
    kept = context.cookies()
    other = context.new_page()
    other.goto(own_ui.sign_in)
    assert context.cookies() == kept
    context.clear_cookies()
    other.goto(own_ui.sign_in)
    assert context.cookies() != kept
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Saved specs/report.products.sql")
    context.close()


def test_an_old_form_is_given_back_without_a_script(browser: Browser, own_ui: RunningUi) -> None:
    context = own_ui.open(browser, script=False)
    page = context.new_page()
    page.goto(own_ui.address + "autodag")
    page.fill("#sql", SQL)
    page.fill("[name=table]", "report.products")
    context.clear_cookies()
    other = context.new_page()
    other.goto(own_ui.sign_in)
    page.get_by_role("button", name="Check").click()
    expect(page.locator("h1")).to_have_text("Send it again?")
    expect(page.locator("main")).to_contain_text(SQL)
    page.get_by_role("button", name="Send it again").click()
    expect(page.locator("#panel .verdict")).to_contain_text("fills report.products")
    context.close()
