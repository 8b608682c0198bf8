"""All rules: every module of this folder whose name does not begin with an underscore."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from drawloom.model import Problem, Severity
from drawloom.sql.script import Script


class Rule(Protocol):
    """What a rule's module has; its docstring is its message."""

    CODE: str
    SEVERITY: Severity
    __doc__: str | None

    def check(self, script: Script) -> Iterator[Problem]:
        """The problems of this kind that a script has."""
        ...


@cache
def rules() -> tuple[Rule, ...]:
    """The rules, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return tuple(cast(Rule, import_module(f"{__package__}.{name}")) for name in names if not name.startswith("_"))
