"""Values of a test, as SQL literals of the type of their column; what does not fit exactly is refused, never rounded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from drawloom.engines import quote
from drawloom.specs.validation import RuleError, did_you_mean

NULL = "NULL"
_WHOLE = {*(f"{sign}{name}" for sign in ("", "u") for name in ("tinyint", "smallint", "integer", "bigint", "hugeint"))}
_FLOATS = {"float", "double"}
_TIMES = {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"}
_ZONED = {"timestamp with time zone"}
_ZONE = re.compile(r"[\d:.]\s*(?:Z|UTC|[+-]\d\d(?::?\d\d)?)$")
_TIME = r"\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(rf"\d{{4}}-\d\d-\d\d(?:[ T]{_TIME})?(?:\s*(?:Z|UTC|[+-]\d\d(?::?\d\d)?))?")


def literal(value: Any, kind: Any, *, is_text: bool = False) -> str:
    """A SQL literal that DuckDB casts to the type; NULL for None.

    Args:
        value: as YAML or Python has it, or text.
        kind: DuckDB's type.
        is_text: whether all values are texts, as in CSV.

    Raises:
        RuleError: it does not fit.
    """
    if value is None:
        return NULL
    if is_text and kind.id in _NESTED:
        return quote.value(str(value))
    if kind.id in _NESTED:
        return _NESTED[kind.id](value, kind)
    return quote.value(_text(value, kind))


def cast(value: Any, kind: Any, *, is_text: bool = False) -> str:
    """As ``literal``, with the cast."""
    return f"CAST({literal(value, kind, is_text=is_text)} AS {kind})"


def _text(value: Any, kind: Any) -> str:
    """The text of a scalar."""
    if kind.id == "varchar" and str(kind) != "JSON":
        return _plain_text(value)
    if kind.id in _WHOLE:
        return _whole(value, kind)
    if kind.id == "decimal":
        return _decimal(value, kind)
    if kind.id in _FLOATS:
        return _float(value, kind)
    return _OTHER.get("json" if str(kind) == "JSON" else kind.id, _any)(value, kind)


def _plain_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if type(value) is date:
        return value.isoformat()  # a day is written in one way only
    raise RuleError("must be text", "Write it in quotes: YAML reads it as another kind of value.")


def _whole(value: Any, kind: Any) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value.strip())):
        return str(value).strip()
    raise RuleError(f"must be a whole number, as the column is {kind}")


def _decimal(value: Any, kind: Any) -> str:
    precision, scale = (number for _, number in kind.children)
    rule = f"must be a number with at most {precision - scale} digits before and {scale} behind the point, as the column is {kind}"
    try:
        found = None if isinstance(value, bool) else Decimal(repr(value) if isinstance(value, float) else str(value))
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite():
        raise RuleError(rule)
    digits, exponent = found.normalize().as_tuple().digits, found.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > scale or (found and len(digits) + exponent > precision - scale):
        raise RuleError(rule)
    return format(found, "f")


def _float(value: Any, kind: Any) -> str:
    try:
        if not isinstance(value, bool) and isinstance(value, int | float | Decimal | str):
            return repr(float(value))
    except (ValueError, OverflowError):
        pass
    raise RuleError(f"must be a number, as the column is {kind}")


def _boolean(value: Any, _: Any) -> str:
    text = str(value).lower()
    if isinstance(value, bool) or (isinstance(value, str) and text in {"true", "false"}):
        return text
    raise RuleError("must be true or false")


def _date(value: Any, _: Any) -> str:
    if type(value) is date:
        return value.isoformat()
    if isinstance(value, str) and _DATE.fullmatch(value):
        return value
    raise RuleError("must be a day like 2026-01-31")


def _moment(value: Any, kind: Any) -> str:
    text = value.isoformat(" ") if isinstance(value, datetime) else str(value)
    if not isinstance(value, date | str) or not _MOMENT.fullmatch(text):
        raise RuleError("must be a time like 2026-01-31 10:30:00")
    if kind.id in _TIMES and _ZONE.search(text) and not _DATE.fullmatch(text):
        raise RuleError(f"must be a time without a zone, as the column is {kind}")
    return text


def _time(value: Any, kind: Any) -> str:
    if isinstance(value, time) or (isinstance(value, str) and re.fullmatch(_TIME, value)):
        return str(value)
    fix = "Write it in quotes: YAML reads it as a number." if isinstance(value, int) else None
    raise RuleError(f"must be a time of day like 10:30:00, as the column is {kind}", fix)


def _blob(value: Any, _: Any) -> str:
    if isinstance(value, bytes):
        return "".join(f"\\x{byte:02X}" for byte in value)
    if isinstance(value, str):
        return value
    raise RuleError(r"must be text, with bytes like \xFF, or !!binary")


def _json(value: Any, _: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _any(value: Any, kind: Any) -> str:
    if isinstance(value, str | UUID) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return str(value)
    raise RuleError(f"must be a {kind}")


_OTHER: Mapping[str, Callable[[Any, Any], str]] = {
    "boolean": _boolean,
    "date": _date,
    "time": _time,
    "blob": _blob,
    "json": _json,
    **dict.fromkeys((*_TIMES, *_ZONED), _moment),
}


def _list(value: Any, kind: Any) -> str:
    if not isinstance(value, list | tuple):
        raise RuleError(f"must be a list like [a, b], as the column is {kind}")
    child = kind.children[0][1]
    items = [_inside(number, item, child) for number, item in enumerate(value)]
    return f"[{', '.join(items)}]"


def _struct(value: Any, kind: Any) -> str:
    names = [name for name, _ in kind.children]
    if not isinstance(value, Mapping):
        raise RuleError(f"must be a mapping of {', '.join(names)}, as the column is {kind}")
    for name in value:
        if name not in names:
            raise RuleError(f"must be one of {', '.join(names)}", did_you_mean(str(name), names), (str(name),))
    items = (f"{quote.name(name)} := {_inside(name, value.get(name), child)}" for name, child in kind.children)
    return f"struct_pack({', '.join(items)})"


def _map(value: Any, kind: Any) -> str:
    if not isinstance(value, Mapping):
        raise RuleError(f"must be a mapping like {{a: 1}}, as the column is {kind}")
    (_, key), (_, item) = kind.children
    keys = [_inside(name, name, key) for name in value]
    items = [_inside(name, one, item) for name, one in value.items()]
    return f"MAP {{{', '.join(f'{name}: {one}' for name, one in zip(keys, items, strict=True))}}}"


def _inside(key: str | int, value: Any, kind: Any) -> str:
    """The cast of a part of a value; an error has the key of the part."""
    try:
        return cast(value, kind)
    except RuleError as error:
        raise RuleError(str(error), error.fix, (key, *error.at)) from None


_NESTED: Mapping[str, Callable[[Any, Any], str]] = {"list": _list, "array": _list, "struct": _struct, "map": _map}


def plain(value: Any, kind: Any) -> Any:
    """A value that was fetched, as it is compared: maps as mappings, times without a zone of their own, JSON parsed."""
    if value is None:
        return None
    if kind.id in {"list", "array"}:
        return [plain(item, kind.children[0][1]) for item in value]
    if kind.id == "struct":
        return {name: plain(value.get(name), child) for name, child in kind.children}
    if kind.id == "map":
        pairs: Sequence[tuple[Any, Any]] = list(value.items()) if isinstance(value, Mapping) else value
        (_, key), (_, item) = kind.children
        return {plain(name, key): plain(one, item) for name, one in pairs}
    if isinstance(value, datetime) and kind.id in _TIMES:
        return value.replace(tzinfo=None)
    return json.loads(value) if str(kind) == "JSON" and isinstance(value, str) else value
