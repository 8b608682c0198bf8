"""Random queries over small tables with one or two rows a day, for the safety property."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Pick = Callable[[Sequence[Any]], Any]
RUN = "'{{ ds }}'"
DAY = "DATE '{{ ds }}'"
# Constants that an engine computes from the run's day: times, zones, calendars, NULLs, intervals in words.
CONSTANTS = (
    "TIMESTAMP '{{ ds }} 24:00:00'",
    "TIMESTAMP '{{ ds }} 00:00:00.001'",
    "CAST('{{ ds }} 9:05' AS TIMESTAMP)",
    "TIMESTAMPTZ '{{ ds }} 01:00:00+05'",
    "CAST(TIMESTAMPTZ '{{ ds }} 22:00:00 America/New_York' AS DATE)",
    "'{{ ds }} 10:00:00'",
    "CAST(CAST('{{ ds }} 18:00' AS TIMESTAMP) + INTERVAL 12 HOUR AS DATE)",
    f"{DAY} - INTERVAL '1 day 12:00:00'",
    f"CAST({DAY} + INTERVAL '2 days ago' AS DATE)",
    f"{DAY} - CAST(dayofweek({DAY}) AS INT)",
    f"{DAY} - CAST(extract(isodow FROM {DAY}) AS INT)",
    f"date_trunc('isoyear', {DAY})",
    f"date_trunc('quarter', {DAY}) + INTERVAL 2 MONTH",
    f"CASE WHEN day({DAY}) IN (1, 29) THEN {DAY} - 6 ELSE {DAY} END",
    f"CASE WHEN month({DAY}) = 3 THEN {DAY} - 2 END",
    f"greatest({DAY} - 3, NULL)",
    f"least({DAY}, CAST(NULL AS DATE), DATE '2024-03-02')",
    f"coalesce(nullif({DAY}, DATE '2024-03-01'), {DAY} - 4)",
    f"nullif({DAY}, {DAY})",
    "CAST(concat('{{ ds[:8] }}', NULL, '01') AS DATE)",
    "CAST(strftime(DATE '{{ ds }}', '%Y-%m-01') AS DATE)",
    f"make_date(2024, CAST(month({DAY}) AS INT), 2)",
)
# Key expressions that keep, cut or hide the day of a DATE.
DAY_KEYS = (
    "CAST({} AS TIMESTAMPTZ)",
    "CAST(CAST({} AS TIMESTAMP) AT TIME ZONE 'Asia/Tokyo' AS DATE)",
    "date_trunc('month', CAST({} AS TIMESTAMP) AT TIME ZONE 'America/New_York')",
    "date_trunc('isoyear', {})",
    "CAST(strftime({}, '%Y-%m-01') AS DATE)",
    "CAST(CAST({} AS VARCHAR) AS DATE)",
    "CAST({} AS TIMESTAMP) + INTERVAL 6 HOUR",
    "CAST({} + INTERVAL 36 HOUR AS DATE)",
    "greatest({}, DATE '2024-03-01')",
    "nullif({}, DATE '2024-03-01')",
    "CASE WHEN {0} > DATE '2024-03-01' THEN {0} - 3 ELSE {0} END",
)
# Conditions on a DATE that are no comparison of it with a day.
DAY_TESTS = (
    "CAST({} AS VARCHAR) {op} '{{{{ ds }}}}'",
    "CAST({} AS VARCHAR) {op} '{{{{ ds_nodash }}}}'",
    "CAST({} - INTERVAL 1 DAY AS VARCHAR) {op} '{{{{ ds }}}}'",
    "strftime({}, '%Y%m%d') {op} '{{{{ ds_nodash }}}}'",
    "strftime({}, '%Y%m%d') {op} regexp_replace({run}, '-', '')",
    "strftime({}, '%Y-%m') {op} '{{{{ ds[:7] }}}}'",
    "strftime({}, '%Y-%m-%d %H:%M') {op} '{{{{ ds }}}} 00:00'",
    "CAST({} AS VARCHAR) {no}LIKE '2024-03-%'",
    "CAST({} AS VARCHAR) {no}LIKE '{{{{ ds[:9] }}}}%'",
    "CAST({} AS VARCHAR) {no}ILIKE '2024-02-%'",
    "datediff('day', {}, {day}) {op} 2",
    "{day} - {} {op} 1",
    "{} - {day} {no}BETWEEN -2 AND 0",
    "datediff('month', {}, {day}) {op} 0",
    "{} IS {no}DISTINCT FROM {day}",
    "({} > {day}) IS {no}TRUE",
    "({} > {day}) IS {no}NULL",
    "extract(month FROM {}) {op} month({day})",
    "dayofweek({}) {op} dayofweek({day})",
)
# As DAY_TESTS; the share of tables of which all days are read is measured without these, as it was before there were any.
BEGINNINGS_AND_LISTS = (
    "datediff('quarter', {day}, {}) {op} -1",
    "datediff('year', {}, {day}) {op} 1",
    "left(CAST({} AS VARCHAR), 7) {op} '{{{{ ds[:7] }}}}'",
    "substr(CAST({} AS VARCHAR), 1, 7) {no}IN ('{{{{ ds[:7] }}}}', '2024-01')",
    "{no}starts_with(CAST({} AS VARCHAR), '{{{{ ds[:8] }}}}')",
    "{no}list_contains([{day}, {day} - 2], {})",
    "{} {op} ANY([{day}, {day} - 2])",
)
MORE_JOINS = ("ASOF", "ASOF LEFT", "LATERAL")
COMPARE = ("=", "<", "<=", ">", ">=", "<>")
ALIASES = "pqrstuvwxyz"


class RandomSql:
    """Generates queries; every relation in them has the columns ds, id and v."""

    kind = "DATE"
    has_more = True
    day_tests: tuple[str, ...] = (*DAY_TESTS, *BEGINNINGS_AND_LISTS)

    def __init__(self, pick: Pick, tables: Sequence[str] = ("m.a", "m.b", "m.c"), more: bool = True) -> None:
        self.pick = pick
        self.more = more and self.has_more
        self.tables = tables
        self.ctes: list[str] = []
        self.count = 0

    def script(self) -> str:
        """A whole query, often with CTEs."""
        parts: list[tuple[str, str]] = []
        for _ in range(self.pick((0, 0, 0, 1, 1, 2))):
            body = self.query(1) if self.pick((True, True, False)) else self.constants_row()
            name = f"cte{len(self.ctes)}"
            parts.append((name, body))
            self.ctes.append(name)
        body = self.query(self.pick((0, 1, 1, 2)))
        if self.pick((True, False)):
            name = self.alias()
            body = f"SELECT * FROM ({body}) AS {name} WHERE {self.days_condition([name], 1)}"
        used: list[str] = []
        for name, query in reversed(parts):
            if any(name in text for text in (body, *used)):
                used.insert(0, f"{name} AS ({query})")
        return f"WITH {', '.join(used)} {body}" if used else body

    def constants_row(self) -> str:
        """A query of one row of constants, as parameters are often named once."""
        return f"SELECT {self.constant()} AS ds, {self.pick((0, 1))} AS id, 3 AS v"

    def text(self, options: Sequence[str]) -> str:
        return str(self.pick(options))

    def alias(self) -> str:
        self.count += 1
        return f"{ALIASES[self.count % len(ALIASES)]}{self.count}"

    def query(self, depth: int) -> str:
        kind = self.pick(("select",) * 7 + ("union", "except")) if depth > 0 else "select"
        if kind == "select":
            return self.select(depth)
        word = self.pick(("UNION ALL", "UNION")) if kind == "union" else self.pick(("EXCEPT", "INTERSECT"))
        return f"({self.select(depth - 1)}) {word} ({self.select(depth - 1)})"

    def select(self, depth: int) -> str:
        source, aliases = self.sources(depth)
        where = f" WHERE {self.condition(aliases, min(depth, 1))}" if self.pick((True, True, True, False)) else ""
        if where and self.pick((True, True, False)):
            where = f" WHERE {self.pick(aliases)}.ds {self.pick(('=', '>=', '<='))} {self.constant()}"
        one = aliases[0]
        other = self.pick(aliases)
        ds = self.pick(
            (f"{one}.ds", f"{one}.ds", f"{other}.ds", self.moved(f"{other}.ds", 1), f"CAST({one}.ds AS {self.kind})")
        )
        shape = self.pick(
            ("plain",) * 6 + ("group", "window", "keyed", "max", "limit", "distinct", "on", "having", "qualify")
        )
        plain = f"{ds} AS ds, {one}.id AS id, {other}.v AS v"
        tail = f" FROM {source}{where}"
        if shape in ("having", "on", "qualify"):
            return self.filtered(shape, one, other, tail)
        match shape:
            case "group":
                return f"SELECT {ds} AS ds, {one}.id AS id, count(*) AS v{tail} GROUP BY 1, 2"
            case "window":
                return f"SELECT {one}.ds AS ds, {one}.id AS id, sum({one}.v) OVER (PARTITION BY {one}.id) AS v{tail}"
            case "keyed":
                return f"SELECT {one}.ds AS ds, {one}.id AS id, sum({one}.v) OVER (PARTITION BY {one}.ds) AS v{tail}"
            case "max":
                how = self.pick(("max", "min"))
                return f"SELECT {how}({one}.ds) AS ds, {one}.id AS id, sum({one}.v) AS v{tail} GROUP BY {one}.id"
            case "limit":
                return f"SELECT {plain}{tail} ORDER BY ALL LIMIT {self.pick((1, 3, 7))}"
            case "distinct":
                return f"SELECT DISTINCT {plain}{tail}"
        star = len(aliases) == 1 and self.pick((True, False))
        return f"SELECT {'*' if star else plain}{tail}"

    def filtered(self, shape: str, one: str, other: str, tail: str) -> str:
        """A SELECT with HAVING, QUALIFY or DISTINCT ON, which filter after rows were combined."""
        columns = f"{one}.ds AS ds, {one}.id AS id, {one}.v AS v"
        test = self.days_condition([one], 1)
        if shape == "having":
            return f"SELECT {one}.ds, {one}.id AS id, count(*) AS v{tail} GROUP BY {one}.ds, {one}.id HAVING {test}"
        total = f"{one}.ds, {one}.id, {one}.v, {other}.ds, {other}.v, {other}.id"
        if shape == "on":
            key = self.pick((f"{one}.ds", f"{one}.id"))
            return f"SELECT DISTINCT ON ({key}) {columns}{tail} ORDER BY {key}, {total}"
        return (
            f"SELECT {columns}{tail} QUALIFY row_number() OVER (PARTITION BY {one}.id ORDER BY {total}) = 1 AND {test}"
        )

    def relation(self, depth: int) -> str:
        """A table, a CTE or a subquery."""
        options = [*self.tables, *self.ctes, *self.ctes]
        if depth > 0 and self.pick((True, False)):
            return f"({self.query(depth - 1)})"
        return str(self.pick(options))

    def sources(self, depth: int) -> tuple[str, list[str]]:
        one = self.alias()
        text, aliases = f"{self.relation(depth)} AS {one}", [one]
        for _ in range(self.pick((0, 0, 0, 1, 1, 1, 2))):
            name = self.alias()
            kind = self.pick(
                (
                    "JOIN",
                    "LEFT JOIN",
                    "RIGHT JOIN",
                    "FULL JOIN",
                    "SEMI JOIN",
                    "ANTI JOIN",
                    "CROSS JOIN",
                    ",",
                    *MORE_JOINS,
                )
            )
            if kind in MORE_JOINS:
                text += self.other_join(kind, aliases, name, depth)
                aliases.append(name)
                continue
            part = self.relation(depth - 1)
            if kind in ("CROSS JOIN", ","):
                text += f" {kind} {part} AS {name}" if kind != "," else f" CROSS JOIN {part} AS {name}"
            elif self.pick((True, False, False, False)) and len(aliases) == 1:
                text += f" {kind} {part} AS {name} USING ({self.pick(('ds', 'ds, id', 'id'))})"
            else:
                text += f" {kind} {part} AS {name} ON {self.condition([*aliases, name], 1, joined=name)}"
                if self.pick((True, True, False)) and text.endswith(")") is False:
                    text += f" AND {name}.ds = {self.moved(self.pick(aliases) + '.ds', self.pick((0, 0, -1, 7)))}"
            if kind not in ("SEMI JOIN", "ANTI JOIN"):
                aliases.append(name)
        return text, aliases

    def other_join(self, kind: str, aliases: list[str], name: str, depth: int) -> str:
        """An ASOF join, or a lateral subquery or VALUES."""
        one = self.pick(aliases)
        if kind == "LATERAL":
            if self.pick((True, False)):
                row = f"{self.moved(f'{one}.ds', self.pick((-2, 0, 1)))}, {one}.id, 3"
                return f" CROSS JOIN LATERAL (VALUES ({row})) AS {name}(ds, id, v)"
            inner = self.alias()
            test = self.condition([inner, one], 1)
            return f" CROSS JOIN LATERAL (SELECT * FROM {self.relation(0)} AS {inner} WHERE {test}) AS {name}"
        part = self.relation(depth - 1)
        if len(aliases) == 1 and self.pick((True, False)):
            return f" {kind} JOIN {part} AS {name} USING (id, ds)"
        return f" {kind} JOIN {part} AS {name} ON {one}.id = {name}.id AND {one}.ds {self.pick(('>', '>='))} {name}.ds"

    def condition(self, aliases: list[str], depth: int, joined: str | None = None) -> str:
        kind = self.pick(("and", "and", "or", "or", "not", "case", "coalesce") + ("one",) * 8)
        if depth <= 0:
            kind = "one"
        match kind:
            case "and" | "or":
                parts = [self.condition(aliases, depth - 1, joined) for _ in range(2)]
                return "(" + f" {kind.upper()} ".join(parts) + ")"
            case "not":
                return f"NOT ({self.condition(aliases, depth - 1, joined)})"
            case "case":
                test, yes, no = (self.condition(aliases, depth - 1, joined) for _ in range(3))
                return f"CASE WHEN {test} THEN {yes} ELSE {no} END"
            case "coalesce":
                return f"coalesce({self.condition(aliases, depth - 1, joined)}, FALSE)"
        return self.simple(aliases, depth, joined)

    def simple(self, aliases: list[str], depth: int, joined: str | None) -> str:
        one = joined or self.pick(aliases)
        two = self.pick(aliases)
        kinds = ["day"] * 6 + ["pair"] * 4 + ["id", "v", "null", "truth"]
        if joined is None:
            kinds += ["exists", "in", "rows", "scalar", "notin"]
        match self.pick(kinds):
            case "pair":
                return f"{self.day_of(one)} {self.pick(('=', '=', '=', *COMPARE))} {self.day_of(two)}"
            case "id":
                return f"{one}.id = {self.pick((f'{two}.id', '0', '1'))}"
            case "v":
                return f"{one}.v {self.pick(COMPARE)} {self.pick(('3', '5', f'{two}.v'))}"
            case "null":
                return f"{one}.ds IS {self.pick(('NULL', 'NOT NULL'))}"
            case "truth":
                return self.text(
                    ("TRUE", "FALSE", "1 = 1", "NULL", "'{{ ds }}' > '2024-03-01'", f"({one}.id = 0) IS TRUE")
                )
            case "exists" | "in" | "notin" | "rows" | "scalar" as kind:
                return self.subquery(kind, one, depth)
        return self.days_condition([one], depth)

    def subquery(self, kind: str, one: str, depth: int) -> str:
        """A condition with a subquery in it."""
        match kind:
            case "exists":
                inner = self.alias()
                word = self.pick(("EXISTS", "NOT EXISTS"))
                test = self.condition([inner, one], 1)
                return f"{word} (SELECT 1 FROM {self.relation(0)} AS {inner} WHERE {test})"
            case "in":
                return f"{one}.ds IN (SELECT ds FROM ({self.query(min(depth, 1))}) AS {self.alias()})"
            case "notin":
                return f"{one}.ds NOT IN (SELECT ds FROM {self.relation(0)} AS {self.alias()} WHERE ds IS NOT NULL)"
            case "rows":
                return f"({one}.ds, {one}.id) IN (SELECT ds, id FROM {self.relation(0)} AS {self.alias()})"
            case "scalar":
                inner = self.alias()
                how = self.pick(("max", "min"))
                test = self.days_condition([inner], 1)
                table = self.relation(0)
                return f"{one}.ds {self.pick(COMPARE)} (SELECT {how}({inner}.ds) FROM {table} AS {inner} WHERE {test})"
        raise AssertionError(kind)

    def days_condition(self, aliases: list[str], depth: int) -> str:
        """A condition of one column of days and constants."""
        if self.more and self.pick((True, False, False, False)):
            text = str(self.pick(self.day_tests))
            names = {"op": self.pick(COMPARE), "no": self.pick(("", "NOT ")), "day": DAY, "run": RUN}
            return "(" + text.format(f"{self.pick(aliases)}.ds", **names) + ")"
        day = self.day_of(self.pick(aliases))
        match self.pick(("compare",) * 5 + ("between", "notbetween", "in", "notin", "turned")):
            case "between":
                return f"{day} BETWEEN {self.constant()} AND {self.constant()}"
            case "notbetween":
                return f"{day} NOT BETWEEN {self.constant()} AND {self.constant()}"
            case "in":
                return f"{day} IN ({self.constant()}, {self.constant()})"
            case "notin":
                return f"{day} NOT IN ({self.constant()}, {self.constant()})"
            case "turned":
                return f"{self.constant()} {self.pick(COMPARE)} {day}"
        return f"{day} {self.pick(('=', '>=', '<=', *COMPARE))} {self.constant()}"

    def moved(self, column: str, days: int) -> str:
        return f"{column} + {days}" if days >= 0 else f"{column} - {-days}"

    def day_of(self, alias: str) -> str:
        column = f"{alias}.ds"
        return self.text(
            (column,) * 8
            + (
                f"{column} + {self.pick((1, 7))}",
                f"{column} - {self.pick((1, 3))}",
                f"CAST({column} AS DATE)",
                f"{column} - INTERVAL {self.pick((1, 2))} DAY",
                f"date_trunc('{self.pick(('week', 'month', 'day'))}', {column})",
                f"CAST({column} AS TIMESTAMP)",
                f"coalesce({column}, DATE '2024-03-01')",
                f"last_day({column})",
                *([self.pick(DAY_KEYS).format(column)] * 3 if self.more else []),
            )
        )

    def constant(self) -> str:
        step = self.pick((0, 0, 1, 2, 5))
        return self.text(
            ("DATE '{{ ds }}'",) * 3
            + (
                f"DATE '{{{{ ds }}}}' - {step}",
                f"DATE '{{{{ ds }}}}' + {step}",
                f"CAST('{{{{ macros.ds_add(ds, -{step}) }}}}' AS DATE)",
                f"DATE '{{{{ ds }}}}' - INTERVAL {step} DAY",
                "date_trunc('month', DATE '{{ ds }}')",
                "date_trunc('week', DATE '{{ ds }}')",
                "last_day(DATE '{{ ds }}')",
                "DATE '2024-03-01'",
                "TIMESTAMP '{{ ds }} 12:00:00'",
                "CASE WHEN dayofweek(DATE '{{ ds }}') = 1 THEN DATE '{{ ds }}' - 3 ELSE DATE '{{ ds }}' END",
                "current_date",
                *([self.pick(CONSTANTS)] * 8 if self.more else []),
            )
        )


class RandomTextSql(RandomSql):
    """The same over tables whose ds is text."""

    kind = "VARCHAR"
    has_more = False

    def moved(self, column: str, days: int) -> str:
        return f"CAST(CAST({column} AS DATE) + {days} AS VARCHAR)" if days else column

    def day_of(self, alias: str) -> str:
        column = f"{alias}.ds"
        return self.text(
            (column,) * 6 + (self.moved(column, 1), f"CAST({column} AS VARCHAR)", f"substr({column}, 1, 7)")
        )

    def days_condition(self, aliases: list[str], depth: int) -> str:
        if self.pick((True,) + (False,) * 9):
            return f"{self.pick(aliases)}.ds LIKE {self.pick(('2024-03-%', '2024-0%', '%', '2024-03-01%', '2024%')).__repr__()}"
        return super().days_condition(aliases, depth)

    def constant(self) -> str:
        step = self.pick((0, 0, 1, 2, 5))
        return self.text(
            ("'{{ ds }}'",) * 3
            + (
                f"'{{{{ macros.ds_add(ds, -{step}) }}}}'",
                f"CAST(DATE '{{{{ ds }}}}' - {step} AS VARCHAR)",
                f"CAST(DATE '{{{{ ds }}}}' - INTERVAL {step} DAY AS VARCHAR)",
                "strftime(DATE '{{ ds }}', '%Y-%m-01')",
                "'{{ ds }}' || ' 00:00:00'",
                "'2024-03-01'",
                "'2024-03'",
                "'{{ ds }} 12:00:00'",
                "'{{ ds[:8] }}01'",
                "'abc'",
                "CAST(date_trunc('month', DATE '{{ ds }}') AS VARCHAR)",
                "CAST(TIMESTAMP '{{ ds }}' AS VARCHAR)",
            )
        )


class RandomTimeSql(RandomSql):
    """The same over tables whose ds is a time."""

    kind = "TIMESTAMP"

    def moved(self, column: str, days: int) -> str:
        return f"{column} {'+' if days >= 0 else '-'} INTERVAL {abs(days)} DAY"

    def day_of(self, alias: str) -> str:
        text = super().day_of(alias)
        is_number = text.startswith((f"{alias}.ds + ", f"{alias}.ds - ")) and "INTERVAL" not in text
        return f"{alias}.ds" if is_number else text
