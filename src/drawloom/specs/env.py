"""Environment variables in the project's settings: ``${NAME}``, the only way to pass secrets."""

from __future__ import annotations

import os
import re

from drawloom.model import refuse
from drawloom.model.problem import hide

_NAME = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_PASSWORD = re.compile(r"://[^/@\s:]*:([^/@\s]+)@|[;?&](?:token|password)=([^;&\s]+)")


def unset_variables(text: str) -> list[str]:
    """The variables in a text that are not set."""
    return [name for name in _NAME.findall(text) if name not in os.environ]


def has_password(text: str) -> bool:
    """Whether a URL has a password or a token in plain text."""
    return any(_NAME.sub("", part) for found in _PASSWORD.findall(text) for part in found)


def expand(text: str) -> str:
    """The text with every ``${NAME}`` replaced by its value in the environment. Do not print the result.

    Problems show the names, not the values, from then on.

    Raises:
        InputError: a variable is not set.
    """
    missing = unset_variables(text)
    if missing:
        raise refuse("not-set", f"{missing[0]} is not set in the environment.", None, f"export {missing[0]}=...")
    for name in _NAME.findall(text):
        hide(os.environ[name], name)
    return _NAME.sub(lambda found: os.environ[found[1]], text)
