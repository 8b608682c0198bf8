"""The names and macros that a template may use: Airflow's, and dbt's as dbt would run an incremental model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drawloom.model import Schedule
from drawloom.model import days as calendar
from drawloom.sql.template.unknown import VisibleUndefined
from drawloom.sql.template.weight import LimitError

if TYPE_CHECKING:
    from jinja2 import Template


def template_context(
    day: date, hour: int, schedule: Schedule, params: Mapping[str, Any] | None, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """All names for the run that fills this day (and hour, of an hourly schedule).

    ``ds`` and ``logical_date`` are the day that names the partition, the last one of its interval: midnight on the clock of
    the schedule's time zone. ``data_interval_*`` are moments in UTC, as Airflow gives them.
    """
    names = _airflow_names(day, hour, schedule) | _DBT_NAMES
    names["params"] = Params(params or {})
    names["this"] = This(extra["target"]) if extra.get("target") else VisibleUndefined(name="this")
    names["var"] = Variables(params or {})
    return names | {name: value for name, value in extra.items() if name != "target"}


@lru_cache(maxsize=4096)
def _airflow_names(day: date, hour: int, schedule: Schedule) -> dict[str, Any]:
    now = TemplateDateTime.of(day, hour, _zone(schedule.timezone))
    start, end, before, after = _interval_bounds(now, schedule)
    names: dict[str, Any] = {
        "logical_date": now,
        "execution_date": now,
        "data_interval_start": start,
        "data_interval_end": end,
        "prev_execution_date": before,
        "next_execution_date": after,
        "ts": now.isoformat(),
        "ts_nodash": now.strftime("%Y%m%dT%H%M%S"),
        "ts_nodash_with_tz": now.strftime("%Y%m%dT%H%M%S%z"),
        "macros": _MACROS,
        "run_id": f"scheduled__{now.isoformat()}",
    }
    one = timedelta(days=1)
    days = {"ds": now, "yesterday_ds": now - one, "tomorrow_ds": now + one, "prev_ds": before, "next_ds": after}
    for name, moment in days.items():
        names[name] = _iso_day(moment)
        names[f"{name}_nodash"] = names[name].replace("-", "")
    return names


def _interval_bounds(
    now: TemplateDateTime, schedule: Schedule
) -> tuple[TemplateDateTime, TemplateDateTime, TemplateDateTime, TemplateDateTime]:
    """First moment of the interval, the first after it, the run before and the run after."""
    if schedule.grain == "hour":
        after = now.add(hours=1)
        return _in_utc(now), _in_utc(after), now.subtract(hours=1), after
    first, last = schedule.interval(now.date())
    one = timedelta(days=1)
    next_last = schedule.interval(last + one)[1]
    start, end, before, after = (
        TemplateDateTime.of(day, now.hour, now.tzinfo) for day in (first, last + one, first - one, next_last)
    )
    return _in_utc(start), _in_utc(end), before, after


def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)


def _in_utc(moment: TemplateDateTime) -> TemplateDateTime:
    return moment if moment.tzinfo is UTC else TemplateDateTime.at(moment.astimezone(UTC))


def _iso_day(moment: date) -> str:
    return moment.isoformat()[:10]  # as strftime("%Y-%m-%d"), in a tenth of the time


def ds_add(ds: str, days: int) -> str:
    """A day as text, moved by a number of days."""
    return _moved_day(str(ds), days)


@lru_cache(maxsize=4096)
def _moved_day(ds: str, days: int) -> str:
    """Cached: a text is rendered for hundreds of days, and names each of them several times."""
    return _iso_day(datetime.strptime(ds, "%Y-%m-%d") + timedelta(days=days))


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """A day as text, from one format to another."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)


