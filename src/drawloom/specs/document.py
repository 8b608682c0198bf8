"""YAML documents as plain values, with the line of every key, and limits on their size."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from drawloom.model import Fix, InputError, Problem, Where, refuse
from drawloom.specs.secret_text import hide_secrets

Keys = tuple[str | int, ...]

MAX_CHARACTERS = 4_000_000
MAX_VALUES = 100_000
MAX_DEPTH = 30

_MERGE = "tag:yaml.org,2002:merge"
# Unquoted values that YAML refuses, such as `schedule: @daily` and `until: forever: a reason`.
_UNQUOTED = re.compile(r"^([ ]*[\w-]+:[ \t]+)(@\w+|forever:[ \t][^\"'\n#]*?)([ \t]*(?:#.*)?)$", re.MULTILINE)
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML mapping of a file; ``lines`` maps the keys that lead to a value to its line."""

    data: Mapping[str, Any]
    file: str | None = None
    lines: Mapping[Keys, int] = field(default_factory=dict)

    def where(self, *keys: str | int) -> Where:
        """The place of a value; of the mapping that would contain it where it is not written."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return Where(self.file, self.lines.get(keys))


def read_text(path: Path, file: str) -> str:
    """The text of a file; ``file`` is its name in messages.

    Raises:
        InputError: it cannot be read, is too long, or is not UTF-8.
    """
    try:
        if path.stat().st_size > MAX_CHARACTERS:
            size = f"{path.stat().st_size} bytes"
            raise refuse("too-large", f"{file} == {size}, must be at most {MAX_CHARACTERS} bytes.", Where(file))
        content = path.read_bytes()
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refuse("not-text", f"{file} is not UTF-8 text (byte {error.start}).", Where(file, line)) from None
    except OSError as error:
        raise refuse("unreadable", f"{file} cannot be read: {error.strerror}.") from None


def parse_yaml(text: str, file: str | None = None, first_line: int = 1) -> list[Document]:
    """The mappings of a YAML text, one per document; documents that are empty are left out.

    Args:
        text: the YAML.
        file: its name in messages.
        first_line: the line of the file on which the text begins.

    Raises:
        InputError: it is not YAML, a key is given twice, or it is too large; all errors at once.
    """
    text = textwrap.dedent(text)
    try:
        nodes = _compose(text)
    except yaml.YAMLError as error:
        try:
            nodes = _compose(_UNQUOTED.sub(r'\1"\2"\3', text))
        except yaml.YAMLError:
            raise InputError(_syntax_problem(error, text, file, first_line)) from None
    except _TooLargeError as error:
        raise refuse("too-large", f"{error}.", Where(file, first_line)) from None
    return _documents(nodes, file, first_line)


def _documents(nodes: Iterable[yaml.Node], file: str | None, first_line: int) -> list[Document]:
    documents, problems = [], []
    for node in nodes:
        builder = _Builder(file, first_line)
        try:
            value = builder.value(node, ())
        except _TooLargeError as error:
            raise refuse("too-large", f"{error}.", builder.at(node)) from None
        problems += builder.problems
        if isinstance(value, dict):
            documents.append(Document(value, file, builder.lines))
        elif value is not None:
            problems.append(
                Problem("not-a-mapping", "error", _NOT_A_MAPPING.format(hide_secrets(str(value))), builder.at(node))
            )
    if problems:
        raise InputError(*problems)
    return documents


_NOT_A_MAPPING = "text == {!r:.60}, must be lines of `key: value`."


class _TooLargeError(Exception):
    """The document is over a limit."""


class _Builder:
    """Turns the nodes of one document into values, and notes their lines.

    Not ``yaml.safe_load``, which has no lines, silently takes the last of duplicate keys, reads a key ``on`` as true,
    and stops at the first error.
    """

    def __init__(self, file: str | None, first_line: int) -> None:
        self.file = file
        self.first_line = first_line
        self.lines: dict[Keys, int] = {}
        self.problems: list[Problem] = []
        self._scalars = yaml.SafeLoader("")
        self._count = 0

    def at(self, node: yaml.Node) -> Where:
        """The place of a node; the text of a block scalar begins on the line after its ``|``."""
        block = isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}
        return Where(self.file, self.first_line + node.start_mark.line + block)

    def value(self, node: yaml.Node, keys: Keys) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _TooLargeError(f"The document has more than {MAX_VALUES} values")
        if len(keys) > MAX_DEPTH:
            raise _TooLargeError(f"The document is nested more than {MAX_DEPTH} levels deep")
        self.lines.setdefault(keys, self.at(node).line or 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*keys, n)) for n, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == _MERGE:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif not isinstance(key, yaml.ScalarNode):
                self._refuse("bad-key", "key == a list or mapping, must be a word.", key)
            elif key.value in values:
                self._refuse("duplicate-key", f"{key.value} is given twice, must be given once.", key, "Remove one.")
            else:  # a key is the text as written: YAML 1.1 would read a column called `on` as true
                block = isinstance(value, yaml.ScalarNode) and value.style in {"|", ">"}
                self.lines[(*keys, key.value)] = self.at(value if block else key).line or 1
                values[key.value] = self.value(value, (*keys, key.value))
        for other in merged:
            base = self.value(other, keys)
            values = {**base, **values} if isinstance(base, dict) else values
        return values

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            value = self._scalars.construct_object(node)
            str(value)  # Python reads a long hexadecimal number or one in base 60, but cannot print it in a message
        except (ValueError, IndexError, AttributeError, KeyError, OverflowError):
            return node.value  # like 2026-13-45: the field's own rule refuses it
        except yaml.YAMLError:
            self._refuse(
                "bad-tag", f"{node.tag} == {hide_secrets(str(node.value))!r:.60}, must be plain text or a number.", node
            )
            return None
        return value

    def _refuse(self, code: str, message: str, node: yaml.Node, fix: str | None = None) -> None:
        self.problems.append(Problem(code, "error", message, self.at(node), Fix(fix) if fix else None))


def _compose(text: str) -> list[yaml.Node]:
    _check_limits(yaml.parse(text, Loader=_PARSER))
    return list(yaml.compose_all(text, Loader=_PARSER))


def _check_limits(events: Iterator[yaml.Event]) -> None:
    """Composing is recursive, so the depth is limited before it."""
    depth = 0
    for count, event in enumerate(events):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _TooLargeError(f"The document is nested more than {MAX_DEPTH} levels deep")
        if count > 3 * MAX_VALUES:
            raise _TooLargeError(f"The document has more than {MAX_VALUES} values")


def _syntax_problem(error: yaml.YAMLError, text: str, file: str | None, first_line: int) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    number = mark.line if mark else text.count("\n", 0, getattr(error, "position", 0))
    lines = text.splitlines() or [""]
    number = min(number, len(lines) - 1)
    shown = hide_secrets(lines[number].strip())
    where = Where(file, first_line + number, mark.column + 1 if mark else None)
    fix = "Put texts with `: `, `{`, `@` or tabs in double quotes, and indent with spaces."
    return Problem("not-yaml", "error", f"line == {shown!r:.80}, must be YAML: {reason}.", where, Fix(fix))
