"""The unit tests of a project's specs for pytest: as parameters of one test, or all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from drawloom.model import InputError
from drawloom.run.project import Project
from drawloom.run.unit_tests.load import Loaded, load_tests
from drawloom.run.unit_tests.runner import PASSED, Outcome, TestRunner
from drawloom.run.unit_tests.select import select_tests


@dataclass(frozen=True, slots=True)
class SpecTest:
    """One unit test of a project; its text is its name."""

    loaded: Loaded
    opened: _Opened

    def __str__(self) -> str:
        return self.loaded.name

    def check(self) -> None:
        """Run it.

        Raises:
            AssertionError: it fails, or is not valid; the message says what differs.
        """
        _raise([self.opened.runner.run(self.loaded)])


class _Opened:
    """The project of some tests, which is opened when the first one runs, and closed with the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def runner(self) -> TestRunner:
        return TestRunner(Project.load(self._folder))


def spec_tests(folder: Path | str = ".") -> list[SpecTest]:
    """The unit tests of the project in a folder, as parameters of one test of pytest.

    >>> @pytest.mark.parametrize("test", spec_tests("shop"), ids=str)  # doctest: +SKIP
    ... def test_specs(test):
    ...     test.check()

    Raises:
        InputError: a file of tests cannot be read.
    """
    tests, problems = load_tests(Path(folder))
    if problems:
        raise InputError(*problems)
    opened = _Opened(Path(folder))
    return [SpecTest(test, opened) for test in tests]


def run_spec_tests(folder: Path | str = ".", *names: str) -> int:
    """Run the unit tests of the project in a folder; returns how many there were.

    Args:
        folder: of the project.
        names: tests, or pipelines, tables and selectors of what they are about; all without.

    Raises:
        AssertionError: some fail, or are not valid; the message says what differs.
        InputError: a file of tests cannot be read, or a name is unknown.
    """
    tests, problems = load_tests(Path(folder))
    if problems:
        raise InputError(*problems)
    with _opened(Path(folder)) as (project, runner):
        outcomes = runner.run_all(select_tests(project, tests, names))
    _raise(outcomes)
    return len(outcomes)


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Project, TestRunner]]:
    with Project.load(folder) as project, TestRunner(project) as runner:
        yield project, runner


def _raise(outcomes: Sequence[Outcome]) -> None:
    wrong = [outcome for outcome in outcomes if outcome.state != PASSED]
    if wrong:
        raise AssertionError("\n".join(line for outcome in wrong for line in _lines(outcome)))


def _lines(outcome: Outcome) -> Iterator[str]:
    yield f"{outcome.test.where}: {outcome.test.name} {outcome.state}"
    for one in outcome.differences:
        head = f"  {one.table} {one.ds}:"
        if one.diff is None:
            yield f"{head} a check that must return no rows found {list(one.rows)}: {one.check}"
            continue
        for change in one.diff.changed:
            cells = (f"{name} {change.expected[name]} -> {change.found[name]}" for name in change.columns)
            yield f"{head} changed {dict(change.expected)}: {', '.join(cells)}"
        yield from (f"{head} missing {dict(row)}" for row in one.diff.missing)
        yield from (f"{head} unexpected {dict(row)}" for row in one.diff.unexpected)
        yield from (f"{head} row {n + 1} is {dict(b)}, must be {dict(a)}" for n, a, b in one.diff.misplaced)
    yield from (f"  {problem}" for problem in outcome.problems)
    yield from (f"  note: {note}" for note in outcome.notes)
