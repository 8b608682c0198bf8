"""Passwords in texts that are shown: of messages about what somebody has written, which others can read on pages."""

from __future__ import annotations

import re

HIDDEN = "hidden"
_IN_URL = re.compile(r"(://[^\s:@/'\"]*:)[^\s'\"]+@")
_BY_NAME = re.compile(
    r"((?:password|passwd|secret|token|api_?key)\w*[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;}]+", re.IGNORECASE
)
_NAME = re.compile(r"password|passwd|secret|api_?key|access_?key|(?:^|_)token$", re.IGNORECASE)


def hide_secrets(text: str) -> str:
    """The text without passwords in addresses and behind words such as ``password=``."""
    return _BY_NAME.sub(rf"\1{HIDDEN}", _IN_URL.sub(rf"\1{HIDDEN}@", text))


def is_secret(name: str) -> bool:
    """Whether the value of this name is a secret by its name."""
    return bool(_NAME.search(name))
