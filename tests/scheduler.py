"""Which tests of xdist go to one worker, and which begin first."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# One Airflow and one Spark are started, each by one worker. Airflow's tests mostly wait, beside them the others run.
_TOGETHER = {
    "airflow": re.compile(r"tests/integration/airflow/"),
    "spark": re.compile(r"tests/conformance/.*\bspark\b|tests/integration/translate/"),
    "demo": re.compile(r"tests/demo/test_walkthrough\.py"),  # nothing is shared, but it must not begin last
}


def group(nodeid: str) -> str:
    """The name of what a test shares with others: a server that one worker starts, else its file."""
    return next((name for name, pattern in _TOGETHER.items() if pattern.match(nodeid)), nodeid.partition("::")[0])


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests, those first that take longest, so that both workers end at about the same time."""
    names = list(_TOGETHER)
    places = {name: place for place, name in enumerate(names)}
    return sorted(items, key=lambda item: places.get(group(item.nodeid), len(names)))


class Scheduler(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives the tests of a file, or those that share a server, to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
