"""Views, which are not kept: whoever reads one reads its query."""

from __future__ import annotations

from sqlglot.errors import SqlglotError

from drawloom.run.importers.imported import ImportedFile
from drawloom.run.importers.jinja_text import line_of
from drawloom.run.importers.sql_tables import tokens_of
from drawloom.sql.rename import mask_tags

MOST = 20_000  # characters of a query that is read in the place of a view


def view_query(text: str, entry: ImportedFile, dialect: str) -> tuple[str, int] | None:
    """The query of the view that a text creates, and the lines above it; where it is another text, the entry says so."""
    try:
        tokens = tokens_of(mask_tags(text), dialect)
    except SqlglotError as error:
        entry.refuse("syntax", f"It cannot be read as {dialect}: {str(error).partition(chr(10))[0]}.", 1)
        return None
    words = [token.text.upper() for token in tokens]
    if words[:1] != ["CREATE"] or "VIEW" not in words[:4]:
        entry.refuse("view", "It is not one CREATE VIEW ... AS SELECT.", 1)
        return None
    depth = 0
    for token, word in zip(tokens, words, strict=True):
        depth += (word == "(") - (word == ")")
        if word == "AS" and depth == 0:
            return text[token.end + 1 :].strip().rstrip(";"), line_of(text, token.end) - 1
    entry.refuse("view", "It is not one CREATE VIEW ... AS SELECT.", 1)
    return None
