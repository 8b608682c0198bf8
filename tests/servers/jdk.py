"""Finds a Java that is new enough, by running each one with -version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import ServerError

PLACES = ("/usr/lib/jvm", "/Library/Java/JavaVirtualMachines")


@dataclass(frozen=True, slots=True)
class Jdk:
    """A Java installation: its home folder and its major version."""

    home: Path
    version: int

    @property
    def java(self) -> str:
        return str(self.home / "bin" / "java")


def find_jdk(at_least: int, needed_by: str) -> Jdk:
    """The first Java of at least a version: JAVA_HOME, then the usual folders, then PATH.

    Raises:
        ServerError: there is none; the message lists older ones, and what to install.
    """
    older = []
    for jdk in find_all():
        if jdk.version >= at_least:
            return jdk
        older.append(f"{jdk.version} in {jdk.home}")
    raise ServerError(
        f"{needed_by} needs Java {at_least} or newer; found {', '.join(older) or 'none'}. {_advice(at_least)}"
    )


def _advice(at_least: int) -> str:
    if at_least <= 17:
        return "Install one (Debian: openjdk-17-jdk-headless), or set JAVA_HOME."
    return "Install one (Eclipse Temurin 25; Debian 13 and newer: openjdk-25-jdk-headless), or set JAVA_HOME."


def find_all() -> Iterator[Jdk]:
    """The Java installations of this machine, each once."""
    known: set[Path] = set()
    for home in _homes():
        real = home.resolve()
        if real not in known and (version := java_version(real)):
            yield Jdk(real, version)
        known.add(real)


def _homes() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    for place in map(Path, PLACES):
        for folder in sorted(place.glob("*")):
            yield from (folder, folder / "Contents" / "Home")
    if program := shutil.which("java"):
        yield Path(program).resolve().parents[1]


def java_version(home: Path) -> int | None:
    """The major version of the Java in a folder, None where there is none that runs."""
    try:
        done = subprocess.run(
            [str(home / "bin" / "java"), "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except OSError:
        return None
    output = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(output[1]) if output and done.returncode == 0 else None
