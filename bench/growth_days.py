"""`python -m bench.growth_days PROJECT`: runs a project's history day after day in one process."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta

from drawloom.run.project import Project


def main(folder: str) -> None:
    """Each day is the last when it is run, as it was when it was new: the state of the days before it is still kept."""
    with Project.load(folder) as project:
        start, end = project.history.start, project.history.end
        for n in range((end - start).days + 1):
            project.settings = replace(project.settings, end=start + timedelta(days=n))
            summary = project.run(jobs=1)
            assert summary.exit_code == 0, summary


if __name__ == "__main__":
    main(sys.argv[1])
