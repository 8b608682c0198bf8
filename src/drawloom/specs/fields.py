"""Field types that specs share (days, tables, schedules, durations, ...) and their validation rules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema

from drawloom.model import Days, Schedule
from drawloom.specs.validation import RuleError, did_you_mean

_RESERVED = frozenset({"information_schema", "pg_catalog", "system", "temp"})
_DAY_RULE = "must be a day like 2026-01-31"
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_FOREVER = re.compile(r"forever:\s*(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Forever:
    """A schedule without an end, and the reason why it needs none."""

    reason: str


def as_day(value: object) -> object:
    """A date from a date or its ISO text."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise RuleError(_DAY_RULE) from None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise RuleError(_DAY_RULE)
    return value


def as_until(value: object) -> object:
    """A date, or Forever from ``{forever: reason}`` or ``"forever: reason"``."""
    rule = f"{_DAY_RULE}, or `forever: <reason>`"
    if isinstance(value, Forever):
        return value
    if isinstance(value, Mapping):
        reason = value.get("forever")
        if set(value) != {"forever"} or not isinstance(reason, str) or not reason.strip():
            raise RuleError(rule, "Say in a few words why it never ends.")
        return Forever(reason.strip())
    if isinstance(value, str) and (found := _FOREVER.fullmatch(value.strip())):
        return Forever(found[1].strip())
    if isinstance(value, str) and value.strip().startswith("forever"):
        raise RuleError(rule, "Say in a few words why it never ends.")
    try:
        return as_day(value)
    except RuleError:
        raise RuleError(rule) from None


