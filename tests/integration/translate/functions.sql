SELECT bucket(x, 'a', 7) AS a, bucket(x, 'b', 7) AS b, bucket(x, NULL, 7) AS c, bucket(x, 'a', 1) AS d FROM (VALUES (0), (-5), (NULL), (2147483648)) q(x)
SELECT bucket(x, 'a', 1000000) AS a, bucket(x || 'y', x, 9) AS b FROM (VALUES (''), ('ünï'), ('it''s \ '), (NULL)) q(x)
SELECT bucket(DATE '2024-02-29', 'a', 97) AS a, bucket(TIMESTAMP '2024-02-29 01:02:03.5', 'a', 97) AS b, bucket(1.50, 'a', 97) AS c, bucket(TRUE, 'a', 97) AS d
SELECT bucket(bucket(k, 'in', 100), 'out', 3) AS a FROM t ORDER BY id
SELECT dow(x) AS a FROM (VALUES (DATE '2024-01-01'), (DATE '2024-01-07'), (DATE '1969-12-31'), (DATE '1900-03-01'), (NULL)) q(x) ORDER BY x
SELECT dow(x) AS a FROM (VALUES (TIMESTAMP '2024-01-01 23:59:59'), (NULL)) q(x) ORDER BY x
SELECT day_shift(x, 0) AS a, day_shift(x, -366) AS b, day_shift(x, 1) AS c, day_shift(x, n) AS d FROM (VALUES (DATE '2024-02-28', 2), (DATE '2023-02-28', -2), (NULL, 1), (DATE '2024-12-31', NULL)) q(x, n)
SELECT day_shift(x, 1) AS a FROM (VALUES ('2024-02-28'), (NULL)) q(x)
SELECT day_shift('2024-12-31', 1) AS a, day_shift(TIMESTAMP '2024-12-31 23:00:00', -1) AS b
SELECT ds FROM day_series(DATE '2024-02-27', DATE '2024-03-02') ORDER BY ds
SELECT count(*) AS n FROM day_series(DATE '2024-02-27', DATE '2024-02-26')
SELECT count(*) AS n FROM day_series(DATE '2024-02-27', DATE '2024-02-27')
SELECT count(*) AS n FROM day_series(CAST(NULL AS DATE), DATE '2024-02-27')
SELECT day_series(DATE '2024-02-28', '2024-03-01') AS a, list_len(day_series(DATE '2024-01-01', DATE '2024-12-31')) AS b, day_series(DATE '2024-02-28', DATE '2024-02-01') AS c, day_series(DATE '2024-02-28', NULL) AS d
SELECT unnest(day_series(d, day_shift(d, 1))) AS x, id FROM t ORDER BY id, x
SELECT t.id, s.day FROM t CROSS JOIN day_series(d, DATE '2024-01-03') AS s(day) ORDER BY 1, 2
SELECT s.ds, count(t.id) AS n FROM day_series('2023-12-31', '2024-01-04') AS s LEFT JOIN t ON t.d = s.ds GROUP BY s.ds ORDER BY 1
SELECT top_k(x, 1) AS a, top_k(x, 2) AS b, top_k(x, 9) AS c FROM (VALUES ('b'), ('a'), ('b'), (NULL), (NULL), (NULL), ('c'), ('a')) q(x)
SELECT top_k(x, 3) AS a FROM (SELECT 1 AS x WHERE FALSE) q
SELECT top_k(x, 3) AS a FROM (VALUES (CAST(NULL AS INTEGER))) q(x)
SELECT top_k(x, 2) AS a FROM (VALUES (-1), (-1), (-2), (-2), (5)) q(x)
SELECT k, top_k(v, 1) AS a FROM t GROUP BY k ORDER BY k
SELECT k, ordered_array(id, v) AS a, ordered_array(v, id) AS b FROM t GROUP BY k ORDER BY k
SELECT ordered_array(x, y) AS a, ordered_array(y, x) AS b FROM (VALUES ('a', 2), ('b', NULL), (NULL, 1)) q(x, y)
SELECT ordered_array(x, x) AS a FROM (SELECT 1 AS x WHERE FALSE) q
SELECT approx_distinct(x) AS a FROM (VALUES (1), (1), (NULL), (2)) q(x)
SELECT approx_distinct(x) AS a FROM (SELECT 1 AS x WHERE FALSE) q
SELECT list_len(x) AS a, list_sum(x) AS b FROM (VALUES ([1, 2]), ([NULL]), ([]), (NULL), ([-5, NULL, 5])) q(x)
SELECT list_sum(x) AS a FROM (VALUES ([1.5, 2.25]), ([CAST(NULL AS DECIMAL(3, 2))])) q(x)
SELECT list_sum(x) AS a FROM (VALUES ([1.5e0, -2.5e0]), ([NULL])) q(x)
SELECT map_of('a', 1, 'b', 2)['b'] AS a, map_of(1, 'x')[2] AS b, map_keys(map_of('a', NULL)) AS c, map_of('k', v)['k'] AS d FROM t ORDER BY id
SELECT bits_and(x, 12) AS a, bits_or(x, 1) AS b, bits_xor(x, 5) AS c, bit_count(x) AS d FROM (VALUES (CAST(0 AS BIGINT)), (-1), (72057594037927935), (NULL)) q(x)
SELECT bits_left(1, x) AS a, bits_right(72057594037927935, x) AS b, bits_right(-8, 1) AS c FROM (VALUES (0), (1), (55), (NULL)) q(x)
SELECT bits_right(x, 64) AS a, bits_right(x, 63) AS b FROM (VALUES (5), (CAST(-5 AS BIGINT))) q(x)
SELECT grouping_id(k, d) AS g, count(*) AS n FROM t GROUP BY GROUPING SETS ((k), (d), ()) ORDER BY 1, 2
SELECT quantile_cont(x, 0) AS a, quantile_cont(x, 1) AS b, quantile_cont(x, 0.5) AS c, quantile_disc(x, 0) AS d, quantile_disc(x, 1) AS e, median(x) AS f FROM (VALUES (7)) q(x)
SELECT quantile_cont(x, 0.5) AS a, quantile_disc(x, [0.5]) AS b, median(x) AS c FROM (SELECT 1 AS x WHERE FALSE) q
SELECT quantile_cont(x, 0.25) AS a, quantile_cont(x, [0.25, 0.5, 0.75]) AS b, quantile_disc(x, 0.26) AS c FROM (VALUES (-1), (NULL), (-2), (5), (100), (5)) q(x)
SELECT k, quantile_cont(v, 0.5) AS a, percentile_cont(0.9) WITHIN GROUP (ORDER BY v) AS b, percentile_disc(0.5) WITHIN GROUP (ORDER BY id) AS c FROM t GROUP BY k ORDER BY k
SELECT id, quantile_cont(v, 0.5) OVER (PARTITION BY k) AS a, median(v) OVER () AS b FROM t ORDER BY id
