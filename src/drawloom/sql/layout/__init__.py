"""The layout of SQL templates: line breaks, indentation and spaces; tokens, comments and tags stay as they are."""

from __future__ import annotations

from drawloom.model import Where, refuse
from drawloom.sql.fingerprint import fingerprint
from drawloom.sql.layout.atoms import comments_of, read_atoms
from drawloom.sql.layout.printer import Printer

WIDTH = 100  # characters of a line, where it can be broken

__all__ = ["WIDTH", "format_sql"]


def format_sql(text: str, dialect: str = "duckdb", width: int = WIDTH) -> str:
    """The template in one layout. Formatting it again changes nothing.

    Args:
        text: one SELECT, a template.
        dialect: that of the text.
        width: of lines, where they can be broken.

    Raises:
        InputError: it cannot be laid out safely: it has no tokens, a statement of the template shares its line with SQL,
            or it would not have the same fingerprint and comments.
    """
    once = _layout(text, dialect, width)
    code = fingerprint(text, dialect)
    if fingerprint(once, dialect) != code or comments_of(text, dialect) != comments_of(once, dialect):
        raise refuse("format-unsafe", "sql would not be the same in another layout.", Where(None, 1))
    for _ in range(3):  # a comment may move to another line, which is then broken in another way
        again = _layout(once, dialect, width)
        if again == once:
            return once
        once = again
    raise refuse("format-unsafe", "sql has comments in places without a layout.", Where(None, 1))


def _layout(text: str, dialect: str, width: int) -> str:
    return Printer(read_atoms(text, dialect), width).print()
