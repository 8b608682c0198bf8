"""Where the tags of a template are."""

from __future__ import annotations

import re

TAG_START = re.compile(r"\{\{|\{%|\{#")
_TAG_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[{\[(]|[}\])]|%\}""", re.DOTALL)


def tag_spans(source: str) -> list[tuple[int, int]]:
    """The (start, end) offsets of the template's tags."""
    found: list[tuple[int, int]] = []
    at = 0
    while match := TAG_START.search(source, at):
        at = _tag_end(source, match.start(), match[0])
        found.append((match.start(), at))
    return found


def _tag_end(source: str, start: int, opening: str) -> int:
    if opening == "{#":
        end = source.find("#}", start + 2)
        return len(source) if end < 0 else end + 2
    depth = 0
    for match in _TAG_TOKEN.finditer(source, start + 2):
        found = match[0]
        if found in "{[(":
            depth += 1
        elif found == "%}" and opening == "{%":
            return match.end()
        elif found in "}])":
            if found == "}" and depth == 0 and source.startswith("}}", match.start()):
                return match.start() + 2
            depth = max(0, depth - 1)
    return len(source)