class Params(Mapping[str, Any]):
    """The user's params; an unknown name renders as ``__name__``."""

    def __init__(self, values: Mapping[str, Any], label: str = "params") -> None:
        self.values_ = dict(values)
        self.label_ = label

    def __getitem__(self, name: str) -> Any:
        return self.values_[name] if name in self.values_ else self._unknown(str(name))

    def _unknown(self, name: str) -> VisibleUndefined:
        return VisibleUndefined(hint=f"{self.label_}.{name}", name=name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("__", "jinja_")) or name in ("unsafe_callable", "alters_data"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Any:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or the default."""
        return self.values_.get(name, default)


class Variables(Params):
    """dbt's ``var('name', default)`` and Airflow's ``var.value.name``."""

    def __call__(self, name: str, default: Any = None) -> Any:
        """The variable, or the default."""
        found = self.values_.get(name, default)
        return VisibleUndefined(hint=f"var({name!r})", name=name) if found is None else found

    @property
    def value(self) -> Params:
        """Airflow's variables as text."""
        return Params(self.values_, "var.value")

    @property
    def json(self) -> Params:
        """Airflow's variables as data."""
        return Params(self.values_, "var.json")


class This(str):
    """dbt's ``this``: the table that the text fills, and the parts of its name."""

    __slots__ = ()

    @property
    def schema(self) -> str:
        """The schema, empty where the name has none."""
        return self.rpartition(".")[0]

    @property
    def table(self) -> str:
        """The name without the schema."""
        return self.rpartition(".")[2]

    name = identifier = table


def _ref(*names: str, **versions: Any) -> str:
    """dbt's ``ref('model')`` or ``ref('package', 'model')``; of a version, the table that dbt gives it: ``model_v2``."""
    version = versions.get("v", versions.get("version"))
    return str(names[-1]) if version is None else f"{names[-1]}_v{version}"


def _source(*names: str) -> str:
    return ".".join(names)


def _env_var(name: str, *_: Any) -> str:
    raise LimitError(f"env_var({name!r}) is not available: SQL must not depend on the machine; pass it as a param")


def add_macros(definitions: Template, names: Mapping[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The names with the macros of a template, which are added to ``known`` as well: there, those of packages are found.

    dbt's ``adapter.dispatch`` gives the default of a macro.
    """
    adapter = SimpleNamespace(dispatch=lambda name, _package="": known.get(f"default__{name}", known.get(name)))
    names = {**names, "adapter": adapter}
    exported = vars(definitions.make_module(names))
    known.update({name: value for name, value in exported.items() if callable(value) and not name.startswith("_")})
    return {**names, **known}


_UNITS: dict[str, calendar.Anchor] = {
    "day": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}


class TemplateDateTime(datetime):
    """A time, in UTC unless it was moved, with the pendulum methods that templates of Airflow call.

    >>> TemplateDateTime(2024, 3, 31).subtract(months=1).to_date_string()
    '2024-02-29'
    """

    @classmethod
    def of(cls, day: date, hour: int = 0, tz: Any = None) -> TemplateDateTime:
        """This hour of a day."""
        return cls(day.year, day.month, day.day, hour, tzinfo=tz)

    @classmethod
    def at(cls, moment: datetime) -> TemplateDateTime:
        """This moment, on the same clock."""
        clock = (*moment.timetuple()[:6], moment.microsecond)
        return cls(*clock, tzinfo=moment.tzinfo, fold=moment.fold)

    def add(
        self, years: int = 0, months: int = 0, weeks: int = 0, days: int = 0, hours: int = 0, **rest: int
    ) -> TemplateDateTime:
        """This much later; a month that is too short gives its last day."""
        moved = calendar.add_months(self.date(), years * 12 + months)
        later = self.replace(year=moved.year, month=moved.month, day=moved.day) + timedelta(weeks=weeks, days=days)
        step = timedelta(hours=hours, **rest)
        # Days are counted on the clock; hours pass, also where the clock is changed.
        if not step or not later.tzinfo:
            return later + step
        return TemplateDateTime.at((later.astimezone(UTC) + step).astimezone(later.tzinfo))

    def subtract(self, **parts: int) -> TemplateDateTime:
        """This much earlier."""
        return self.add(**{name: -amount for name, amount in parts.items()})

    def start_of(self, unit: str) -> TemplateDateTime:
        """The first moment of the day, week, month, quarter or year."""
        return TemplateDateTime.of(calendar.start_of(_UNITS[unit], self.date()), tz=self.tzinfo)

    def end_of(self, unit: str) -> TemplateDateTime:
        """The last second of the day, week, month, quarter or year."""
        step = {
            "day": {"days": 1},
            "week": {"days": 7},
            "month": {"months": 1},
            "quarter": {"months": 3},
            "year": {"years": 1},
        }
        return self.start_of(unit).add(**step[unit], seconds=-1)

    def to_date_string(self) -> str:
        """Like 2024-07-17."""
        return self.strftime("%Y-%m-%d")

    def to_datetime_string(self) -> str:
        """Like 2024-07-17 00:00:00."""
        return self.strftime("%Y-%m-%d %H:%M:%S")

    def format(self, pattern: str) -> str:
        """By pendulum's tokens: YYYY, MM, DD, HH, mm, ss."""
        for token, code in (("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")):
            pattern = pattern.replace(token, code)
        return self.strftime(pattern)

    def in_timezone(self, zone: str) -> TemplateDateTime:
        """The same moment on the clock of another time zone."""
        try:
            moment = self.astimezone(ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise LimitError(f"zone == {zone!r}, must be a time zone like UTC or Europe/Paris") from error
        return TemplateDateTime.at(moment)

    in_tz = in_timezone

    @property
    def day_of_week(self) -> int:
        """0 for Monday."""
        return self.weekday()


def relativedelta(**parts: int) -> Any:
    """dateutil's relativedelta, as far as templates use it: years, months, weeks and days, added to a date."""
    return _RelativeDelta({name: amount for name, amount in parts.items() if name.endswith("s")}, _fields_to_set(parts))


class _RelativeDelta:
    __slots__ = ("parts", "set")

    def __init__(self, parts: dict[str, int], exact: dict[str, int]) -> None:
        self.parts = parts
        self.set = exact

    def __radd__(self, day: date) -> Any:
        return self._add_to(day, 1)

    def __rsub__(self, day: date) -> Any:
        return self._add_to(day, -1)

    def _add_to(self, day: date, sign: int) -> Any:
        day = day.replace(**self.set)
        if isinstance(day, TemplateDateTime):
            return day.add(**{name: sign * amount for name, amount in self.parts.items()})
        moved = TemplateDateTime.of(day).add(**{name: sign * amount for name, amount in self.parts.items()})
        return datetime.combine(moved, day.timetz()) if isinstance(day, datetime) else moved.date()


def _fields_to_set(parts: dict[str, int]) -> dict[str, int]:
    return {name: amount for name, amount in parts.items() if name in ("day", "month", "year")}


_MACROS = SimpleNamespace(
    ds_add=ds_add,
    ds_format=ds_format,
    datetime=datetime,
    timedelta=timedelta,
    dateutil=SimpleNamespace(relativedelta=SimpleNamespace(relativedelta=relativedelta)),
)
_DBT_NAMES: dict[str, Any] = {
    "ref": _ref,
    "source": _source,
    "config": lambda *_, **__: "",
    "is_incremental": lambda: True,
    "env_var": _env_var,
    "execute": True,
    "log": lambda *_, **__: "",
    "modules": SimpleNamespace(datetime=SimpleNamespace(datetime=datetime, date=date, timedelta=timedelta)),
    "return": lambda value: value,
}
