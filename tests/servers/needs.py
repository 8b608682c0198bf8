"""The software that the servers need on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.servers import browser, postgres, redis, trino
from tests.servers.jdk import find_jdk
from tests.servers.process import ServerError


@dataclass(frozen=True, slots=True)
class Need:
    """Missing software: its Debian package, and a message for people."""

    package: str
    message: str


def missing() -> list[Need]:
    """The software to install before all servers can run here."""
    needs: dict[str, Callable[[], object]] = {
        "openjdk-17-jdk-headless": lambda: find_jdk(17, "Spark and the Hive metastore"),
        "openjdk-25-jdk-headless": lambda: find_jdk(24, "Trino"),
        "maven": trino.check_tarball,
        "postgresql": postgres.find_binaries,
        "redis-server": redis.find_binary,
        "chromium": browser.find_chromium,
    }
    return [need for package, check in needs.items() if (need := _check_need(package, check))]


def _check_need(package: str, check: Callable[[], object]) -> Need | None:
    try:
        check()
    except ServerError as error:
        return Need(package, str(error))
    return None
