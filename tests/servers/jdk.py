"""Finding a Java that is new enough, by asking each one."""

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
    """A Java: its home folder and its main version."""

    home: Path
    version: int

    @property
    def java(self) -> str:
        return str(self.home / "bin" / "java")


def find_jdk(at_least: int, wanted_by: str) -> Jdk:
    """The first Java of at least a version: JAVA_HOME, then the usual folders, then PATH.

    Raises:
        ServerError: there is none; with those that were found, and what to install.
    """
    seen = []
    for jdk in found():
        if jdk.version >= at_least:
            return jdk
        seen.append(f"{jdk.version} in {jdk.home}")
    raise ServerError(
        f"java == {', '.join(seen) or 'none'}, must be {at_least} or newer for {wanted_by}. {_advice(at_least)}"
    )


def _advice(at_least: int) -> str:
    if at_least <= 17:
        return "Install one (Debian: openjdk-17-jdk-headless), or set JAVA_HOME."
    return "Install one (Eclipse Temurin 25; Debian 13 and newer: openjdk-25-jdk-headless), or set JAVA_HOME."


def found() -> Iterator[Jdk]:
    """The Javas of this machine, each once."""
    known: set[Path] = set()
    for home in _homes():
        real = home.resolve()
        if real not in known and (version := ask(real)):
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


def ask(home: Path) -> int | None:
    """The main version of the Java in a folder, None when there is none that runs."""
    try:
        done = subprocess.run(
            [str(home / "bin" / "java"), "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except OSError:
        return None
    said = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(said[1]) if said and done.returncode == 0 else None
