"""The name of a table in a SQL template: the edits that change it, where it stands in the text and is built by no tag."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from drawloom.model import Edit, InputError, Problem, Where, refuse
from drawloom.sql.dialect import check_dialect
from drawloom.sql.template.tags import tag_spans

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_FILLER = "\ue000"  # stands for an expression of the template, and is a part of the name that it touches


def rename_in_sql(text: str, old: str, new: str, dialect: str = "duckdb") -> tuple[Edit, ...]:
    """The edits that rename a table in a template: its name with the schema, and its name where columns are qualified with it.

    Comments, strings and what only looks alike are left as they are. Whether the text still means the same is to be found
    out by analyzing it: ``core.rides`` may be a column of what is called ``core`` there.

    Args:
        text: the template; none of its other parts change.
        old: ``schema.table``, in any spelling.
        new: ``schema.table``.
        dialect: that of the text.

    Raises:
        InputError: a tag of the template has the name, or the text has no tokens in this dialect.
    """
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.errors import SqlglotError

    if not mentions(text, old):
        return ()
    _refuse_in_tags(text, old)
    masked = mask_tags(text)
    try:
        tokens = Dialect.get_or_raise(check_dialect(dialect)).tokenize(masked)
    except SqlglotError as error:
        line = text.count("\n", 0, mentions(text, old)[0]) + 1
        message = f"sql == {old!r} in a text that cannot be read as {dialect}: {error}."
        raise InputError(Problem("rename-unsure", "error", message, Where(None, line))) from error
    found = _Tokens(masked, tokens, dialect)
    return tuple(sorted(found.edits(old, new), key=lambda edit: edit.start))


def mentions(text: str, table: str) -> list[int]:
    """The offsets at which a text seems to name a table, in any spelling, quoted or not."""
    schema, _, name = table.partition(".")
    quote = r"[\"`\[\]]?"
    pattern = rf"(?<![\w.]){quote}{re.escape(schema)}{quote}\s*\.\s*{quote}{re.escape(name)}{quote}(?!\w)"
    return [match.start() for match in re.finditer(pattern, text, re.IGNORECASE)]


def mask_tags(text: str) -> str:
    """The text with as long fillers for expressions of the template, and spaces for its statements and comments."""
    parts: list[str] = []
    at = 0
    for start, end in tag_spans(text):
        filler = _FILLER if text.startswith("{{", start) else " "
        parts += [text[at:start], re.sub(r"[^\n]" if filler == " " else r"(?s).", filler, text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _refuse_in_tags(text: str, table: str) -> None:
    for start, end in tag_spans(text):
        places = mentions(text[start:end], table)
        if places and not text.startswith("{#", start):
            line = text.count("\n", 0, start + places[0]) + 1
            message = f"template == {text[start:end]!r:.80}, must not have the name of the table that is renamed."
            raise refuse("rename-in-tag", message, Where(None, line), "Write the name outside of the tag.")


class _Tokens:
    """The tokens of a text, and where the name of a table is among them."""

    def __init__(self, text: str, tokens: Sequence[Token], dialect: str) -> None:
        self._text = text
        self._tokens = tokens
        self._dialect = dialect
        self._words = [_word(token) for token in tokens]

    def edits(self, old: str, new: str) -> Iterator[Edit]:
        schema, _, table = old.lower().partition(".")
        new_schema, _, new_table = new.partition(".")
        places = [n for n in range(len(self._words)) if self._names_table(n, schema, table)]
        for n in places:
            yield self._replace(n, new_schema)
            yield self._replace(n + 2, new_table)
        yield from self._in_one_identifier(old, new)
        if places and table != new_table.lower() and not self._is_defined(table, places):
            qualifiers = (n for n, word in enumerate(self._words) if word == table and not self._is_dot(n - 1))
            yield from (self._replace(n, new_table) for n in qualifiers if self._is_dot(n + 1))

    def _names_table(self, n: int, schema: str, table: str) -> bool:
        if self._words[n] != schema or self._is_dot(n - 1) or not self._is_dot(n + 1):
            return False
        return n + 2 < len(self._words) and self._words[n + 2] == table

    def _is_dot(self, n: int) -> bool:
        return 0 <= n < len(self._tokens) and self._tokens[n].text == "."

    def _is_defined(self, name: str, places: Sequence[int]) -> bool:
        """Whether the text calls something by the table's name itself: an alias, or a CTE."""
        for n, word in enumerate(self._words):
            if word != name or self._is_dot(n - 1) or self._is_dot(n + 1):
                continue
            after = self._tokens[n + 1].text.lower() if n + 1 < len(self._tokens) else ""
            before = self._tokens[n - 1].text.lower() if n else ""
            at = n - 2 if before == "as" else n - 1  # what it is the alias of ends here
            if after == "as" or at - 2 in places or self._ends_query(at):
                return True
        return False

    def _ends_query(self, n: int) -> bool:
        """Whether a token closes the parentheses of a query."""
        depth = 0
        for at in range(n, -1, -1):
            depth += {")": 1, "(": -1}.get(self._tokens[at].text, 0)
            if depth == 0:
                return at < n and self._tokens[at + 1].text.lower() in {"select", "with", "values", "from", "("}
        return False

    def _in_one_identifier(self, old: str, new: str) -> Iterator[Edit]:
        """BigQuery's names with both parts in one pair of quotes."""
        for token, word in zip(self._tokens, self._words, strict=True):
            if word == old.lower() and token.end - token.start + 1 == len(old) + 2:
                yield Edit(token.start + 1, token.end, new)

    def _replace(self, n: int, name: str) -> Edit:
        token = self._tokens[n]
        start, end = token.start, token.end + 1
        if end - start == len(token.text) + 2:  # quoted: the quotes stay
            return Edit(start + 1, end - 1, name)
        return Edit(start, end, self._quoted(name))

    def _quoted(self, name: str) -> str:
        """The name as it is where the dialect reads that as a name, in its quotes otherwise."""
        from sqlglot import exp
        from sqlglot.dialects.dialect import Dialect

        tokens = Dialect.get_or_raise(self._dialect).tokenize(name)
        is_plain = len(tokens) == 1 and tokens[0].token_type.name == "VAR" and tokens[0].text == name
        return name if is_plain else exp.to_identifier(name, quoted=True).sql(self._dialect)


def _word(token: Token) -> str:
    """The name of a token in lower case; empty for what is none."""
    kind = token.token_type.name
    return "" if "STRING" in kind or kind == "NUMBER" else token.text.lower()
