"""The names a template may use: Airflow's, and dbt's as dbt would run a model every day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from drawloom.model import Schedule
from drawloom.sql.moment import Moment, relativedelta
from drawloom.sql.sandbox import LimitError, Visible


def context(
    day: date, hour: int, schedule: Schedule, params: Mapping[str, Any] | None, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """All names for the run that fills this day (and hour, of an hourly schedule).

    ``ds`` and ``logical_date`` are the day that names the partition, the last one of its interval.
    """
    names = _airflow(day, hour, schedule) | _DBT
    names["params"] = Params(params or {})
    names["this"] = extra.get("target") or Visible(name="this")
    names["var"] = Variables(params or {})
    return names | {name: value for name, value in extra.items() if name != "target"}


@lru_cache(maxsize=4096)
def _airflow(day: date, hour: int, schedule: Schedule) -> dict[str, Any]:
    now = Moment.of(day, hour, UTC)
    start, end, before, after = _interval(now, schedule)
    names: dict[str, Any] = {
        "logical_date": now,
        "execution_date": now,
        "data_interval_start": start,
        "data_interval_end": end,
        "prev_execution_date": before,
        "next_execution_date": after,
        "prev_data_interval_start_success": _interval(before, schedule)[0],
        "prev_data_interval_end_success": _interval(before, schedule)[1],
        "ts": now.isoformat(),
        "ts_nodash": now.strftime("%Y%m%dT%H%M%S"),
        "ts_nodash_with_tz": now.strftime("%Y%m%dT%H%M%S%z"),
        "macros": _MACROS,
        "run_id": f"scheduled__{now.isoformat()}",
    }
    one = timedelta(days=1)
    days = {"ds": now, "yesterday_ds": now - one, "tomorrow_ds": now + one, "prev_ds": before, "next_ds": after}
    for name, moment in days.items():
        names[name] = _dashed(moment)
        names[f"{name}_nodash"] = moment.strftime("%Y%m%d")
    return names


def _interval(now: Moment, schedule: Schedule) -> tuple[Moment, Moment, Moment, Moment]:
    """First moment of the interval, the first after it, the run before and the run after."""
    if schedule.grain == "hour":
        hour = timedelta(hours=1)
        return now, now + hour, now - hour, now + hour
    first, last = schedule.interval(now.date())
    one = timedelta(days=1)
    next_last = schedule.interval(last + one)[1]
    moments = (first, last + one, first - one, next_last)
    return tuple(Moment.of(day, now.hour, UTC) for day in moments)  # type: ignore[return-value]


def _dashed(moment: date) -> str:
    return moment.strftime("%Y-%m-%d")


def ds_add(ds: str, days: int) -> str:
    """A day as text, moved by a number of days."""
    return _dashed(datetime.strptime(str(ds), "%Y-%m-%d") + timedelta(days=days))


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """A day as text, from one format to another."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)


class Params(Mapping[str, Any]):
    """The values a user gave; those not given stay visible."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values_ = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self.values_[name] if name in self.values_ else Visible(name=str(name))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
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
        return Visible(name=name) if found is None else found

    @property
    def value(self) -> Params:
        """Airflow's variables as text."""
        return Params(self.values_)

    @property
    def json(self) -> Params:
        """Airflow's variables as data."""
        return Params(self.values_)


def _ref(*names: str, **_: Any) -> str:
    return str(names[-1])


def _source(*names: str) -> str:
    return ".".join(names)


def _env_var(name: str, *_: Any) -> str:
    raise LimitError(f"env_var({name!r}) is not available: SQL must not depend on the machine; pass it as a param")


_MACROS = SimpleNamespace(
    ds_add=ds_add,
    ds_format=ds_format,
    datetime=datetime,
    timedelta=timedelta,
    dateutil=SimpleNamespace(relativedelta=SimpleNamespace(relativedelta=relativedelta)),
)
_DBT: dict[str, Any] = {
    "ref": _ref,
    "source": _source,
    "config": lambda *_, **__: "",
    "is_incremental": lambda: True,
    "env_var": _env_var,
    "execute": False,
    "log": lambda *_, **__: "",
    "modules": SimpleNamespace(datetime=SimpleNamespace(datetime=datetime, date=date, timedelta=timedelta)),
    "return": lambda value: value,
}
