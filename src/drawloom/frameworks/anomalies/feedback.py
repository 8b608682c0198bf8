"""What people said of alerts: one line of JSON each, in ``feedback/<name>.jsonl`` of the project."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from drawloom.model import Where, refuse

FOLDER = "feedback"
Verdict = Literal["ack", "mute", "expected", "wrong"]
VERDICTS: Mapping[str, str] = {
    "ack": "somebody looks after it: its status is acknowledged",
    "mute": "nobody is told of its series until a day",
    "expected": "its days were expected: they count for no history of its series",
    "wrong": "nothing was odd: its series must be a quarter further off from now on, at most twice as far",
}
SeriesKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said of an alert.

    Args:
        alert: its id.
        verdict: one of ``VERDICTS``.
        first: the first flagged day.
        last: the last flagged day when it was said.
        series: its flagged series: table, metric, series.
        until: of mute: the last day.
        reason: why.
        by: who said it.
    """

    alert: str
    verdict: str
    first: str
    last: str
    series: tuple[SeriesKey, ...]
    until: str = ""
    reason: str = ""
    by: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Feedback:
        """Out of what a line of the file holds."""
        series = tuple((str(table), str(metric), str(name)) for table, metric, name in row["series"])
        texts = {name: str(row.get(name) or "") for name in ("until", "reason", "by")}
        found = cls(str(row["alert"]), row["verdict"], str(row["first"]), str(row["last"]), series, **texts)
        if found.verdict not in VERDICTS:
            raise ValueError(f"verdict == {found.verdict}, must be one of {', '.join(VERDICTS)}")
        for day in filter(None, (found.first, found.last, found.until)):
            date.fromisoformat(day)
        return found


def feedback_file(folder: Path, name: str) -> Path:
    """The file of a spec."""
    return folder / FOLDER / f"{name}.jsonl"


def read_feedback(folder: Path | None, name: str) -> list[dict[str, Any]]:
    """All that was said, in its order.

    Raises:
        InputError: a line is not what ``drawloom anomalies`` writes.
    """
    file = feedback_file(folder, name) if folder else None
    if file is None or not file.is_file():
        return []
    return [{**asdict(one), "series": [list(key) for key in one.series]} for one in _lines(file)]


def _lines(file: Path) -> Iterator[Feedback]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield Feedback.of(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            message = (
                f"line == {line[:80]!r}, must be what `drawloom anomalies` writes: {type(error).__name__}: {error}."
            )
            place = Where(str(Path(FOLDER) / file.name), number)
            raise refuse("bad-feedback", message, place, "Delete the line, and say it again.") from error


def add_feedback(folder: Path, name: str, said: Feedback) -> Path:
    """Append what somebody said of an alert; the file."""
    file = feedback_file(folder, name)
    file.parent.mkdir(exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(said), ensure_ascii=False) + "\n")
    return file


@dataclass(frozen=True, slots=True)
class Answers:
    """What feedback means on a day: the state of series, and of alerts."""

    said: Sequence[Mapping[str, Any]]
    day: date

    def factor(self, key: SeriesKey) -> float:
        """How many times further off a series must be than others."""
        wrong = [one for one in self._of(key, "wrong") if date.fromisoformat(one["last"]) < self.day]
        return float(min(1.25 ** len(wrong), 2.0))

    def is_muted(self, key: SeriesKey) -> bool:
        """Whether nobody is told of a series."""
        ends = ((one["first"], one["until"]) for one in self._of(key, "mute"))
        return any(
            date.fromisoformat(first) <= self.day <= (date.fromisoformat(until) if until else date.max)
            for first, until in ends
        )

    def verdict(self, key: SeriesKey) -> str:
        """``expected`` or ``wrong``, where that was said of this day of a series."""
        day = self.day.isoformat()
        for verdict in ("expected", "wrong"):
            if any(one["first"] <= day <= one["last"] for one in self._of(key, verdict)):
                return verdict
        return ""

    def expected_days(self, key: SeriesKey) -> list[tuple[date, date]]:
        """The spans of earlier days that were expected, and are no history."""
        spans = ((date.fromisoformat(o["first"]), date.fromisoformat(o["last"])) for o in self._of(key, "expected"))
        return [(first, last) for first, last in spans if first < self.day]

    @property
    def acknowledged(self) -> set[str]:
        """The alerts that somebody looks after."""
        return {one["alert"] for one in self.said if one["verdict"] == "ack"}

    def _of(self, key: SeriesKey, verdict: str) -> list[Mapping[str, Any]]:
        return [one for one in self.said if one["verdict"] == verdict and list(key) in one["series"]]
