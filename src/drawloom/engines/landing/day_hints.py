"""Which expression gives the day of values that are not days as DuckDB reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

_DATES = (
    "%Y%m%d", "%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%Y/%m/%d", "%Y.%m.%d", "%d-%m-%Y",
    "%m-%d-%Y", "%d/%b/%Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%a %b %d %Y", "%a, %d %b %Y",
)  # fmt: skip
_TIMES = (
    "",
    " %H:%M",
    " %H:%M:%S",
    "T%H:%M:%S",
    " %H:%M:%S.%f",
    " %I:%M %p",
    " %I:%M:%S %p",
    " %H:%M:%S %z",
    ":%H:%M:%S %z",
    " %H:%M:%S GMT",
)
FORMATS = tuple(day + time for day in _DATES for time in _TIMES)
_EPOCHS = {10: "to_timestamp({})", 13: "epoch_ms({})", 16: "make_timestamp({})"}  # by the number of digits


def text_hint(expression: str, values: Iterable[str]) -> str:
    """What to write for texts that DuckDB does not read as days; empty where no format fits all of them."""
    texts = {value.strip() for value in values}
    if not texts:
        return ""
    fitting = [form for form in FORMATS if all(_parses(text, form) for text in texts)]
    if not fitting:
        return _epoch_hint(f"CAST({expression} AS BIGINT)", texts)
    found = " or ".join(f"strptime({expression}, '{form}')" for form in fitting[:2])
    return f'Try --ds "{found.replace(" or ", chr(34) + " or --ds " + chr(34))}".'


def number_hint(expression: str, values: Iterable[int]) -> str:
    """What to write for numbers: days as digits, or seconds, milliseconds or microseconds since 1970."""
    texts = {str(value) for value in values}
    if texts and all(_parses(text, "%Y%m%d") and len(text) == 8 for text in texts):
        return f"Try --ds \"strptime(CAST({expression} AS VARCHAR), '%Y%m%d')\"."
    return _epoch_hint(expression, texts)


def _epoch_hint(expression: str, texts: Collection[str]) -> str:
    lengths = {len(text) for text in texts if text.isdigit()}
    if len(lengths) != 1 or not all(text.isdigit() for text in texts):
        return ""
    form = _EPOCHS.get(lengths.pop())
    return f'Try --ds "{form.format(expression)}".' if form else ""


def _parses(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True
