"""What the servers need of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.servers import postgres, trino
from tests.servers.jdk import find_jdk
from tests.servers.process import ServerError


@dataclass(frozen=True, slots=True)
class Need:
    """Something that is not there: the Debian package that has it, and the sentence that says so."""

    package: str
    sentence: str


def missing() -> list[Need]:
    """What has to be installed before all servers can run here; empty when nothing."""
    needs: dict[str, Callable[[], object]] = {
        "openjdk-17-jdk-headless": lambda: find_jdk(17, "Spark and the Hive metastore"),
        "openjdk-25-jdk-headless": lambda: find_jdk(24, "Trino"),
        "maven": trino.check_tarball,
        "postgresql": postgres.binaries,
    }
    return [need for package, check in needs.items() if (need := _lacking(package, check))]


def _lacking(package: str, check: Callable[[], object]) -> Need | None:
    try:
        check()
    except ServerError as error:
        return Need(package, str(error))
    return None
