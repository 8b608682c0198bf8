"""The documentation, executed: files are written, commands are run, and what they print is compared.

A fenced block with ``title="path"`` is written to that file. In a ``console`` block each ``$ command`` is run
in a folder of its own per page, in order, and what stands below it is what it prints; ``...`` stands for
anything. ``console exit=2`` says how the last command of the block ends. A ``python`` block without a title is run.
Every page begins in an empty folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.unmeasured

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "src/drawloom/run/shop"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
QUICK = {"README.md", "docs/tutorial.md", "docs/how-to/write-a-framework.md"}
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    title: str | None
    exit_code: int
    text: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    for found in FENCE.finditer(page):
        language, info, text = found.groups()
        title = re.search(r'title="([^"]+)"', info)
        code = re.search(r"exit=(\d+)", info)
        line = page.count("\n", 0, found.start()) + 1
        yield Block(language, title[1] if title else None, int(code[1]) if code else 0, text, line)


def commands(text: str) -> list[tuple[str, str]]:
    """Pairs of a command and what it prints; a command goes on in lines that start with ``> ``."""
    parts = re.split(r"^\$ ((?:.*\n)(?:> .*\n)*)", text, flags=re.MULTILINE)[1:]
    joined = [re.sub(r"^> ", "", command, flags=re.MULTILINE).strip() for command in parts[::2]]
    return list(zip(joined, parts[1::2], strict=True))


def matches(expected: str, printed: str) -> bool:
    """Whether the text is as expected, ignoring widths."""
    wanted, given = (" ".join(re.sub("─+", "─", text).split()) for text in (expected, printed))
    return re.fullmatch(re.escape(wanted).replace(re.escape("..."), ".*"), given) is not None


class Shell:
    """Runs commands one by one and remembers the folder they leave off in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.left = folder.parent / "left"
        bin_folder = str(Path(sys.executable).parent)
        self.env = os.environ | {
            "PATH": bin_folder + os.pathsep + os.environ["PATH"],
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "PYTHONPATH": os.pathsep.join([site := str(folder.parent / "site"), str(ROOT / "src")]),
        }
        self.env |= pip_settings(site)
        self.env.pop("DRAWLOOM_PROJECT", None)

    def run(self, command: str) -> tuple[str, int]:
        text = f"{command}\ncode=$?\npwd > '{self.left}'\nexit $code"
        done = subprocess.run(
            ["bash", "-c", text],
            check=False,
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=-1,
            stderr=-2,
            timeout=300,
        )
        self.folder = Path(self.left.read_text().strip())
        return done.stdout, done.returncode


def pip_settings(target: str) -> dict[str, str]:
    """For `pip install .` on a page: install into a folder of its own, without network."""
    yes = {f"PIP_{name}": "1" for name in ("NO_DEPS", "NO_INDEX", "DISABLE_PIP_VERSION_CHECK")}
    return {**yes, "PIP_NO_BUILD_ISOLATION": "0", "PIP_TARGET": target}  # pip reads this 0 as: no isolation


def run_console(shell: Shell, block: Block) -> None:
    pairs = commands(block.text)
    for n, (command, expected) in enumerate(pairs, 1):
        printed, code = shell.run(command)
        assert code == (block.exit_code if n == len(pairs) else 0), f"line {block.line}: $ {command}\n{printed}"
        assert matches(expected, printed) or not expected.strip(), f"line {block.line}: $ {command}\n{printed}"


def run_page(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    shell = Shell(folder)
    names: dict[str, object] = {}
    ran = 0
    for block in blocks(page.read_text()):
        if block.title:
            path = shell.folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif block.language == "console":
            run_console(shell, block)
        elif block.language == "python":
            monkeypatch.chdir(shell.folder)
            exec(compile(block.text, f"{page.name}:{block.line}", "exec"), names)
        ran += 1
    return ran


def page_of(page: Path) -> Any:
    """A page as a parameter; those that show nothing new are run nightly."""
    name = str(page.relative_to(ROOT))
    return pytest.param(page, id=name, marks=[] if name in QUICK else pytest.mark.nightly)


@pytest.mark.parametrize("page", [page_of(page) for page in PAGES])
def test_outputs_on_a_page_are_those_of_its_commands(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    assert run_page(page, folder, monkeypatch) == len(FENCE.findall(page.read_text()))


def written(page: str) -> dict[str, str]:
    return {block.title: block.text for block in blocks((ROOT / page).read_text()) if block.title}


def test_the_shop_project_is_that_of_the_tutorial() -> None:
    files = [path for path in SHOP.rglob("*") if path.is_file() and path.suffix != ".sh"]
    shop = {str(path.relative_to(SHOP)): path.read_text() for path in files}
    assert shop.items() <= written("docs/tutorial.md").items()


def test_the_page_shows_the_example_framework() -> None:
    example = ROOT / "examples/funnel"
    files = {path for place in ("*", "drawloom_funnel/*", "events/*", "specs/*") for path in example.glob(place)}
    files = {path for path in files if path.is_file()} - {example / "README.md"}
    expected = {str(path.relative_to(example)): path.read_text() for path in files}
    assert written("docs/how-to/write-a-framework.md") == expected


def test_links_between_pages_are_valid() -> None:
    links = ((page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text()))
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_only_three_dots_match_anything() -> None:
    assert matches("a ... c\n...\n", "a b c\n\nmore\n")
    assert not matches("a b", "a c")
