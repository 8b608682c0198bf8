"""Settings of all tests: the number of examples of a property, and tests on data that may be missing."""

from __future__ import annotations

import os
import pkgutil
import signal
from collections.abc import Generator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import drawloom
from drawloom.run.project import Project
from tests.corpora import SHARED_FILES, is_available
from tests.scheduler import Scheduler, longest_first

ROOT = Path(__file__).parents[1]

# scripts/test-all asks for `nightly`. Tests with numbers of their own take them from tests.helpers.examples.
settings.register_profile("quick", derandomize=True, deadline=None, max_examples=25)
settings.register_profile("nightly", derandomize=True, deadline=None, max_examples=200)
settings.load_profile("quick")

# A background script makes its children ignore Ctrl-C, which tests send to processes that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests on files that are not on this machine; those that take longest are the first."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (kept if all(is_available(mark.args[0]) for mark in item.iter_markers("shared")) else left_out).append(item)
    items[:] = longest_first(kept)
    config.hook.pytest_deselected(items=left_out)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler | None:
    """Start each server once. All of Spark's tests, nightly ones too, are too many for one worker: they go by file."""
    return Scheduler(config, log) if "not nightly" in config.option.markexpr else None


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where lines are traced, import everything at once: what an `unmeasured` test imports first would count as never run."""
    plugin = session.config.pluginmanager.getplugin("_cov")
    if plugin is None or plugin.cov_controller is None:
        return
    for module in pkgutil.walk_packages(drawloom.__path__, "drawloom."):
        if not any(part in module.name for part in ("__main__", ".child", ".migrations", ".airflow", ".demo.project")):
            import_module(module.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Do not trace tests that are marked `unmeasured`, nor their fixtures and processes."""
    plugin = item.config.pluginmanager.getplugin("_cov")
    coverage = plugin and plugin.cov_controller
    if coverage is None or not item.get_closest_marker("unmeasured"):
        return (yield)
    coverage.pause()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("COVERAGE_PROCESS_")]:
            patch.delenv(name)
        try:
            return (yield)
        finally:
            coverage.resume()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report in one line which data was missing."""
    if missing := [name for name in SHARED_FILES if not is_available(name)]:
        terminalreporter.write_line(f"not tried, as ../shared/data does not hold them: {', '.join(missing)}")


@pytest.fixture(scope="session", autouse=True)
def _one_cache_of_analyses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Projects in this process share what analyses found: tests use the same few texts again and again."""
    folder = tmp_path_factory.mktemp("analyses")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Project, "cache", folder)
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT
