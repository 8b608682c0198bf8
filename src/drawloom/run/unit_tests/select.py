"""Which tests are meant: those of some names, or those that are about some tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drawloom.run.unit_tests.load import Loaded

if TYPE_CHECKING:
    from drawloom.run.project import Project


def select_tests(
    project: Project,
    tests: Sequence[Loaded],
    names: Sequence[str] = (),
    exclude: Sequence[str] = (),
    words: str | None = None,
) -> list[Loaded]:
    """The tests of these names, and those that expect rows of the tables of these pipelines; all without names.

    Args:
        project: whose pipelines and tables can be named.
        tests: all of the project.
        names: of tests; or pipelines, tables and selectors, as a plan takes them.
        exclude: what not to run, likewise.
        words: a text that the names of tests must have.

    Raises:
        InputError: a name is unknown.
    """
    wanted = _matching(project, tests, names) if names else {test.name for test in tests}
    wanted -= _matching(project, tests, exclude)
    return [test for test in tests if test.name in wanted and (not words or words.lower() in test.name.lower())]


def _matching(project: Project, tests: Sequence[Loaded], names: Sequence[str]) -> set[str]:
    """The names of the tests that these names mean."""
    own = {test.name for test in tests} & set(names)
    others = [name for name in names if name not in own]
    tables = {table.lower() for p in (project.select(others) if others else ()) for table in p.tables}
    return own | {test.name for test in tests if any(table.lower() in tables for table in test.test.expect)}
