"""Random constant expressions in DuckDB's words, with NULLs, times, fractions and zones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Pick = Callable[[Sequence[Any]], Any]

DAYS = ("2024-02-15", "2024-02-29", "2024-12-30", "2025-01-01", "2023-03-31", "2019-6-5")
TIMES = ("00:00:00", "10:00:00", "9:05", "24:00:00", "23:59:59.999", "00:00:00.001", "12:30:00Z", "01:00:00+05")
TEXTS = ("'2024-02-15'", "'20240215'", "'a-b-c'", "' x '", "''", "'2024-02'", "'7'", "'Ab'", "'ß'", "NULL")


class RandomConstants:
    """Generates expressions of a kind: a day, a time, a text, a number or a truth value."""

    def __init__(self, pick: Pick) -> None:
        self.pick = pick

    def any(self, depth: int) -> str:
        return str(getattr(self, self.pick(("day", "time", "text", "number", "truth")))(depth))

    def one(self, options: Sequence[Callable[[], str]]) -> str:
        return str(self.pick(options)())

    def day(self, depth: int) -> str:
        plain = (
            lambda: f"DATE '{self.pick(DAYS)}'",
            lambda: f"CAST('{self.pick(DAYS)} {self.pick(TIMES)}' AS DATE)",
            lambda: "CAST(NULL AS DATE)",
        )
        if depth <= 0:
            return self.one((plain[0],) * 4 + plain)
        d = depth - 1
        return self.one(
            (
                *plain,
                lambda: f"CAST({self.time(d)} AS DATE)",
                lambda: f"CAST({self.text(d)} AS DATE)",
                lambda: f"({self.day(d)} {self.pick('+-')} {self.number(0)})",
                lambda: f"last_day({self.one((lambda: self.day(d), lambda: self.time(d)))})",
                lambda: f"{self.extreme()}({self.day(d)}, {self.day(d)})",
                lambda: self.choice(d, self.day),
                lambda: f"make_date(2024, {self.number(0)}, {self.number(0)})",
            )
        )

    def time(self, depth: int) -> str:
        plain = (
            lambda: f"TIMESTAMP '{self.pick(DAYS)} {self.pick(TIMES)}'",
            lambda: f"TIMESTAMPTZ '{self.pick(DAYS)} 01:00:00 {self.pick(('Asia/Tokyo', 'UTC', '-07:00', '+0530'))}'",
        )
        if depth <= 0:
            return self.one((plain[0],) * 4 + plain)
        d = depth - 1
        unit = self.pick(("day", "week", "month", "quarter", "year", "isoyear", "hour", "minute", "second"))
        return self.one(
            (
                *plain,
                lambda: f"CAST({self.day(d)} AS TIMESTAMP)",
                lambda: f"CAST({self.text(d)} AS TIMESTAMP)",
                lambda: f"date_trunc('{unit}', {self.one((lambda: self.day(d), lambda: self.time(d)))})",
                lambda: f"({self.day(d)} {self.pick('+-')} {self.interval()})",
                lambda: f"({self.time(d)} {self.pick('+-')} {self.interval()})",
                lambda: f"strptime({self.text(d)}, {self.pattern()})",
                lambda: f"{self.extreme()}({self.day(d)}, {self.time(d)})",
                lambda: self.choice(d, self.time),
            )
        )

    def text(self, depth: int) -> str:
        plain = (lambda: self.pick(TEXTS), lambda: f"'{self.pick(DAYS)}'")
        if depth <= 0:
            return self.one(plain)
        d = depth - 1
        flag = self.pick(("", ", 'g'"))
        return self.one(
            (
                *plain,
                lambda: f"strftime({self.day(d)}, {self.pattern()})",
                lambda: f"strftime({self.time(d)}, {self.pattern()})",
                lambda: f"CAST({self.day(d)} AS VARCHAR)",
                lambda: f"CAST({self.time(d)} AS VARCHAR)",
                lambda: f"concat({self.text(d)}, {self.text(d)})",
                lambda: f"concat_ws('-', {self.text(d)}, {self.text(d)})",
                lambda: f"({self.text(d)} || {self.text(d)})",
                lambda: f"regexp_replace({self.text(d)}, '-', ''{flag})",
                lambda: f"replace({self.text(d)}, '-', '')",
                lambda: f"{self.pick(('upper', 'lower', 'trim', 'ltrim', 'rtrim'))}({self.text(d)})",
                lambda: f"substr({self.text(d)}, {self.number(0)}, {self.number(0)})",
                lambda: f"{self.pick(('left', 'right'))}({self.text(d)}, {self.number(0)})",
                lambda: f"{self.extreme()}({self.text(d)}, {self.text(d)})",
                lambda: f"nullif({self.text(d)}, {self.text(d)})",
                lambda: self.choice(d, self.text),
            )
        )

    def number(self, depth: int) -> str:
        if depth <= 0:
            return str(self.pick(("0", "1", "2", "7", "12", "40", "-1", "NULL::INT")))
        d = depth - 1
        part = self.pick(("dow", "doy", "isodow", "isoyear", "day", "month", "year", "quarter"))
        name = self.pick(("weekday", "dayofweek", "isodow", "day", "month", "year", "quarter", "dayofyear"))
        return self.one(
            (
                lambda: f"{name}({self.one((lambda: self.day(d), lambda: self.time(d)))})",
                lambda: f"extract({part} FROM {self.day(d)})",
                lambda: f"date_diff('day', {self.day(d)}, {self.time(d)})",
                lambda: f"({self.day(d)} - {self.day(d)})",
                lambda: f"({self.number(d)} {self.pick(('+', '-', '*'))} {self.number(d)})",
                lambda: f"({self.number(d)} {self.pick(('%', '//'))} {self.pick(('3', '7', '0'))})",
                lambda: f"CAST({self.text(d)} AS INT)",
                lambda: f"nullif({self.number(d)}, {self.number(d)})",
                lambda: f"{self.extreme()}({self.number(d)}, {self.number(0)})",
                lambda: self.choice(d, self.number),
            )
        )

    def truth(self, depth: int) -> str:
        if depth <= 0:
            return str(self.pick(("TRUE", "FALSE", "NULL::BOOLEAN", "1 = 1")))
        d = depth - 1
        compare = self.pick(("=", "<", "<=", ">", ">=", "<>"))
        kind = self.pick((self.day, self.time, self.text, self.number))
        other = self.pick((kind, kind, self.day, self.time, self.text))
        return self.one(
            (
                lambda: f"({kind(d)} {compare} {other(d)})",
                lambda: f"({kind(d)} {compare} {other(d)})",
                lambda: f"({kind(d)} BETWEEN {kind(d)} AND {other(d)})",
                lambda: f"({kind(d)} {self.pick(('IN', 'NOT IN'))} ({kind(d)}, {other(d)}))",
                lambda: f"({kind(d)} IS {self.pick(('NULL', 'NOT NULL'))})",
                lambda: f"(({self.truth(d)}) IS {self.pick(('TRUE', 'NOT FALSE', 'NOT NULL'))})",
                lambda: f"(NOT {self.truth(d)})",
                lambda: f"({self.truth(d)} {self.pick(('AND', 'OR'))} {self.truth(d)})",
            )
        )

    def interval(self) -> str:
        return str(
            self.pick(
                (
                    "INTERVAL 1 DAY",
                    "INTERVAL '3' DAY",
                    "INTERVAL '2 weeks'",
                    "INTERVAL 1 MONTH",
                    "INTERVAL 5 HOUR",
                    "INTERVAL '1 day 12:00:00'",
                    "INTERVAL '3 days ago'",
                    "INTERVAL (-2) DAY",
                    "2 * INTERVAL 1 DAY",
                    "to_days(3)",
                )
            )
        )

    def pattern(self) -> str:
        return str(
            self.pick(("'%Y-%m-%d'", "'%Y%m%d'", "'%Y-%m-01'", "'%Y%m'", "'%d.%m.%Y'", "'%Y-%m-%d %H:%M:%S'", "'%j'"))
        )

    def extreme(self) -> str:
        return str(self.pick(("greatest", "least", "coalesce")))

    def choice(self, depth: int, kind: Callable[[int], str]) -> str:
        return f"CASE WHEN {self.truth(depth)} THEN {kind(depth)} ELSE {kind(depth)} END"
