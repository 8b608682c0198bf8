"""The Python step that judges the series of a day by the days before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from drawloom.frameworks import sqlfiles
from drawloom.frameworks.anomalies.detectors import detect
from drawloom.frameworks.anomalies.explain import explain
from drawloom.frameworks.anomalies.feedback import Answers, SeriesKey
from drawloom.frameworks.anomalies.matrix import MARK, Matrix, fill_zeros, read_matrix, settings_of
from drawloom.frameworks.anomalies.tables import JUDGED
from drawloom.frameworks.anomalies.watch import DUPLICATES, ROWS
from drawloom.frameworks.arrow import rows_as_table
from drawloom.model import StepContext, digest

if TYPE_CHECKING:
    import pyarrow as pa

MOSTLY = 0.5  # the share of duplicates from which on a day was loaded twice
NUMBERS = ("expected", "lower", "upper", "score")
FLAGGED = ("open", "acknowledged")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of one series on the day. ``usual`` is what the value is compared with to say by how much it is off."""

    key: SeriesKey
    value: float | None
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    score: float | None = None
    kind: str = ""
    severity: str = ""
    status: str = "unjudged"
    usual: float | None = None


def judge(context: StepContext) -> pa.Table:
    """The rows of ``anomalies.<name>`` for the day of a run."""
    params = context.params
    answers = Answers(params["feedback"], context.ds)
    matrix = read_matrix(context, "slice = ''", ("table_name", "metric", "series"), params["history"])
    matrix = fill_zeros(matrix, {tuple(pair) for pair in params["additive"]})
    rows = [_answered(one, params, answers) for one in _judgements(matrix, params, context.ds, answers)]
    alerts = _alerts(context, rows)
    flagged = {row.key: (row.value or 0.0, row.expected or 0.0) for row in rows if row.status in FLAGGED}
    causes = explain(context, {key: pair for key, pair in flagged.items() if pair[0] != pair[1]})
    made = (_row(row, alerts.get(row.key[0]), context.ds, answers, causes) for row in rows)
    return rows_as_table(JUDGED, ({"spec": params["spec"], **row} for row in made))


def _judgements(matrix: Matrix, params: Mapping[str, Any], ds: date, answers: Answers) -> Iterator[Judgement]:
    """Of each series with a value on the day."""
    import numpy as np

    values = _usual(matrix, ds, answers)
    ruled = [n for n, key in enumerate(matrix.keys) if key[1] != MARK and not np.isnan(values[n, -1])]
    judged = [n for n in ruled if matrix.keys[n][1] != DUPLICATES]
    found = detect(params["detector"], values[judged], settings_of(params, ds))
    place = {n: at for at, n in enumerate(judged)}
    for number in ruled:
        key, value = _key(matrix.keys[number]), float(values[number, -1])
        at = place.get(number)
        one = Judgement(key, value)
        if at is not None and not np.isnan(found.score[at, 0]):
            expected, lower, upper, score = (_number(getattr(found, name)[at, 0]) for name in NUMBERS)
            kind = _kind(found.score[at, 0], bool(found.is_drift[at, 0]), upper == lower)
            usual = _same_weekdays(values[number]) if kind == "drift" else expected
            one = Judgement(key, value, expected, lower, upper, score, kind, status="fine", usual=usual)
        yield _ruled(one, values[number, :-1])


def _same_weekdays(values: Any) -> float | None:
    """The median of the same weekday in the eight weeks before the last day: what drifts moves its forecast along."""
    import numpy as np

    known = values[-8::-7][:8]
    known = known[~np.isnan(known)]
    return float(np.median(known)) if len(known) else None


def _usual(matrix: Matrix, ds: date, answers: Answers) -> Any:
    """The values, without earlier days of which somebody said that they were expected to be odd."""
    import numpy as np

    values = matrix.values.copy()
    last = values.shape[1] - 1
    for key in {tuple(key) for one in answers.said if one["verdict"] == "expected" for key in one["series"]}:
        for number in (n for n, known in enumerate(matrix.keys) if tuple(known) == key):
            for first, end in answers.expected_days(_key(key)):
                start = max(last - (ds - first).days, 0)
                values[number, start : max(min(last - (ds - end).days + 1, last), start)] = np.nan
    return values