def as_lateness(value: object) -> object:
    """A timedelta from ``1d``, ``6h`` or ``30m``."""
    if isinstance(value, timedelta) and value >= timedelta():
        return value
    found = re.fullmatch(r"(\d{1,4})([dhm])", value) if isinstance(value, str) else None
    if not found:
        raise RuleError("must be days, hours or minutes like 1d, 6h or 30m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def check_duration(value: timedelta) -> timedelta:
    """A duration longer than zero."""
    if not value:
        raise RuleError("must be longer than zero, like 6h or 1d")
    return value


def check_alert(value: str) -> str:
    """An email address, ``slack:#channel``, or ``webhook:`` and the name of a connection; never a URL, which may hold a secret."""
    if re.fullmatch(r"[^@\s:/]+@[^@\s:/]+", value) or re.fullmatch(r"slack:#\S+|webhook:[\w.-]+", value):
        return value
    raise RuleError(
        "must be an email address, slack:#channel, or webhook:connection", "Keep URLs and tokens in the connection."
    )


def as_keep(value: object) -> object:
    """A number of days from ``90d``, None from ``forever``."""
    if value is None or value == "forever":
        return None
    found = re.fullmatch(r"([1-9]\d{0,4})d", value) if isinstance(value, str) else None
    if found:
        return int(found[1])
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000:
        return value
    raise RuleError("must be a number of days like 90d, or forever")


def check_word(value: str) -> str:
    """A name of letters, digits and _ in any script."""
    name = unicodedata.normalize("NFC", value)
    if not re.fullmatch(r"\w+(?:[.-]\w+)*", name) or len(name.encode()) > 120:
        raise RuleError("must be a name of letters, digits, _, - and .")
    return name


def check_tags(value: tuple[str, ...]) -> tuple[str, ...]:
    """Tags, each once."""
    twice = next((tag for n, tag in enumerate(value) if tag in value[:n]), None)
    if twice:
        raise RuleError(f"must have each tag once, not {twice} twice")
    return value


def check_table(value: str) -> str:
    """``schema.table``, each a word that is safe as the name of a folder. Spelling is kept, case does not matter."""
    name = unicodedata.normalize("NFC", value)
    parts = name.split(".")
    if len(parts) != 2 or not all(re.fullmatch(r"\w+", part) and len(part.encode()) <= 120 for part in parts):
        raise RuleError("must be schema.table, each a word of letters, digits and _", "Like core.rides.")
    if parts[0].lower() in _RESERVED:
        raise RuleError(f"must not be in the schema {parts[0]}, which engines reserve")
    return name


def check_schedule(value: str) -> str:
    """A text that ``Schedule.parse`` accepts."""
    try:
        Schedule.parse(value)
    except ValueError:
        offer = did_you_mean(value, ["@daily", "@weekly", "@monthly"])
        rule = (
            "must be @daily, @weekly, @monthly or a cron, minute (0-59) hour (0-23) day month weekday (0-7), "
            "that runs once a day, a week or a month (on the 1st)"
        )
        raise RuleError(rule, offer) from None
    return value


MOST_DAYS = 36_525  # a hundred years


def as_days(value: object) -> object:
    """The text of Days from ``-6..0``, ``-1`` or a number."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    try:
        days = Days.parse(text) if isinstance(text, str) else Days()
    except ValueError:
        days = Days()
    if any(abs(end) > MOST_DAYS for span in days.spans for end in span if end is not None):
        raise RuleError(f"must be at most {MOST_DAYS} days away", "Write * for an open end, like *..0.")
    if not days:
        raise RuleError("must be days like -6..0, -1 or *..0, counted from the day that is filled")
    return str(days)


def as_wait(value: object) -> object:
    """The text of Days, or ``none``."""
    return value if value == "none" else as_days(value)


def check_function(value: Callable[..., object]) -> Callable[..., object]:
    """A function that other processes can find by the name of its module and its own."""
    if "<" in getattr(value, "__qualname__", "<") or not getattr(value, "__module__", None):
        raise RuleError("must be a function defined at the top of a module", "Give it a name with def.")
    return value


def as_plain_value(value: object) -> object:
    """A value that prints the same everywhere: text, number, true or false, day, or a list or mapping of those."""
    if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and value - value == 0):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, list | tuple):
        return [as_plain_value(item) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: as_plain_value(item) for key, item in value.items()}
    raise RuleError("must be text, a finite number, true, false, a day, or a list or mapping of those")


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


def _before(rule: Callable[[object], object]) -> BeforeValidator:
    return BeforeValidator(rule)


_UNTIL_SCHEMA = {
    "anyOf": [
        {"type": "string", "format": "date"},
        {"type": "string", "pattern": r"^forever:\s*\S"},
        {
            "type": "object",
            "properties": {"forever": {"type": "string"}},
            "required": ["forever"],
            "additionalProperties": False,
        },
    ]
}
_DAYS_SCHEMA = {"anyOf": [{"type": "integer"}, {"type": "string", "examples": ["-6..0", "-1", "*..0"]}]}
_KEEP_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^(\d+d|forever)$"}]}

Day = Annotated[date, _before(as_day)]
Until = Annotated[date | Forever, _before(as_until), _schema(**_UNTIL_SCHEMA)]
Lateness = Annotated[timedelta, _before(as_lateness), _schema(type="string", pattern=r"^\d+[dhm]$")]
Duration = Annotated[
    timedelta, _before(as_lateness), AfterValidator(check_duration), _schema(type="string", pattern=r"^\d+[dhm]$")
]
Alerts = Annotated[tuple[Annotated[str, AfterValidator(check_alert)], ...], Strict(strict=False)]
Keep = Annotated[int | None, _before(as_keep), _schema(**_KEEP_SCHEMA)]
Word = Annotated[str, AfterValidator(check_word)]
Tags = Annotated[tuple[Annotated[Word, Field(max_length=100)], ...], Strict(strict=False), AfterValidator(check_tags)]
TableName = Annotated[str, AfterValidator(check_table)]
ScheduleText = Annotated[str, AfterValidator(check_schedule)]
DaysText = Annotated[str, _before(as_days), _schema(**_DAYS_SCHEMA)]
WaitText = Annotated[str, _before(as_wait), _schema(**_DAYS_SCHEMA)]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], Strict(strict=False)]
Plain = Annotated[Any, _before(as_plain_value)]
