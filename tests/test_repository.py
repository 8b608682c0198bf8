"""The rules of this repository as tests: sizes, imports, forbidden words, the lock."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import drawloom

pytestmark = pytest.mark.unmeasured

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for path in (ROOT / "src").rglob("*.py") if path.stat().st_size)

# Spelled in two parts so that this file does not break its own rule.
FORBIDDEN_WORDS = [
    "# TO" + "DO",
    "TO" + "DO:",
    "FIX" + "ME",
    "NotImplemented" + "Error",
    "unittest." + "mock",
    "mark." + "skip",
    "x" + "fail(",
]
LOCAL_PLACES = [
    "/wo" + "rk/",
    "/ro" + "ot/",
    "/tmp/" + "venv",
    "py" + "pi.org",
    "python" + "hosted",
    "npmjs" + ".org",
    "npmjs" + ".com",
]


def tracked() -> Iterator[tuple[Path, str]]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in {".parquet", ".png", ".zip"}:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8", errors="replace")


def test_no_file_is_long() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in SOURCES}
    assert {path: lines for path, lines in lengths.items() if lines > 600} == {}


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function's code: its signature and docstring say what it is, and may take their room."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1


def test_no_function_is_long() -> None:
    functions = (
        (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", code_lines(node))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert [place for place, lines in functions if lines > 40] == []


def test_no_placeholders_mocks_or_skipped_tests() -> None:
    pattern = re.compile("|".join(map(re.escape, FORBIDDEN_WORDS)))
    assert [(str(path), found[0]) for path, text in tracked() if (found := pattern.search(text))] == []


def test_no_paths_or_addresses_of_one_machine() -> None:
    pattern = re.compile("|".join(map(re.escape, LOCAL_PLACES)))
    assert [(str(path), found[0]) for path, text in tracked() if (found := pattern.search(text))] == []


def test_every_module_has_a_docstring() -> None:
    assert [str(path.relative_to(ROOT)) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))] == []


def imports(path: Path) -> Iterator[str]:
    """The modules of ours that a module imports anywhere in its code, for types only too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in names)


MODULES = {
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "src").rglob("*.py")
}


def test_no_import_cycles() -> None:
    graph = {name: {one for one in imports(path) if one in MODULES and one != name} for name, path in MODULES.items()}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle
    assert sorted(order) == sorted(MODULES)


def test_help_imports_neither_engines_nor_sqlglot() -> None:
    code = (
        "import sys\n"
        "from drawloom.cli.main import main\n"
        "sys.argv = ['drawloom', '--help']\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print(sorted({'sqlglot', 'duckdb', 'pyarrow', 'sqlalchemy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == drawloom.__version__


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^[a-z0-9.-]+==", lock, re.MULTILINE)
    assert len(pins) > 20
    assert "://" not in lock
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z0-9])", lock)[1:])
