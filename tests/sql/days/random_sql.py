"""Random queries over small tables with one or two rows a day, for the safety property."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Pick = Callable[[Sequence[Any]], Any]
COMPARE = ("=", "<", "<=", ">", ">=", "<>")
ALIASES = "pqrstuvwxyz"


class RandomSql:
    """Generates queries; every relation in them has the columns ds, id and v."""

    kind = "DATE"

    def __init__(self, pick: Pick, tables: Sequence[str] = ("m.a", "m.b", "m.c")) -> None:
        self.pick = pick
        self.tables = tables
        self.ctes: list[str] = []
        self.count = 0

    def script(self) -> str:
        """A whole query, often with CTEs."""
        parts = []
        for _ in range(self.pick((0, 0, 0, 1, 1, 2))):
            body = self.query(1)
            name = f"cte{len(self.ctes)}"
            parts.append(f"{name} AS ({body})")
            self.ctes.append(name)
        head = f"WITH {', '.join(parts)} " if parts else ""
        body = self.query(self.pick((0, 1, 1, 2)))
        if self.pick((True, False)):
            name = self.alias()
            body = f"SELECT * FROM ({body}) AS {name} WHERE {self.days_condition([name], 1)}"
        return head + body

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
                ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", "CROSS JOIN", ",")
            )
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
            )
        )


class RandomTextSql(RandomSql):
    """The same over tables whose ds is text."""

    kind = "VARCHAR"

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
