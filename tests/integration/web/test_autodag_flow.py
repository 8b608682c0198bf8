"""From a pasted SELECT to a pipeline, as somebody does it in a browser."""

from __future__ import annotations

from pathlib import Path

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


def test_a_folder_is_imported_as_a_batch(browser: Browser, own_ui: RunningUi, watched: Watch, tmp_path: Path) -> None:
    folder = tmp_path / "mart"
    folder.mkdir()
    (folder / "mart.products.sql").write_text(SQL.replace("DISTINCT ", ""))
    (folder / "top.sql").write_text("INSERT INTO mart.top SELECT product FROM mart.products WHERE ds = DATE '{{ ds }}'")
    (folder / "notes.md").write_text("no SQL")
    context = own_ui.open(browser)
    page = watched(context)
    page.goto(own_ui.address + "import")
    page.locator("input[webkitdirectory]").set_input_files(folder)
    expect(page.locator("[data-drop-names]")).to_contain_text("mart/top.sql")
    page.fill("[name=owner]", "ana")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("main")).to_contain_text("2 texts, 2 can be saved")
    assert not violations(page)
    page.get_by_role("button", name="Save those that are chosen").click()
    expect(page.locator("h1")).to_have_text("2 specs saved")
    page.get_by_role("link", name="Plan and fill them").click()
    expect(page.locator("main")).to_contain_text("20 partitions")
    page.goto(own_ui.address + "import")
    page.evaluate(
        """() => {
            const dropped = new DataTransfer();
            dropped.items.add(new File(["SELECT 1"], "dropped.sql"));
            document.querySelector("[data-drop]").dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
        }"""
    )
    expect(page.locator("[data-drop-names]")).to_have_text("dropped.sql")
    context.close()
