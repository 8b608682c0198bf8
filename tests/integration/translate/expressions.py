"""Random scalar expressions of DuckDB over a table of edge cases."""

from __future__ import annotations

from random import Random

TABLE = """
SELECT * FROM (VALUES
  (1, CAST(0 AS BIGINT), 0, CAST(0.5 AS DOUBLE), CAST(1.25 AS DECIMAL(10, 2)), 'abc', DATE '2024-01-01', TIMESTAMP '2024-01-01 00:00:00', TRUE, [1, 2]),
  (2, -7, 3, -2.5, -2.55, 'a b,c', DATE '2024-02-29', TIMESTAMP '2024-02-29 23:59:59.5', FALSE, [3]),
  (3, 1099511627776, -1, 1e10, 99999.99, 'Ünï\\%_''x', DATE '1969-12-31', TIMESTAMP '1969-12-31 12:30:01.25', TRUE, [NULL, 5]),
  (4, 5, 2147483647, 3.5, 0.05, '', DATE '2021-01-03', TIMESTAMP '2021-01-03 04:05:06', NULL, []),
  (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, FALSE, NULL),
  (6, -1, -3, 1.0, 10.00, '2024-03-01', DATE '2000-12-31', TIMESTAMP '2000-12-31 00:00:00.000001', NULL, [-1, 0, 1]),
  (7, 12, 7, -0.5, -0.50, ' 12.5 ', DATE '2026-11-26', TIMESTAMP '2026-11-26 10:00:00', TRUE, [7, 7])
) AS v(id, i, n, f, m, s, d, t, b, l)
"""
COLUMNS = {
    "int": ["i", "n", "id"],
    "float": ["f"],
    "dec": ["m"],
    "text": ["s"],
    "day": ["d"],
    "time": ["t"],
    "bool": ["b"],
    "list": ["l"],
}
CONSTANTS = {
    "int": ["0", "1", "-3", "2147483648", "NULL::BIGINT"],
    "float": ["1.5e0", "-2.5e0", "1e-3"],
    "dec": ["0.1", "-2.5", "100.00"],
    "text": ["'abc'", "'a\\b'", "'it''s'", "''", "' x '", "'Ü'"],
    "day": ["DATE '2024-02-28'", "DATE '1999-12-31'"],
    "time": ["TIMESTAMP '2024-02-28 22:00:00'", "TIMESTAMP '1970-01-01 00:00:01.5'"],
    "bool": ["TRUE", "FALSE", "NULL::BOOLEAN"],
    "list": ["[1, NULL, 3]", "[5]"],
}
RULES: dict[str, list[str]] = {
    "int": [
        "({int} + {int})", "({int} - {int})", "({int} * n)", "({int} // {int})", "({int} % {int})", "abs({int})", "-({int})",
        "sign({num})", "length({text})", "strpos({text}, {text})", "CAST({num} AS BIGINT)", "CAST({float} AS INTEGER)",
        "CAST({bool} AS INTEGER)", "TRY_CAST({text} AS INTEGER)", "year({day})", "month({time})", "day({day})", "dow({day})",
        "isodow({time})", "dayofweek({day})", "week({day})", "quarter({day})", "dayofyear({day})", "hour({time})",
        "minute({time})", "second({time})", "isoyear({day})", "date_diff('day', {day}, {day})",
        "date_diff('month', {day}, {day})", "date_diff('week', {day}, {day})", "date_diff('year', {time}, {day})",
        "date_diff('hour', {time}, {time})", "({day} - {day})", "epoch_ms({time})", "bucket({text}, 'salt', 11)",
        "bucket({int}, {text}, 7)", "list_len({list})", "list_sum({list})", "list_max({list})", "l[1]", "l[-1]",
        "l[id]", "list_position({list}, 3)", "bit_count({int} & 255)", "({int} & {int})", "({int} | 3)", "xor({int}, {int})",
        "(i >> 3)", "(i >> id)", "CASE WHEN {bool} THEN {int} ELSE {int} END", "coalesce({int}, {int})",
        "nullif({int}, {int})", "greatest({int}, {int}, {int})", "least({int}, {int})", "if({bool}, {int}, 9)",
        "CAST(round({dec}) AS BIGINT)", "strlen({text})", "mod({int}, 5)", "date_part('week', {day})",
    ],
    "float": [
        "({num} / nullif({num}, 0))", "({float} + {num})", "({float} * {num})", "({float} - {float})", "round({float}, 1)", "round({float})",
        "floor({float})", "ceil({num})", "trunc({float})", "sqrt(abs({num}))", "pow({int} % 5, 2)", "ln({float})",
        "log10(abs({num}) + 1)", "exp(-abs({float}) / 1e9)", "CAST({dec} AS DOUBLE)", "TRY_CAST({text} AS DOUBLE)",
        "epoch({time})", "CASE WHEN {bool} THEN {float} ELSE {int} END", "greatest({float}, {int})",
        "coalesce({float}, {dec})", "abs({float})", "sin({float})", "({float} % 3)", "({num} / 4)",
    ],
    "dec": [
        "({dec} + {dec})", "({dec} - 1.5)", "(m * 2)", "round({dec}, 1)", "CAST({int} % 1000 AS DECIMAL(12, 3))", "abs({dec})",
        "CAST({dec} AS DECIMAL(20, 1))", "coalesce({dec}, 1.5)", "greatest({dec}, {dec})", "({dec} % 7)", "TRY_CAST({text} AS DECIMAL(10, 2))",
    ],
    "text": [
        "upper({text})", "lower({text})", "trim({text})", "ltrim({text})", "({text} || {text})", "concat({text}, {int}, {bool})",
        "substr({text}, 2, 3)", "substr({text}, {int})", "substr({text}, n, 2)", "substr({text}, id - 3, n % 4)", "left({text}, n)", "right({text}, n % 5)", "substr({text}, -2)", "substr({text}, 0, 2)",
        "substr({text}, 1, strpos({text}, 'b') - 1)", "left({text}, 2)", "right({text}, 3)", "left({text}, -1)",
        "right({text}, -1)", "replace({text}, 'b', 'zz')", "replace({text}, '\\', '/')", "lpad({text}, 5, 'xy')",
        "rpad({text}, 2, ' ')", "reverse({text})", "repeat({text}, 2)", "split_part({text}, ',', 1)",
        "split_part({text}, ' ', -1)", "CAST({int} AS VARCHAR)", "CAST({dec} AS VARCHAR)", "CAST({day} AS VARCHAR)",
        "CAST({time} AS VARCHAR)", "CAST({bool} AS VARCHAR)", "md5({text})", "sha256({text})",
        "strftime({day}, '%Y-%m-%d')", "strftime({time}, '%H:%M:%S %j %b')", "strftime({day}, 'Week %V of %G')",
        "CASE WHEN {bool} THEN {text} END", "coalesce({text}, 'none')", "concat_ws('-', {text}, NULL, {text})",
        "regexp_replace({text}, '[a-c]+', '<\\0>', 'g')", "regexp_extract({text}, '(\\w)(\\w)', 2)", "chr(65)",
        "translate({text}, 'abc', 'xyz')", "array_to_string(l, '+')", "greatest({text}, 'b')", "monthname({day})",
        "nullif({text}, '')", "hex({text})",
    ],
    "day": [
        "({day} + n % 1000)", "({day} - 3)", "CAST({time} AS DATE)", "CAST({day} + INTERVAL 1 MONTH AS DATE)",
        "CAST(date_trunc('month', {day}) AS DATE)", "CAST(date_trunc('week', {time}) AS DATE)", "last_day({day})",
        "day_shift({day}, 2)", "make_date(2024, 2, 29)", "CASE WHEN {bool} THEN {day} ELSE {day} END", "coalesce({day}, {day})",
        "greatest({day}, {day})", "TRY_CAST({text} AS DATE)", "day_series(d, day_shift(d, 2))[2]",
    ],
    "time": [
        "({time} + INTERVAL 90 MINUTE)", "({day} + INTERVAL 1 DAY)", "({day} - INTERVAL 2 MONTH)", "date_trunc('hour', {time})",
        "date_trunc('quarter', {day})", "CAST({day} AS TIMESTAMP)", "({time} - INTERVAL (id) DAY)", "({day} + to_days(n % 50))",
        "strptime(strftime({day}, '%Y%m%d'), '%Y%m%d')", "try_strptime({text}, '%Y-%m-%d')", "greatest({time}, {time})",
        "({day} + INTERVAL (n % 20) MONTH)", "({time} + INTERVAL 1 YEAR)",
    ],
    "bool": [
        "({int} > {num})", "({int} = {int})", "({text} = {text})", "({text} < {text})", "({text} LIKE 'a%')",
        "({text} LIKE '%\\%')", "({text} ILIKE 'A%')", "({text} NOT LIKE '%b_')", "({day} >= '2024-01-01')",
        "({day} BETWEEN '2000-01-01' AND {day})", "({day} < {time})", "({day} + INTERVAL 1 DAY > {day})", "({num} IS NULL)",
        "({bool} AND {bool})", "({bool} OR {bool})", "(NOT {bool})", "({bool} IS TRUE)", "({bool} IS NOT FALSE)",
        "({int} IN (1, 5, NULL))", "({text} IN ('abc', ''))", "({int} NOT IN (0, -7))", "({int} IS DISTINCT FROM {int})",
        "({text} IS NOT DISTINCT FROM {text})", "list_contains({list}, 3)", "contains({text}, 'b')", "starts_with({text}, 'a')",
        "ends_with({text}, 'c')", "regexp_matches({text}, '^[a-c]+$')", "((id, s) IN ((1, 'abc'), (5, NULL)))",
        "TRY_CAST({text} AS BOOLEAN)", "isnan({float})", "({dec} = 1.25)", "({float} BETWEEN -1 AND {dec})", "({int} = '5')",
    ],
    "list": [
        "list_filter({list}, lambda x: x > 1)", "list_transform({list}, lambda x: x + 1)", "({list} || [9])", "list_sort({list})",
        "list_sort(list_distinct({list}))", "list_reverse_sort({list})", "{list}[1:2]", "list_append({list}, 4)", "[x * 2 for x in l if x > 0]",
        "generate_series(1, id)", "range(0, n % 3)",
    ],
}  # fmt: skip


def expression(random: Random, kind: str, depth: int) -> str:
    """One expression of a kind, with others inside it."""
    if kind == "num":
        kind = random.choice(["int", "float", "dec"])
    if depth <= 0 or random.random() < 0.15:
        return random.choice(COLUMNS[kind] * 3 + CONSTANTS[kind])
    text = random.choice(RULES[kind])
    while "{" in text.replace("{{", ""):
        start = text.index("{")
        end = text.index("}", start)
        text = text[:start] + expression(random, text[start + 1 : end], depth - 1) + text[end + 1 :]
    return text


def expressions(seed: int, many: int, depth: int = 2) -> list[str]:
    """Expressions of all kinds, nested up to a depth."""
    random = Random(seed)
    kinds = list(RULES)
    return [expression(random, random.choice(kinds), depth) for _ in range(many)]
