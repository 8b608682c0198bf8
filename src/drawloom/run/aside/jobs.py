"""The jobs that are done aside: each reads a text that somebody sent, in a project."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401 - loaded before memory is bounded, as are the others
import pyarrow as pa  # noqa: F401

from drawloom.run.advise import lint_text
from drawloom.run.as_json import advice_json
from drawloom.run.console import Console, Rows
from drawloom.run.draft import Draft
from drawloom.run.project import Project
from drawloom.run.study import Study, study_text

MOST_PROJECTS = 4  # that are kept open


class Jobs:
    """Projects that are open, and what can be asked of them."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[str, Project, Console]] = OrderedDict()

    def do(self, name: str, root: str, **given: Any) -> Any:
        """Do a job.

        Args:
            name: ``open``, or a job of a project that was opened.
            root: the folder of the project.
            given: what the job needs.
        """
        if name == "open":
            return self._load(root, **given)
        _, project, console = self._open[root]
        if name == "study":
            return _study(project, **given)
        if name == "advise":
            return _advise(project, **given)
        return _read(console, **given)

    def close(self) -> None:
        """Close all projects."""
        while self._open:
            self._close(next(iter(self._open)))

    def _load(self, root: str, version: str) -> None:
        """Open a project, unless it is open as its files are now."""
        if root in self._open and self._open[root][0] == version:
            self._open.move_to_end(root)
            return
        for one in [root, *list(self._open)[: 1 - MOST_PROJECTS]]:
            self._close(one)
        project = Project.load(Path(root))
        limits = project.config.ui
        self._open[root] = version, project, Console(project, limits.preview_rows, limits.preview_seconds)
        project.check()

    def _close(self, root: str) -> None:
        if root in self._open:
            _, project, console = self._open.pop(root)
            console.close()
            project.close()


def _study(project: Project, text: str, file: str, day: str, beside: Sequence[Draft] = ()) -> Study:
    return study_text(project, text, file, day, beside)


def _advise(project: Project, text: str, options: dict[str, Any]) -> Any:
    request = project.lint_request(text, **options)
    return advice_json(lint_text(request), request.schedule)


def _read(console: Console, sql: str) -> Rows:
    return console.read(sql)
