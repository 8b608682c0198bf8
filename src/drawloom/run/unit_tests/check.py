"""Checking the tests of a project without running them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drawloom.model import InputError, Problem
from drawloom.run.unit_tests.load import load_tests

if TYPE_CHECKING:
    from drawloom.run.project import Project


def check_tests(project: Project, names: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Problem]:
    """What is wrong with the files of tests, and with what they name; specs with errors are told as such.

    Args:
        project: the project.
        names: what to check, as a plan takes it; all without.
        exclude: what to leave out.
    """
    tests, problems = load_tests(project.config.root)
    if not tests:
        return problems
    try:
        _ = project.left_out
    except InputError:  # an error that belongs to no spec: nothing can be told of the tests before it is corrected
        return problems
    from drawloom.run.unit_tests.runner import TestRunner
    from drawloom.run.unit_tests.select import select_tests

    with TestRunner(project) as runner:
        return [*problems, *runner.check(select_tests(project, tests, names, exclude))]
