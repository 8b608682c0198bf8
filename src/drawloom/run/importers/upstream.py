"""Tables as other texts read them: other tools replace a table as a whole or by day, ours keep a partition of each day."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from drawloom.specs.fields import check_table
from drawloom.specs.validation import RuleError

Form = Literal["snapshot", "daily", "whole", "view"]
TODAY = "DATE '{{ ds }}'"
_YESTERDAY = "DATE '{{ macros.ds_add(ds, -1) }}'"
_EXCLUDES = frozenset({"duckdb", "snowflake", "redshift"})


@dataclass(frozen=True, slots=True)
class Upstream:
    """A table that texts read.

    A ``snapshot`` has all rows in the partition of each day, a ``daily`` table the rows of the day only, and a ``whole``
    one has no days. A ``view`` is not kept: its ``query`` is read in its place. ``day_column`` is the column by which a daily table was partitioned; it is the same day as ``ds``.
    """

    table: str
    form: Form
    day_column: str = ""
    day_is_text: bool = False
    query: str = ""

    def read(self, dialect: str, alias: str = "") -> str:
        """How a text reads what the other tool has in it on the run's day; with an alias where it needs one."""
        if self.form == "view":
            return f"(\n{self.query}\n)" + (f" AS {alias}" if alias else "")
        if self.form == "whole":
            return self.table + (f" AS {alias}" if alias and alias != self.table.rpartition(".")[2] else "")
        return self._select(dialect, f"ds {'=' if self.form == 'snapshot' else '<='} {TODAY}", alias)

    def read_past(self, dialect: str, alias: str = "") -> str:
        """How its own text reads what was in it before the run."""
        past = f"ds = {_YESTERDAY}" if self.form == "snapshot" else f"ds < {TODAY}"
        return self._select(dialect, past, alias)

    def _select(self, dialect: str, condition: str, alias: str) -> str:
        return f"({self._columns(dialect)} FROM {self.table} WHERE {condition})" + (f" AS {alias}" if alias else "")

    def _columns(self, dialect: str) -> str:
        """All columns but ours. The day's column is ``ds`` itself, so that conditions on it choose partitions."""
        if self.day_column.lower() == "ds":
            return "SELECT *"
        word = "EXCLUDE" if dialect in _EXCLUDES else "EXCEPT"
        day = "CAST(ds AS VARCHAR)" if self.day_is_text else "ds"
        replace = f" REPLACE ({day} AS {self.day_column})" if self.day_column else ""
        return f"SELECT * {word} (ds){replace}"


def table_name(schema: str, name: str) -> str:
    """``schema.table`` of words that ours may have; other characters become ``_``."""
    found = f"{_word(schema)}.{_word(name)}"
    try:
        return check_table(found)
    except RuleError:  # a schema that engines reserve
        return f"{_word(schema)}_.{_word(name)}"


def _word(text: str) -> str:
    return re.sub(r"\W", "_", unicodedata.normalize("NFC", text))[:100] or "_"
