"""Prints atoms in lines: what fits stays on one line, what does not is broken at clauses, commas, AND and brackets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drawloom.sql.layout.atoms import Atom

INDENT = 2
_OPEN, _CLOSE = {"(", "[", "{"}, {")", "]", "}"}
_QUERY = {"SELECT", "WITH", "FROM", "VALUES"}
_SPACED = {"=", "<>", "!=", "<=", ">=", "||"}
_JOIN_WORDS = {
    "LEFT",
    "RIGHT",
    "FULL",
    "INNER",
    "OUTER",
    "CROSS",
    "NATURAL",
    "ASOF",
    "SEMI",
    "ANTI",
    "POSITIONAL",
    "ANY",
}
_LISTS = {"SELECT", "GROUP BY", "ORDER BY", "VALUES"}
_CONDITIONS = {"WHERE", "HAVING", "QUALIFY"}
_STARTERS = {"SELECT", "FROM", "WHERE", "GROUP BY", "HAVING", "QUALIFY", "ORDER BY", "LIMIT", "OFFSET", "VALUES"}
_SETS = {"UNION", "EXCEPT", "INTERSECT"}
_CONNECTING = {"ON", "AND", "OR", "AS", "CASE", "WHEN", "THEN", "ELSE", "END", "JOIN", "WITH", "BY"}
_ALWAYS_SPACED = _STARTERS | _CONNECTING
Span = tuple[int, int]


class Printer:
    """The lines of some atoms."""

    def __init__(self, atoms: Sequence[Atom], width: int) -> None:
        self._atoms = atoms
        self._width = width
        self._lines: list[str] = [""]
        self._broken = False  # whether the line must end, after a comment
        self._pairs = _pair_brackets(atoms)

    def print(self) -> str:
        """The text, without space at its ends, and with a line break at the end."""
        last = len(self._atoms) - 1
        end = last - 1 if last and self._atoms[last - 1].text == ";" else last
        self._query((0, end), 0)
        for n in range(end, last):
            self._atom(n, 0)
        self._leading(self._atoms[last], 0)
        return "\n".join(line.rstrip() for line in self._lines).strip("\n") + "\n"

    # --- writing

    def _newline(self, indent: int) -> None:
        if self._lines[-1].strip():
            self._lines.append("")
        self._lines[-1] = " " * indent
        self._broken = False

    def _leading(self, atom: Atom, indent: int) -> None:
        """Comments and statements of the template before an atom, each on its own line."""
        for text, blank in atom.leading:
            self._newline(indent)
            self._blank(blank, indent)
            self._lines[-1] += text
            self._broken = True
        if atom.leading:
            self._newline(indent)

    def _blank(self, wanted: bool, indent: int) -> None:
        if wanted and len(self._lines) > 1 and self._lines[-2].strip():
            self._lines[-1] = ""
            self._lines.append(" " * indent)

    def _atom(self, n: int, indent: int) -> None:
        atom = self._atoms[n]
        if self._broken:
            self._newline(indent)
        self._leading(atom, indent)
        line = self._lines[-1]
        self._lines[-1] += f"{' ' if line.strip() and self._is_spaced(n) else ''}{atom.text}"
        for comment in atom.trailing:
            self._lines[-1] += f"{'  ' if comment.startswith(('--', '#')) else ' '}{comment}"
        self._broken = atom.ends_line

    def _is_spaced(self, n: int) -> bool:
        """Whether a space stands before an atom, where something is before it on its line."""
        before, atom = self._atoms[n - 1] if n else None, self._atoms[n]
        if before is None or before.text in _OPEN or atom.text in {",", ")", "]", "}", ";"}:
            return bool(before and before.trailing)
        if before.text == "," or before.text in _SPACED or atom.text in _SPACED:
            return True
        if atom.word in _ALWAYS_SPACED or before.word in _ALWAYS_SPACED:
            return before.text != "."
        return atom.spaced

    # --- measuring

    def _flat(self, span: Span) -> int | None:
        """The width of atoms on one line after what is there; None where a comment breaks it."""
        width = 0
        for n in range(*span):
            atom = self._atoms[n]
            if "\n" in atom.text or (n > span[0] and atom.leading) or (n < span[1] - 1 and atom.ends_line):
                return None
            width += len(atom.text) + self._is_spaced(n) + sum(len(comment) + 2 for comment in atom.trailing)
        return width

    def _fits(self, span: Span, more: int = 0) -> bool:
        width = self._flat(span)
        return width is not None and not self._broken and len(self._lines[-1]) + width + more <= self._width

    def _inline(self, span: Span, indent: int) -> None:
        for n in range(*span):
            self._atom(n, indent)

    # --- structure

    def _query(self, span: Span, indent: int) -> None:
        clauses = list(self._clauses(span))
        for number, (head, body) in enumerate(clauses):
            if number:
                self._newline(indent)
                first = self._atoms[head[0]]
                if not first.leading:
                    self._blank(first.blank, indent)
            self._clause(head, body, indent)

    def _clauses(self, span: Span) -> Iterator[tuple[Span, Span]]:
        """Heads and bodies of the clauses of a query."""
        starts = [n for n in self._top(span) if n == span[0] or self._starts_clause(n, span)]
        for start, end in zip(starts, [*starts[1:], span[1]], strict=True):
            head = self._head_end(start, end)
            yield (start, head), (head, end)

    def _top(self, span: Span) -> Iterator[int]:
        """The atoms that are in no brackets within a span."""
        n = span[0]
        while n < span[1]:
            yield n
            n = self._pairs.get(n, n) + 1

    def _starts_clause(self, n: int, span: Span) -> bool:
        word, before = self._atoms[n].word, self._atoms[n - 1]
        if before.text == "." or (word == "FROM" and before.word == "DISTINCT"):
            return False
        if word in _SETS:
            return before.text != "*" and (before.text != ")" or self._is_query_before(n))
        if word == "JOIN" or word in _JOIN_WORDS:
            return self._is_join(n, span) and not (before.word in _JOIN_WORDS and self._is_join(n - 1, span))
        return word in _STARTERS

    def _is_query_before(self, n: int) -> bool:
        """Whether the bracket that closes before an atom is no list of columns after a star."""
        opening = next((a for a, b in self._pairs.items() if b == n - 1), n)
        return opening == 0 or self._atoms[opening - 1].word not in _SETS | {"EXCLUDE", "REPLACE"}

    def _is_join(self, n: int, span: Span) -> bool:
        while n < span[1] and self._atoms[n].word in _JOIN_WORDS:
            n += 1
        return n < span[1] and self._atoms[n].word == "JOIN"

    def _head_end(self, start: int, end: int) -> int:
        """Where the words end with which a clause begins."""
        n = start
        if self._atoms[start].word in _SETS:
            while n + 1 < end and self._atoms[n + 1].word in {"ALL", "DISTINCT"}:
                n += 1
        elif self._atoms[start].word in _JOIN_WORDS | {"JOIN"}:
            while self._atoms[n].word != "JOIN" and n + 1 < end:
                n += 1
        elif start + 1 < end and (self._atoms[start].word, self._atoms[start + 1].word) in {
            ("SELECT", "DISTINCT"),
            ("WITH", "RECURSIVE"),
        }:
            n += 1
        return n + 1

    def _clause(self, head: Span, body: Span, indent: int) -> None:
        word = " ".join(self._atoms[n].word for n in range(*head))
        is_with = word.startswith("WITH")
        self._leading(self._atoms[head[0]], indent)
        fits = not is_with and self._fits((head[0], body[1]))
        self._words(head, indent)
        if fits:
            self._inline(body, indent + INDENT)
        elif word.split()[:1] == ["SELECT"] or word in _LISTS:
            self._items(body, indent + INDENT, first_on_new_line=True)
        elif is_with:
            self._items(body, indent, first_on_new_line=False)
        elif word in _CONDITIONS:
            self._conditions(body, indent + INDENT, first_indent=indent)
        else:
            self._from(body, indent + INDENT)

    def _words(self, head: Span, indent: int) -> None:
        for n in range(*head):
            atom = self._atoms[n]
            if n == head[0]:  # what leads the clause is printed already
                self._atoms = [*self._atoms[:n], _without_leading(atom), *self._atoms[n + 1 :]]
            self._atom(n, indent + INDENT)

    def _items(self, span: Span, indent: int, *, first_on_new_line: bool) -> None:
        """Items with commas between them, one to a line."""
        for number, item in enumerate(self._split(span, {","})):
            if number or first_on_new_line:
                self._newline(indent)
                first = self._atoms[item[0]]
                if number and not first.leading and not first_on_new_line:
                    self._blank(first.blank, indent)
            self._item(item, indent)

    def _split(self, span: Span, ends: set[str]) -> Iterator[Span]:
        """The parts of a span, each with the comma that ends it."""
        start = span[0]
        for n in self._top(span):
            if self._atoms[n].text in ends:
                yield start, n + 1
                start = n + 1
        if start < span[1]:
            yield start, span[1]

    def _conditions(self, span: Span, indent: int, first_indent: int | None = None) -> None:
        """Conditions, each AND and OR on a line of its own; the first one may go on a line that begins elsewhere."""
        for number, part in enumerate(self._at_connectors(span)):
            if number:
                self._newline(indent)
            self._item(part, indent if number or first_indent is None else first_indent)

    def _at_connectors(self, span: Span) -> list[Span]:
        """The parts of a span, each with the AND or OR that it begins with; not that of BETWEEN, nor those in CASE."""
        starts, between, cases = [span[0]], 0, 0
        for n in self._top(span):
            word = self._atoms[n].word
            cases += {"CASE": 1, "END": -1}.get(word, 0)
            between += word == "BETWEEN"
            if word in {"AND", "OR"} and not cases and n > span[0]:
                if word == "AND" and between:
                    between -= 1
                else:
                    starts.append(n)
        return list(zip(starts, [*starts[1:], span[1]], strict=True))

    def _from(self, span: Span, indent: int) -> None:
        """A table or several, and the condition of a join on lines of its own."""
        on = next((n for n in self._top(span) if self._atoms[n].word == "ON"), span[1])
        tables = list(self._split((span[0], on), {","}))
        for table in tables:
            if len(tables) > 1:
                self._newline(indent)
            self._item(table, indent if len(tables) > 1 else indent - INDENT)
        if on < span[1]:
            self._newline(indent)
            self._conditions((on, span[1]), indent + INDENT, first_indent=indent)

    def _item(self, span: Span, indent: int) -> None:
        if self._fits(span):
            self._inline(span, indent + INDENT)
            return
        connected = self._at_connectors(span)
        if len(connected) > 1 and self._atoms[span[0]].word not in {"AND", "OR", "ON"}:
            self._conditions_of_item(connected, indent)
            return
        depth = 0
        n = span[0]
        while n < span[1]:
            word = self._atoms[n].word
            if word in {"WHEN", "ELSE"} and depth:
                self._newline(indent + INDENT * depth)
            elif word == "END" and depth:
                depth -= 1
                self._newline(indent + INDENT * depth)
            depth += word == "CASE"
            self._atom(n, indent + INDENT * (depth + 1))
            if n in self._pairs and self._pairs[n] < span[1]:
                self._brackets(n, indent + INDENT * depth, more=self._rest(self._pairs[n], span))
                n = self._pairs[n]
            n += 1

    def _conditions_of_item(self, parts: Sequence[Span], indent: int) -> None:
        for number, part in enumerate(parts):
            if number:
                self._newline(indent + INDENT)
            self._item_part(part, indent + INDENT)

    def _item_part(self, span: Span, indent: int) -> None:
        if self._fits(span):
            self._inline(span, indent)
            return
        for n in self._top(span):
            self._atom(n, indent + INDENT)
            if n in self._pairs and self._pairs[n] < span[1]:
                self._brackets(n, indent, more=0)

    def _rest(self, n: int, span: Span) -> int:
        """The width of what must follow a closing bracket on its line: a comma."""
        return int(n + 1 < span[1] and self._atoms[n + 1].text == ",")

    def _brackets(self, opening: int, indent: int, more: int) -> None:
        """What is in brackets, and the closing one; the opening one is printed."""
        closing = self._pairs[opening]
        inner = (opening + 1, closing)
        if self._fits((inner[0], closing + 1), more) and not self._leads(inner, closing):
            self._inline((inner[0], closing + 1), indent + INDENT)
            return
        self._newline(indent + INDENT)
        if inner[0] < closing and self._atoms[inner[0]].word in _QUERY:
            self._query(inner, indent + INDENT)
        elif any(self._atoms[n].text == "," for n in self._top(inner)):
            self._items(inner, indent + INDENT, first_on_new_line=False)
        else:
            self._conditions(inner, indent + INDENT)
        self._leading(self._atoms[closing], indent + INDENT)
        self._newline(indent)
        self._words((closing, closing + 1), indent)

    def _leads(self, inner: Span, closing: int) -> bool:
        return bool(self._atoms[inner[0]].leading or self._atoms[closing].leading)


def _without_leading(atom: Atom) -> Atom:
    return Atom(atom.text, atom.word, atom.spaced, atom.blank, [], atom.trailing)


def _pair_brackets(atoms: Sequence[Atom]) -> dict[int, int]:
    """Where each bracket is closed; those that are not, as in branches of a template, are left out."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for n, atom in enumerate(atoms):
        if atom.text in _OPEN:
            opened.append(n)
        elif atom.text in _CLOSE and opened:
            pairs[opened.pop()] = n
    return pairs
