"""Takes the pictures of the UI in docs/pictures: `python docs/screenshots.py PROJECT`, of a finished `drawloom demo` project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
FOLDER = ROOT / "docs" / "pictures"
SHOTS = {
    "home-light": ("", "light", 1280),
    "growth-light": ("show/planes", "light", 1280),
    "growth-dark-phone": ("show/planes", "dark", 390),
    "partitions-light": ("partitions", "light", 1280),
    "autodag-light": ("autodag/report.route_punctuality", "light", 1280),
    "table-dark": ("tables/core.flights", "dark", 1280),
}
HEIGHT = 1100


def main(project: Path) -> None:
    """Start the UI on the project and take the pictures."""
    from tests.servers.browser import open_browser

    FOLDER.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "drawloom", "-C", str(project), "ui", "--port", "0", "--read-only"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, open_browser() as browser:
        assert server.stdout
        sign_in = server.stdout.readline().strip()
        try:
            for name, (path, theme, width) in SHOTS.items():
                size = {"width": width, "height": HEIGHT}
                page = browser.new_page(viewport=size, color_scheme=theme)  # type: ignore[arg-type]
                page.goto(sign_in)
                _take(page, sign_in.partition("sign-in")[0] + path, FOLDER / f"{name}.png")
                page.close()
        finally:
            server.terminate()


def _take(page: Page, address: str, target: Path) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=target)
    print(target.relative_to(ROOT), target.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
