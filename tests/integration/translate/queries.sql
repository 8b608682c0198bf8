SELECT k, upper(k) AS k2, count(*) AS n FROM t GROUP BY k2, k HAVING n > 1 ORDER BY n, k
SELECT upper(k) AS kk, count(*) AS n FROM t GROUP BY kk ORDER BY kk
SELECT id * 2 AS dbl, dbl + 1 AS more FROM t WHERE dbl > 2 ORDER BY more
SELECT * EXCLUDE (arr) REPLACE (id * 2 AS id) FROM t ORDER BY id
SELECT k, id FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY v DESC) = 1 ORDER BY d, id LIMIT 1
SELECT *, row_number() OVER (PARTITION BY k ORDER BY id) AS rn FROM t QUALIFY rn = 1 ORDER BY id DESC
SELECT DISTINCT ON (k) k, id, v FROM t ORDER BY k, v DESC
SELECT t.id, q.p FROM t ASOF LEFT JOIN (VALUES ('a', DATE '2024-01-02', 5), ('a', DATE '2024-01-02', 6), ('b', NULL, 9), ('b', DATE '2024-01-03', 7)) AS q(k, d, p) ON t.k = q.k AND t.d > q.d ORDER BY 1
SELECT t.id, q.* FROM t ASOF LEFT JOIN (VALUES ('a', DATE '2024-01-02', 5), ('b', DATE '2024-01-03', 7)) AS q(k, d, p) ON q.k = t.k AND q.d >= t.d ORDER BY 1
SELECT * FROM t ASOF JOIN (VALUES ('a', DATE '2024-01-02', 5), ('b', DATE '2024-01-03', 7)) AS q(kk, dd, p) ON q.kk = t.k AND q.dd <= t.d ORDER BY 1
SELECT * FROM t SEMI JOIN (VALUES (1),(2)) s(id) USING (id) ORDER BY id
SELECT t.* FROM t ANTI JOIN (VALUES (1),(2)) s(x) ON s.x = t.id ORDER BY id
SELECT t.k, s.y FROM t JOIN (VALUES ('a', 5)) s(k, y) USING (k) ORDER BY 1, 2
SELECT * FROM t LEFT JOIN (VALUES ('a', 5)) s(k, y) USING (k) ORDER BY id
SELECT coalesce(k, 'z') AS k, count(*) AS n FROM t GROUP BY ALL ORDER BY ALL
SELECT * FROM (SELECT k, id, d FROM t) PIVOT (sum(id) AS s, count(*) AS c FOR k IN ('a', 'b', 'zz')) ORDER BY d
SELECT * FROM (SELECT id, v, CAST(id AS DOUBLE) AS w FROM t) UNPIVOT (val FOR name IN (v, w)) ORDER BY id, name
SELECT * FROM (SELECT id, v, CAST(id AS DOUBLE) AS w FROM t) UNPIVOT INCLUDE NULLS (val FOR name IN (v, w)) ORDER BY id, name
SELECT g.x FROM generate_series(5, 1) g(x)
SELECT x FROM range(1, 10, 3) r(x) ORDER BY x
SELECT unnest(range(3)) AS x ORDER BY x
SELECT id, unnest(list_filter(arr, lambda e: e > 1)) AS e FROM t ORDER BY id, e
SELECT ds FROM day_series('2024-01-30', DATE '2024-02-02') ORDER BY ds
SELECT s.day FROM t, day_series(t.d, t.d + 1) AS s(day) ORDER BY 1
SELECT list_len(day_series(d, DATE '2024-01-03')) AS n FROM t ORDER BY id
SELECT bucket(id, 'salt', 10) AS b, bucket(k, 's', 7) AS c, bucket(d, 's', 7) AS e, bucket(NULL, 's', 7) AS f FROM t ORDER BY id
SELECT dow(d) AS x, day_shift(d, -3) AS y, day_shift('2024-01-31', 1) AS z FROM t ORDER BY id
SELECT top_k(k, 2) AS a, top_k(v, 1) AS b, top_k(id, 3) AS c FROM t
SELECT k, top_k(id, 1) AS c FROM t GROUP BY k ORDER BY k
SELECT ordered_array(k, v) AS a, ordered_array(v, id) AS b FROM t
SELECT map_of('a', id, 'b', 2) AS m FROM t ORDER BY id
SELECT bits_and(5, 3) AS a, bits_or(5, 3) AS b, bits_xor(5,3) AS c, bits_left(1, 40) AS e, bits_right(1099511627776, id) AS f FROM t ORDER BY id
SELECT approx_distinct(k) AS a FROM t
SELECT quantile_cont(v, 0.3) AS a, quantile_disc(v, 0.3) AS b, quantile_cont(v, [0.1, 0.9]) AS c, quantile_disc(id, [0.1, 1.0]) AS e, median(id) AS f, quantile_disc(k, 0.5) AS g FROM t
SELECT quantile_cont(v, 0.3) AS a, quantile_disc(v, 0.3) AS b, quantile_cont(v, [0.1, 0.9]) AS c, top_k(k, 2) AS e, ordered_array(k, v) AS f FROM t WHERE id > 100
SELECT k, sum(v) FILTER (WHERE id > 1) AS a, array_agg(id ORDER BY id DESC) FILTER (WHERE id > 1) AS b, arg_max(id, v) FILTER (WHERE id < 3) AS c FROM t GROUP BY k ORDER BY k
SELECT id, sum(id) FILTER (WHERE id > 1) OVER (PARTITION BY k ORDER BY id) AS a, count(*) OVER () AS b, avg(v) OVER (PARTITION BY k) AS c, lag(v) OVER (ORDER BY id) AS e, lead(id, 1, 0) OVER (ORDER BY id) AS f, first_value(v) OVER w AS g, ntile(2) OVER w AS h, percent_rank() OVER w AS i FROM t WINDOW w AS (ORDER BY id DESC) ORDER BY id
SELECT id, max(v) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS a, last_value(v IGNORE NULLS) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS b FROM t ORDER BY id
SELECT id, k FROM t ORDER BY v DESC NULLS FIRST, id
SELECT id FROM t EXCEPT ALL SELECT 1
SELECT id FROM t INTERSECT SELECT unnest([1,2,9])
SELECT id AS x FROM t UNION ALL SELECT 9.5 ORDER BY x LIMIT 2 OFFSET 1
WITH a AS MATERIALIZED (SELECT id FROM t), b AS NOT MATERIALIZED (SELECT count(*) AS n FROM a) SELECT * FROM a, b ORDER BY id
SELECT (SELECT max(id) FROM t) AS m, id IN (SELECT id FROM t WHERE id > 2) AS i, EXISTS (SELECT 1 FROM t AS u WHERE u.id = t.id + 1) AS e FROM t ORDER BY id
SELECT t.id, (SELECT count(*) FROM t AS u WHERE u.k = t.k) AS n FROM t ORDER BY id
SELECT CASE k WHEN 'a' THEN 1 WHEN 'b' THEN 2.5 END AS a, CASE WHEN v IS NULL THEN 'x' ELSE 'y' END AS b FROM t ORDER BY id
SELECT id FROM t WHERE d = '2024-01-02' AND d BETWEEN '2024-01-01' AND '2024-01-05' AND d IN ('2024-01-02', '2024-01-03') ORDER BY id
SELECT id FROM t WHERE d >= DATE '2024-01-03' - INTERVAL 1 DAY AND d < d + INTERVAL 1 MONTH ORDER BY id
SELECT d + INTERVAL 1 DAY AS a, d - INTERVAL 2 WEEK AS b, CAST(d + INTERVAL 1 MONTH AS DATE) AS c, d + INTERVAL (id) DAY AS e, d + to_days(id) AS f, d + id AS g, d - id AS h, d - DATE '2024-01-01' AS i, DATE '2024-01-31' + INTERVAL (id) MONTH AS j, d + INTERVAL 90 MINUTE AS l FROM t ORDER BY id
SELECT d::VARCHAR || 'x' AS a, concat(k, NULL, id, v > 15, d) AS b, CAST(TIMESTAMP '2024-01-01 01:02:03.450' AS VARCHAR) AS c, CAST(TIMESTAMP '2024-01-01 01:02:00' AS VARCHAR) AS e FROM t ORDER BY id
SELECT 'a\b' AS a, 'it''s' AS b, 'a\' || chr(92) AS c, replace('a\b', '\', '/') AS e, 'x%' LIKE 'x\%' AS f, 'x\y' LIKE 'x\y' AS g, 'a' || chr(10) || 'b' AS h, 'ü☃😀' AS i, length('ü☃😀') AS j
SELECT grouping(k, d) AS g, grouping_id(d, k) AS h, k, d, count(*) AS n FROM t GROUP BY ROLLUP (k, d) ORDER BY 1, 2, 3, 4
SELECT k, d, sum(id) AS s FROM t GROUP BY CUBE (k, d) ORDER BY 1, 2, 3
SELECT {'a': id, 'b': k}.b AS x, struct_extract({'a': id}, 'a') AS y, {'a': {'c': id}}.a.c AS z FROM t ORDER BY id
SELECT s.a AS x, s['b'] AS y FROM (SELECT CAST(row(id, k) AS STRUCT(a BIGINT, b VARCHAR)) AS s FROM t) q ORDER BY x
SELECT MAP {'a': id}['a'] AS x, MAP {'a': id}['zz'] AS y, map_keys(MAP {'a': id}) AS z, cardinality(MAP {'a': 1}) AS c FROM t ORDER BY id
SELECT arr[1] AS a, arr[-1] AS b, arr[id] AS c, arr[1:1] AS e, arr[2] AS f, [x * 2 for x in arr if x > 1] AS g, 'abc'[2] AS h, arr[i::INT] AS i FROM (SELECT *, 1 AS i FROM t) t ORDER BY id
SELECT "order" AS "select", "my col" FROM (SELECT 1 AS "order", 2 AS "my col") q
SELECT rows.id AS rows FROM t AS rows ORDER BY 1
SELECT 10 / 4 AS a, 10 // 4 AS b, -7 // 2 AS c, 10 % 3 AS e, -10 % 3 AS f, 7.5 % 2 AS g, 2 ** 3 AS h, 1 / 3 AS i, v / 2 AS j, 1.5 / 2 AS l FROM t ORDER BY id
SELECT avg(id) AS a, avg(CAST(id AS DECIMAL(10,2))) AS b, sum(CAST(id AS DECIMAL(10,2))) AS c, sum(id > 1) AS e, count(DISTINCT k) AS f, sum(DISTINCT id % 2) AS g, bool_and(id > 0) AS h, string_agg(DISTINCT k, '-' ORDER BY k) AS i, first(id ORDER BY v DESC) AS l, last(k ORDER BY id) AS m FROM t
SELECT avg(id) AS a, avg(CAST(id AS DECIMAL(10,2))) AS b, sum(CAST(id AS DECIMAL(10,2))) AS c, sum(id > 1) AS e, count(DISTINCT k) AS f, sum(DISTINCT id % 2) AS g, bool_and(id > 0) AS h, string_agg(DISTINCT k, '-' ORDER BY k) AS i, first(id ORDER BY v DESC) AS l, last(k ORDER BY id) AS m FROM t
SELECT list_sort(array_agg(DISTINCT v)) AS a, array_agg(v ORDER BY v DESC, id) AS b, array_agg(v ORDER BY v NULLS FIRST) AS c, array_agg(DISTINCT k ORDER BY k DESC) AS e FROM t
SELECT regexp_matches(k, '^[ab]$') AS a, regexp_extract('x=12;y=3', '(\w)=(\d+)', 2) AS b, regexp_replace('a1b22', '\d+', '<\0>', 'g') AS c, regexp_replace('aab', 'a', '$', 'g') AS e, 'abc' SIMILAR TO 'a(b|c)+' AS f, regexp_extract_all('a1b2', '\d') AS g, string_split('a.b.c', '.') AS h, regexp_matches('a.b', 'a\.b') AS i FROM t ORDER BY id
SELECT corr(id, v) AS a, covar_pop(id, v) AS b, skewness(id) AS c, var_pop(v) AS e, stddev(v) AS f FROM t
SELECT corr(x, y) AS a, var_samp(x) AS b, skewness(x) AS c FROM (VALUES (1, 1), (1, 2)) t(x, y)
SELECT k, sum(v ORDER BY d DESC, id) AS a, sum(v ORDER BY id) FILTER (WHERE id > 1) + sum(id ORDER BY d) AS b FROM t GROUP BY k ORDER BY k
SELECT histogram(k) AS h, count_if(v > 10) AS c FROM t WHERE id > 9
SELECT x IS TRUE AS a, x IS FALSE AS b, x IS NOT TRUE AS c, x IS NULL AS e, NOT x AS f FROM (VALUES (TRUE), (FALSE), (NULL)) q(x)
SELECT * FROM (VALUES (1, 'a'), (2, NULL)) ORDER BY 1
VALUES (1, 2), (3, 4)
SELECT 1 AS a WHERE 1 = 1 UNION SELECT 2 ORDER BY a DESC
SELECT a.id, b.id AS o FROM t a JOIN t b ON a.id < b.id AND a.k = b.k LEFT JOIN t c ON c.id = b.id ORDER BY 1, 2
SELECT epoch(TIMESTAMP '2024-01-01 00:00:10.5') AS a, epoch_ms(TIMESTAMP '1969-12-31 23:59:59.5') AS b, date_part('dow', d) AS c, extract(week FROM d) AS e, date_trunc('quarter', d) AS f, date_diff('month', DATE '2023-12-31', d) AS g, strftime(d, '%Y%m%d W%V %A') AS h, strptime('2024-1-5', '%Y-%m-%d') AS i, try_strptime('x', '%Y') AS j, make_date(2024, 2, id) AS l, last_day(d) AS m, dayname(d) AS n FROM t ORDER BY id
SELECT TRY_CAST(x AS DATE) AS a, TRY_CAST(x AS INTEGER) AS b, TRY_CAST(x AS DOUBLE) AS c, TRY_CAST(x AS BOOLEAN) AS e, TRY_CAST(x AS DECIMAL(10, 2)) AS f FROM (VALUES ('2024-01-05'), ('2024/1/5'), ('2024-01-05 10:00:00'), ('2.5'), ('-2.5'), ('1e2'), (' 7 '), ('nan'), ('yes'), ('x'), (''), (NULL), ('1d'), ('2024'), ('2024-02-30')) q(x)
SELECT CAST(x AS BIGINT) AS a, CAST(x AS DECIMAL(10,1)) AS b, round(x) AS c, round(x, 1) AS e, trunc(x) AS f, ceil(x) AS g, floor(x) AS h, sign(x) AS i FROM (VALUES (0.5e0), (1.5e0), (2.5e0), (-0.5e0), (-1.5e0), (-2.5e0), (2.675e0), (1e8), (NULL)) q(x)
SELECT greatest(v, id) AS a, least(v, id, 2) AS b, greatest(k, 'ab') AS c, coalesce(v, id) AS e, nullif(id, 2) AS f, ifnull(v, 0) AS g, if(v > 15, 'hi', 'lo') AS h FROM t ORDER BY id
SELECT json_extract_string('{"a": {"b": [1, "x"]}}', '$.a.b[1]') AS a, '{"a": "q"}' ->> 'a' AS b, json_extract_string('{"a": 1.5}', 'a') AS c, json_extract_string('{"a": null}', '$.a') AS e, CAST(to_json({'a': id, 'b': v}) AS VARCHAR) AS f FROM t ORDER BY id
SELECT list_contains(arr, 2) AS a, len(arr) AS b, list_sum(arr) AS c, list_max(arr) AS e, list_transform(arr, lambda x: x * 10) AS f, list_position(arr, 2) AS g, array_to_string(arr, '-') AS h, list_distinct([1, 1, NULL]) AS i, list_sort([3, NULL, 1]) AS j, list_reverse_sort([3, NULL, 1]) AS l, arr || [9] AS m, list_append(arr, 7) AS n, flatten([[1], [2]]) AS o, 2 IN arr AS p FROM t ORDER BY id
SELECT x >> 3 AS a, x << 2 AS b, x & 6 AS c, x | 1 AS e, xor(x, 3) AS f, ~x AS g, bit_count(x) AS h, x >> s AS i FROM (VALUES (CAST(5 AS BIGINT), 1), (1099511627776, 40), (0, 70), (1152921504606846976, 60)) q(x, s)
SELECT bit_count(x) AS a, x >> 2 AS b FROM (VALUES (-1), (-16), (5)) q(x)
SELECT TRY_CAST('2.5' AS INTEGER) AS a, TRY_CAST(' 7 ' AS INTEGER) AS b, TRY_CAST('1e3' AS INTEGER) AS c, TRY_CAST('x' AS DATE) AS d, TRY_CAST('2024-01-05 10:00:00' AS DATE) AS e, TRY_CAST('2024-1-5' AS DATE) AS f, TRY_CAST(300 AS TINYINT) AS g, TRY_CAST('1.5' AS DECIMAL(3,1)) AS h, TRY_CAST('true' AS BOOLEAN) AS i, TRY_CAST('' AS INTEGER) as j
SELECT 2.5 + 1 AS a, 2.5 * 2.5 AS b, 10.0 / 4 AS c, 1.1 + 1e0 AS d, 3000000000 AS e, 1 + 3000000000 AS f, 100000000000000000000 AS g
SELECT round(2.5) AS a, round(2.5e0) AS b, round(-2.5e0) AS c, round(2.675e0, 2) AS d, round(1234, -2) AS e, round(2.345, 2) AS f, round(1250,-2) AS g, trunc(2.7) AS h, trunc(-2.7e0) AS i, ceil(2.1) AS j, floor(-2.1e0) AS k, ceil(5) AS l, round(3) AS m
SELECT substr('hello', 0, 2) AS a, substr('hello', -3, 2) AS b, substr('hello', 2) AS c, substr('hello', 0) AS d, substr('hello', -10, 7) AS e, substr('hello', 4, 10) AS f, substr('hello',-3) AS g, substr('hello', 2, 0) AS h
SELECT substr('hello', 2, -1) AS a
SELECT left('hello', 2) AS a, right('hello', 2) AS b, left('hello', -2) AS c, right('hello', -2) AS d, left('hello',0) AS e, right('hello',9) AS f
SELECT abs(-5) AS a, sign(-5.5) AS b, sign(0) AS c, pow(2,3) AS d, sqrt(4) AS e, ln(10) AS f, log(100) AS g, log10(100) AS h, log2(8) AS i, exp(1) AS j, pi() AS k, log(2, 8) AS l, cbrt(27) AS m
SELECT sqrt(-1) AS a
SELECT ln(0) AS a
SELECT ln(-1) AS a
SELECT lpad('a', 3, 'xy') AS a, rpad('a', 3, 'xy') AS b, lpad('abcd', 2, 'x') AS c, repeat('ab', 2) AS d, reverse('abc') AS e, replace('aXbX', 'X', '') AS f, upper('aé') AS g, lower('AÉ') AS h, trim('  a ') AS i, ltrim('xxa','x') AS j, rtrim('axx','x') AS k, trim('xax','x') AS l, length('héé') AS m, strlen('héé') AS n
SELECT concat('a', NULL, 1, true, 1.5) AS a, concat_ws(',', 'a', NULL, 'b') AS b, 'a' || 1 AS c, concat_ws(NULL, 'a') AS d, concat(NULL) AS e
SELECT 'abc' LIKE 'a%' AS a, 'a_c' LIKE 'a\_c' AS b, 'a\c' LIKE 'a\c' AS c, 'a%c' LIKE 'a!%c' ESCAPE '!' AS d, 'ABC' ILIKE 'a%' AS e, 'abc' NOT LIKE 'b%' AS f
SELECT 'a\nb' AS a, 'it''s' AS b, 'tab\t' AS c, '\' AS d, '\\' AS e, chr(10) AS f
SELECT greatest(1, NULL, 3) AS a, least(NULL, 2.5) AS b, greatest('a','b') AS c, greatest(NULL, NULL) AS d, greatest(1, 2.5) as e, coalesce(NULL, 1, 2) AS f, nullif(1,1) AS g, ifnull(NULL, 2) AS h, if(true, 1, 2) as i
SELECT dayofweek(DATE '2024-01-07') AS a, isodow(DATE '2024-01-07') AS b, weekday(DATE '2024-01-07') AS c, week(DATE '2021-01-01') AS d, weekofyear(DATE '2021-01-01') AS e, yearweek(DATE '2021-01-01') AS f, isoyear(DATE '2021-01-01') AS g, year(DATE '2021-01-01') AS h, quarter(DATE '2021-05-01') AS i, dayofyear(DATE '2021-03-01') AS j, dayname(DATE '2024-01-07') AS k, monthname(DATE '2024-01-07') AS l, day(DATE '2024-01-07') AS m
SELECT date_trunc('month', DATE '2024-01-07') AS a, date_trunc('week', DATE '2024-01-07') AS b, date_trunc('day', TIMESTAMP '2024-01-07 10:11:12') AS c, date_trunc('hour', TIMESTAMP '2024-01-07 10:11:12') AS d, date_trunc('quarter', DATE '2024-05-07') AS e, date_trunc('year', DATE '2024-05-07') AS f
SELECT extract(dow FROM DATE '2024-01-07') AS a, extract(isodow FROM DATE '2024-01-07') AS b, extract(epoch FROM TIMESTAMP '2024-01-01 00:00:10.5') AS c, extract(second FROM TIMESTAMP '2024-01-01 00:00:10.5') AS d, extract(year FROM DATE '2024-01-01') AS e, date_part('hour', TIMESTAMP '2024-01-01 05:00:10.5') AS f, extract(week FROM DATE '2021-01-01') AS g
SELECT DATE '2024-01-07' = '2024-01-07' AS a, TIMESTAMP '2024-01-07 00:00:00' = DATE '2024-01-07' AS b, DATE '2024-01-07' < TIMESTAMP '2024-01-07 01:00:00' AS c, '2024-01-07' < DATE '2024-02-01' AS d
SELECT TIMESTAMP '2024-01-01 00:00:00' AT TIME ZONE 'UTC' AS a
SELECT 16 >> 70 AS a, 16::BIGINT >> 40 AS b
SELECT 16 >> 31 AS a, 16 >> 33 AS b
SELECT 1 >> -1 AS a
SELECT TRY_CAST('y' AS BOOLEAN) AS a, TRY_CAST('on' AS BOOLEAN) AS b, TRY_CAST(' true ' AS BOOLEAN) AS c, TRY_CAST('n' AS BOOLEAN) AS d, TRY_CAST('TRUE' AS BOOLEAN) AS e, TRY_CAST('off' AS BOOLEAN) as f, TRY_CAST('no' AS BOOLEAN) as g
SELECT date_diff('week', DATE '2024-01-07', DATE '2024-01-08') AS a, date_diff('week', DATE '2024-01-01', DATE '2024-01-08') AS b, date_diff('week', DATE '2024-01-05', DATE '2024-01-15') AS c, date_diff('quarter', DATE '2024-03-31', DATE '2024-04-01') AS d, date_diff('week', DATE '2024-01-02', DATE '2024-01-13') AS e, date_diff('week', DATE '2024-01-08', DATE '2024-01-07') AS f, date_sub('week', DATE '2024-01-07', DATE '2024-01-08') AS g
SELECT k, sum(x) AS s FROM (VALUES ('a',1),(NULL,2)) t(k,x) GROUP BY ALL ORDER BY k
SELECT date_trunc('month', x) AS a FROM (SELECT DATE '2024-01-07' AS x) t
SELECT date_sub('day', TIMESTAMP '2024-01-01 10:00:00', TIMESTAMP '2024-01-03 09:00:00') AS a, datediff('hour', DATE '2024-01-01', DATE '2024-01-02') b, date_diff('minute', TIMESTAMP '2024-01-01 10:00:59', TIMESTAMP '2024-01-01 10:01:00') c, date_diff('week', TIMESTAMP '2024-01-01 10:00:00', TIMESTAMP '2024-01-08 09:00:00') AS d, date_diff('week', TIMESTAMP '2024-01-07 23:00:00', TIMESTAMP '2024-01-08 01:00:00') as e
SELECT x >> 33 AS a, x >> 31 AS b, x >> 2 as c FROM (SELECT -16 AS x)
SELECT -16::BIGINT >> 63 AS a, -16::BIGINT >> 64 AS b, -16::BIGINT >> -1 AS c
SELECT substr('hello', -10) AS a, substr('hello',1,-1) AS b, substr('hello', 3, -1) AS c, substr('hello', 3, -9) AS d, substr('hello', -2, -1) AS e, substr('hello', 0, 1) as f, trim(chr(9) || 'a ') as g, length(trim(chr(9) || 'a ')) as h, substr('hello', -10, 3) as i
SELECT count_if(x) AS a FROM (VALUES (NULL::BOOL)) t(x)
SELECT row_number() OVER (ORDER BY rn DESC) AS rn FROM (VALUES (1),(2)) t(rn) QUALIFY rn = 1
SELECT x, y AS x2, count(*) AS x FROM (VALUES (1,5),(1,6)) t(x,y) GROUP BY ALL HAVING x > 1
SELECT y AS x, x AS z FROM (VALUES (1,5),(2,6)) t(x,y) WHERE x > 3
SELECT unnest([]::INT[]) AS a
SELECT id, unnest(a) AS e FROM (VALUES (1,[1]),(2,NULL),(3,[])) t(id,a)
SELECT * FROM range(2) r
SELECT r.range FROM range(2) r
SELECT u.unnest FROM unnest([1]) u
SELECT * FROM (VALUES (1,2)) t
SELECT sum(n) AS n FROM (VALUES (1),(2)) t(n) HAVING n > 2
SELECT count(*) AS n FROM (VALUES (1),(2)) t(x) GROUP BY ()
SELECT * FROM (VALUES ('a',1,5),('b',2,6)) t(k,id,d) PIVOT (count(*) AS c, sum(id) FOR k IN ('a', 'b'))
SELECT * FROM (VALUES ('a',1,5),('b',2,6)) t(k,id,d) PIVOT (count(*) AS c FOR k IN ('a', 'b'))
SELECT a, b, round(a / b, 2) AS r, round(a / b, 4) AS q, CAST(round(CAST(a / b AS FLOAT), 2) AS DOUBLE) AS s FROM (VALUES (23, 40), (29, 200), (41, 40), (-46, 80), (0, 1), (NULL, 1), (1, 3)) AS x(a, b)
SELECT approx_quantile(x, [0.1, 0.5]) AS q, approx_quantile(x, 0.9) AS r, approx_quantile(n, [0.5]) AS s FROM (VALUES (7e0, CAST(NULL AS DOUBLE)), (7e0, NULL), (7e0, NULL)) AS v(x, n)
SELECT x, hex(CAST(s AS BLOB)) AS h, CAST(floor(log2(abs(x))) AS BIGINT) AS p, CAST(x / pow(2, floor(log2(abs(x)))) * 4503599627370496 AS BIGINT) AS m FROM (VALUES (1e0, 'ab'), (0.1e0, ''), (1e300, NULL), (-3e-300, 'z')) AS v(x, s)