def _ruled(one: Judgement, history: Any) -> Judgement:
    """What rules say, which need no statistics: no row at all, and every row twice."""
    import numpy as np

    known = history[~np.isnan(history)][-28:]
    middle = float(np.median(known)) if len(known) else None
    if one.key[1] == ROWS and not one.key[2] and one.value == 0 and middle != 0:
        return replace(one, kind="empty", severity="error", expected=one.expected or middle)
    if one.key[1] == DUPLICATES:
        is_twice = (one.value or 0) >= MOSTLY and (middle is None or middle < MOSTLY / 2)
        return replace(
            one, kind="loaded twice" if is_twice else "", severity="error" if is_twice else "", status="fine"
        )
    return one


def _answered(one: Judgement, params: Mapping[str, Any], answers: Answers) -> Judgement:
    """With severity and status, by thresholds, directions, and what people said."""
    if one.severity != "error":  # rules are errors already
        one = replace(one, severity=_severity(one, params, answers))
    if not one.severity:
        return replace(one, kind="")
    said = answers.verdict(one.key)
    if said:
        return replace(one, status=said)
    is_muted = answers.is_muted(one.key) or any(
        fnmatchcase(one.key[0], table) and fnmatchcase(one.key[1], metric) and answers.day <= date.fromisoformat(until)
        for table, metric, until, _ in params["mute"]
    )
    return replace(one, status="muted" if is_muted else "open")


def _severity(one: Judgement, params: Mapping[str, Any], answers: Answers) -> str:
    if one.score is None:
        return ""
    way = _direction(params["direction"], one.key[1])
    if (way == "up" and one.score < 0) or (way == "down" and one.score > 0) or not _is_large(one, params):
        return ""
    size, factor = abs(one.score), answers.factor(one.key)
    if size <= params["warn"] * factor:
        return ""
    return "error" if size >= params["error"] * factor else "warn"


def _is_large(one: Judgement, params: Mapping[str, Any]) -> bool:
    """Whether a value is far enough from what is usual to matter, where anything is usual."""
    relative, absolute = params.get("min_change", (0, 0))
    if one.usual is None or one.value is None:
        return True
    off = abs(one.value - one.usual)
    return bool(off >= absolute and off >= relative * abs(one.usual))


def _direction(direction: str | Sequence[Sequence[str]], metric: str) -> str:
    if isinstance(direction, str):
        return direction
    names = (metric, metric.rpartition(".")[2])
    return next((way for pattern, way in direction if any(fnmatchcase(one, pattern) for one in names)), "both")


def _kind(score: float, is_drift: bool, was_constant: bool) -> str:
    if is_drift:
        return "drift"
    if was_constant:
        return "change"
    return "spike" if score > 0 else "drop"


def _alerts(context: StepContext, rows: Sequence[Judgement]) -> dict[str, tuple[str, date]]:
    """The alert of each table with an open series, and its first day: that of the days before, or a new one."""
    tables = sorted({row.key[0] for row in rows if row.status == "open"})
    if not tables:
        return {}
    own = sqlfiles.quote_table(context.params["table"])
    query = f"SELECT table_name, alert, first_seen, ds FROM {own} WHERE alert IS NOT NULL AND ds < DATE '{context.ds}'"
    before: dict[str, tuple[str, date]] = {}
    for row in sorted(context.query(query).to_pylist(), key=lambda row: (row["ds"], row["alert"])):
        before[row["table_name"]] = (row["alert"], row["first_seen"])
    new = {table: digest([context.params["spec"], table, context.ds.isoformat()])[:8] for table in tables}
    return {table: before.get(table, (new[table], context.ds)) for table in tables}


def _row(
    one: Judgement, alert: tuple[str, date] | None, ds: date, answers: Answers, causes: Mapping[SeriesKey, str]
) -> dict[str, Any]:
    is_open = one.status == "open" and alert is not None
    acknowledged = is_open and alert is not None and alert[0] in answers.acknowledged
    return {
        **dict(zip(("table_name", "metric", "series"), one.key, strict=True)),
        **{name: getattr(one, name) for name in ("value", "expected", "lower", "upper", "score", "kind", "severity")},
        "status": "acknowledged" if acknowledged else one.status,
        "alert": alert[0] if is_open and alert else None,
        "first_seen": alert[1] if is_open and alert else None,
        "last_seen": ds if is_open else None,
        "explanation": causes.get(one.key),
    }


def _key(key: Sequence[str]) -> SeriesKey:
    return key[0], key[1], key[2]


def _number(value: float) -> float | None:
    import math

    return float(value) if math.isfinite(value) else None
