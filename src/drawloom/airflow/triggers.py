"""The trigger that waits for partitions. All waits for one table share one poll."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Hashable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from drawloom.run.landing_probe import LandedDays


class PartitionTrigger(BaseEventTrigger):
    """Fires when these days of a table have landed.

    Airflow runs one poll for all triggers with the same ``shared_stream_key``: a thousand waits for a table list its
    folder once per interval.

    Args:
        root: the project's folder.
        settings: the project's settings as JSON. ``${NAME}`` stays as it is; the value comes from the environment.
        table: the table to wait for.
        days: ISO days; None for a table without days.
        interval: seconds between two polls.
    """

    supports_triggerer_queue = True

    def __init__(
        self, root: str, settings: dict[str, Any], table: str, days: Sequence[str | None], interval: float
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.root = root
        self.settings = settings
        self.table = table
        self.days = list(days)
        self.interval = interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class path and arguments that the triggerer creates it from."""
        kwargs = {key: getattr(self, key) for key in ("root", "settings", "table", "days", "interval")}
        return f"{type(self).__module__}.{type(self).__qualname__}", kwargs

    def shared_stream_key(self) -> Hashable:
        """Equal for all triggers that poll the same table in the same place at the same interval."""
        source = json.dumps(self.settings["sources"].get(self.table), sort_keys=True)
        return (
            "drawloom",
            self.root,
            self.settings["lake"],
            self.settings["timezone"],
            source,
            self.table,
            self.interval,
        )

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[LandedDays]:
        """Polls the table once per interval and yields what has landed."""
        from drawloom.run.landing_probe import probe
        from drawloom.run.settings import Settings

        settings = Settings.from_json(kwargs["settings"], Path(kwargs["root"]))
        while True:
            yield await asyncio.to_thread(probe, settings, kwargs["table"])
            await asyncio.sleep(kwargs["interval"])

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Yields one event when the days of this trigger have landed."""
        days = [date.fromisoformat(day) if day else None for day in self.days]
        async for landed in shared_stream:
            if not landed.missing(days):
                yield TriggerEvent({"table": self.table, "days": self.days})  # type: ignore[no-untyped-call]
                return

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """The same with a poll of its own, for triggerers that do not share streams."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event
