"""SQL of frameworks: templates in ``.sql`` files, rendered with a spec's values when it is compiled.

Their expressions are in ``[[ ]]`` and ``[% %]``, so that ``{{ ds }}`` is left for the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from drawloom.model.table import Constant


def render_sql(file: Path, **values: Any) -> str:
    """The text of a ``.sql`` file with these values; other files of its folder can be imported in it."""
    text = _environment(file.parent).get_template(file.name).render(**values)
    return re.sub(r"\n\s*\n+", "\n", text).strip() + "\n"


def fill_day(sql: str, day: date) -> str:
    """The query of a day, out of the text of a step: for a page, whose queries are no templates."""
    return _sql_environment().from_string(sql).render(ds=day.isoformat())


def quote_name(text: str) -> str:
    """A quoted identifier, safe in a template."""
    from sqlglot import exp

    return escape_braces(exp.to_identifier(text, quoted=True).sql("duckdb"))


def quote_table(text: str) -> str:
    """A quoted table name, safe in a template."""
    return ".".join(map(quote_name, text.split(".")))


def quote_value(text: str) -> str:
    """A string literal, safe in a template."""
    from sqlglot import exp

    return escape_braces(exp.Literal.string(text).sql("duckdb"))


def quote_literal(constant: Constant) -> str:
    """A constant as a literal of its type, safe in a template."""
    if isinstance(constant, str):
        return quote_value(constant)
    if isinstance(constant, date):
        return f"DATE '{constant.isoformat()}'"
    from sqlglot import exp

    return exp.convert(constant).sql("duckdb")


def quote_names(texts: Iterable[str], prefix: str = "") -> str:
    """Quoted identifiers, separated by commas."""
    return ", ".join(prefix + quote_name(text) for text in texts)


def escape_braces(sql: str) -> str:
    """The SQL as a template that renders to it: braces in names and values are escaped."""
    return re.sub(r"\{(?=[{%#])", "{{ '{' }}", sql)


class _Cache(FileSystemBytecodeCache):
    """Compiled templates, kept between processes where they can be written."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def _cache() -> BytecodeCache | None:
    try:
        return _Cache()
    except (OSError, RuntimeError):  # no folder of temporary files, or not one of ours
        return None


@lru_cache
def _sql_environment() -> Environment:
    return Environment(undefined=StrictUndefined)  # noqa: S701 - this is SQL


@lru_cache
def _environment(folder: Path) -> Environment:
    return Environment(  # noqa: S701 - this is SQL; names and values are quoted by sqlglot
        loader=FileSystemLoader(folder),
        bytecode_cache=_cache(),
        undefined=StrictUndefined,
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
    )
