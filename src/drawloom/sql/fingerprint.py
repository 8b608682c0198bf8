"""Fingerprints of SQL templates: what changes when the text may mean something else."""

from __future__ import annotations

import re

from drawloom.model import digest

_FIRST_MARK = 0xE000
_MAX_TAGS = 6000
_SPACE = re.compile(r"\s+")


def fingerprint(text: str, dialect: str = "duckdb") -> str:
    """A hash of the template's tokens: comments, and white space outside of strings, do not change it."""
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import SqlglotError

    from drawloom.sql.dialect import check_dialect
    from drawloom.sql.template.tags import tag_spans

    masked: list[str] = []
    tags: list[str] = []
    at = 0
    for start, end in tag_spans(text):
        comment = text.startswith("{#", start)
        masked += [text[at:start], " " if comment else chr(_FIRST_MARK + len(tags))]
        tags += [] if comment else [_SPACE.sub(" ", text[start:end])]
        at = end
    if len(tags) > _MAX_TAGS:
        return digest([text])
    masked.append(text[at:])
    try:
        tokens = Dialect.get_or_raise(check_dialect(dialect)).tokenize("".join(masked))
    except SqlglotError:
        return digest([text])
    # Tags in comments still run, so all of them count.
    return digest([dialect, *(f"{token.token_type.name} {token.text}" for token in tokens), *tags])
