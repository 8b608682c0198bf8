"""Waiting for partitions in the triggerer: all waits for one table look at it together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Hashable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from drawloom.run.watch import Landed


class PartitionTrigger(BaseEventTrigger):
    """Fires when these days of a table have landed.

    Airflow runs one poll for all triggers of an equal ``shared_stream_key``: a thousand waits for a table look at its
    folder once an interval.

    Args:
        root: the project's folder.
        settings: the project's settings as JSON, with ``${NAME}`` as written: values come from the environment.
        table: the table to look at.
        days: ISO days; None for a table without days.
        interval: seconds between two looks.
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
        """How the triggerer makes it anew."""
        kwargs = {key: getattr(self, key) for key in ("root", "settings", "table", "days", "interval")}
        return f"{type(self).__module__}.{type(self).__qualname__}", kwargs

    def shared_stream_key(self) -> Hashable:
        """Equal for all that look at the same table, in the same place and way."""
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
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Landed]:
        """What has landed of the table, once an interval."""
        from drawloom.run.settings import Settings
        from drawloom.run.watch import look

        settings = Settings.from_json(kwargs["settings"], Path(kwargs["root"]))
        while True:
            yield await asyncio.to_thread(look, settings, kwargs["table"])
            await asyncio.sleep(kwargs["interval"])

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """One event, when its own days are there."""
        wanted = [date.fromisoformat(day) if day else None for day in self.days]
        async for landed in shared_stream:
            if not landed.missing(wanted):
                yield TriggerEvent({"table": self.table, "days": self.days})  # type: ignore[no-untyped-call]
                return

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """The same with a poll of its own, where nothing is shared."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event
