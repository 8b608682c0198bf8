"""A ``.sql`` spec in the parts that people edit apart: the values of its header, other settings as text, and the SQL."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

from drawloom.model import InputError
from drawloom.specs.document import parse_yaml
from drawloom.specs.fields import as_until
from drawloom.specs.load import find_header, sql_document
from drawloom.specs.validation import RuleError

EDITED = ("table", "description", "owner", "schedule", "until", "dialect")
_KEY = re.compile(r"""(["']?)([\w-]+)\1[ \t]*:(?=\s|\Z)""")


@dataclass(frozen=True, slots=True)
class SqlFile:
    """The parts of a spec. ``values`` are those of the keys in EDITED that it has; ``others`` is the YAML of all other keys."""

    values: Mapping[str, Any] = field(default_factory=dict)
    others: str = ""
    sql: str = ""


def split_sql_file(text: str, file: str | None = None) -> SqlFile:
    """The parts of a spec's text.

    Raises:
        InputError: it has no header, or that is not YAML.
    """
    data = sql_document(text, file).data
    values = {key: data[key] for key in EDITED if key in data}
    others = "".join(lines for key, lines in _blocks(text) if key not in EDITED)
    return SqlFile(values, others.strip("\n"), str(data["sql"]).strip("\n"))


def join_sql_file(parts: SqlFile, base: str | None = None) -> str:
    """The text of a spec with these parts.

    Args:
        parts: values that are None or empty are left out.
        base: the text that was edited; what did not change stays in its place and as it is written there.
    """
    values = {key: parts.values[key] for key in EDITED if parts.values.get(key) not in (None, "", {})}
    parts = SqlFile(values, parts.others.strip("\n"), parts.sql.strip("\n").rstrip())
    plain = _join(parts)
    if base is None:
        return plain
    try:
        edited = _edit(parts, base)
        same = _without_ends(sql_document(edited).data) == _without_ends(sql_document(plain).data)
    except InputError:
        return plain
    return edited if same else plain


def _join(parts: SqlFile) -> str:
    header = "".join(dump_value(key, value) for key, value in parts.values.items())
    others = f"{parts.others}\n" if parts.others.strip() else ""
    return f"/* drawloom\n{header}{others}*/\n{parts.sql}\n"


def _edit(parts: SqlFile, base: str) -> str:
    """The base with the parts that differ from its own."""
    old, found = split_sql_file(base), find_header(base)
    assert found
    keep_others = parts.others.strip() == old.others.strip()
    lines: list[tuple[str, str]] = []
    for key, block in _blocks(base):
        if key in parts.values:
            same = _same(key, old.values[key], parts.values[key])
            lines.append((key, block if same else _comments(block) + dump_value(key, parts.values[key])))
        elif key not in EDITED and keep_others:
            lines.append((key, block))
    have = [key for key, _ in lines]
    place = max((n + 1 for n, key in enumerate(have) if key in EDITED), default=0)
    lines[place:place] = [(key, dump_value(key, value)) for key, value in parts.values.items() if key not in have]
    if not keep_others and parts.others.strip():
        lines.append(("", parts.others + "\n"))
    body = "".join(line if line.endswith("\n") else line + "\n" for _, line in lines)
    tail = base[found.end() :] if old.sql.strip() == parts.sql.strip() else f"\n{parts.sql}\n"
    return f"{base[: found.start('yaml')]}\n{body}*/{tail}"


def dump_value(key: str, value: Any) -> str:
    """The lines of one key of a header."""
    if isinstance(value, Mapping):
        return f"{key}:\n" + "".join(textwrap.indent(dump_value(name, one), "  ") for name, one in value.items())
    text = value.isoformat() if isinstance(value, date) else str(value)
    if "*/" not in text:
        block = "|-\n" + textwrap.indent(text, "  ")
        for form in (text,) if "\n" not in text else (block,):
            if _reads_as(f"{key}: {form}\n", key, value):
                return f"{key}: {form}\n"
    quoted = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9).strip()
    return f"{key}: {quoted}\n".replace("*/", "*\\/")  # the header ends at the first */


def _reads_as(line: str, key: str, value: Any) -> bool:
    try:
        found = parse_yaml(line)
    except InputError:
        return False
    return len(found) == 1 and dict(found[0].data) == {key: value}


def _same(key: str, one: Any, other: Any) -> bool:
    if key == "until":
        try:
            return as_until(one) == as_until(other)
        except RuleError:
            return bool(one == other)
    return str(one).strip() == str(other).strip()


def _without_ends(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data as far as it means something: without the space around texts, which an editor may trim."""
    found = {key: value.strip() if isinstance(value, str) else value for key, value in data.items()}
    if "until" in found:
        try:
            found["until"] = as_until(found["until"])
        except RuleError:
            found["until"] = str(found["until"])
    return found


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """The keys at the top of a header, each with its lines and the comments above it."""
    found, data = find_header(text), sql_document(text).data
    assert found
    blocks: list[tuple[str, str]] = []
    above = ""
    for line in textwrap.dedent(found["yaml"]).strip("\n").splitlines(keepends=True):
        if key := _KEY.match(line):
            blocks.append((key[2], above + line))
            above = ""
        elif not line.strip() or line.startswith("#"):
            above += line
        elif blocks:
            blocks[-1] = (blocks[-1][0], blocks[-1][1] + above + line)
            above = ""
    if blocks and above:
        blocks[-1] = (blocks[-1][0], blocks[-1][1] + above)
    written = [key for key in data if key not in {"kind", "sql"}]
    if [key for key, _ in blocks if key != "kind"] == written:
        yield from blocks
    else:  # such as {table: core.x, owner: me}: written in another way than a key to a line
        yield from ((key, yaml.safe_dump({key: data[key]}, sort_keys=False, allow_unicode=True)) for key in written)


def _comments(block: str) -> str:
    lines = block.splitlines(keepends=True)
    end = next((n for n, line in enumerate(lines) if _KEY.match(line)), 0)
    return "".join(lines[:end])
