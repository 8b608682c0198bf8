"""A running UI over a finished project, and a browser to look at it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from drawloom.run.project import Project
from tests.servers.browser import open_browser
from tests.web.conftest import finished_shop

__all__ = ["finished_shop"]

Theme = Literal["light", "dark"]
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
PATIENCE = 60_000  # milliseconds; nothing here should take long, but the machine may be busy
WATCHED = {
    "buyer_activity": """
kind: features
entity: {name: customer, key: customer}
source: {table: core.orders, time: ordered_at}
windows: [1d, 7d, ltd]
measures: {orders: {ops: [count]}, amount: {value: amount, ops: [sum, avg]}, product: {value: product, ops: [last]}}
""",
    "shop_stats": "\nkind: stats\ntables: [core.*]\n",
    "health": """
kind: anomalies
watch: [{table: core.orders}]
detector: {kind: threshold, settings: {low: 2}}
""",
}
expect.set_options(timeout=PATIENCE)


@dataclass
class RunningUi:
    """A UI that runs in a process of its own, over a project of the test's own."""

    root: Path
    sign_in: str

    @property
    def address(self) -> str:
        """The address of the first page."""
        return self.sign_in.partition("sign-in")[0]

    def open(
        self, browser: Browser, size: str = "desk", theme: Theme = "light", *, script: bool = True
    ) -> BrowserContext:
        """A browser context that is signed in. Playwright may run its own scripts in it in spite of our policy."""
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, java_script_enabled=script
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(self.sign_in)
        page.close()
        return context


@contextmanager
def running_ui(root: Path, *arguments: str) -> Iterator[RunningUi]:
    """``drawloom ui`` on a free port; ended by Ctrl-C."""
    command = [sys.executable, "-m", "drawloom", "-C", str(root), "ui", "--port", "0", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as process:
        assert process.stdout
        try:
            yield RunningUi(root, process.stdout.readline().strip())
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def ui(finished_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUi]:
    """A UI whose project nobody changes."""
    root = Path(shutil.copytree(finished_shop, tmp_path_factory.mktemp("ui") / "shop"))
    with (root / "drawloom.yml").open("a") as file:
        file.write("\nui: {allow_preview: true}\n")
    for name, spec in WATCHED.items():
        (root / f"specs/{name}.yml").write_text(f"name: {name}{spec.rstrip()}\nuntil: {{forever: a test}}\n")
    with Project.load(root) as project:
        assert project.run().exit_code == 0
    with running_ui(root) as running:
        yield running


@pytest.fixture
def own_ui(finished_shop: Path, tmp_path: Path) -> Iterator[RunningUi]:
    """A UI over a project of this test alone."""
    with running_ui(Path(shutil.copytree(finished_shop, tmp_path / "shop"))) as running:
        yield running


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[[BrowserContext], Page]]:
    """Opens pages, and fails at the end if one of them reported an error."""
    reported: list[str] = []

    def open_page(context: BrowserContext) -> Page:
        page = context.new_page()
        page.on(
            "console", lambda message: reported.append(message.text) if message.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: reported.append(str(error)))
        return page

    yield open_page
    assert not reported
