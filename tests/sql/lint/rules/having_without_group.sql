# at: 1:17
SELECT a FROM t HAVING a > 1
=>
SELECT a FROM t WHERE a > 1
----
# at: 1:29
SELECT a FROM t WHERE b = 2 HAVING a > 1
----
# quiet
SELECT ds, count(*) FROM t GROUP BY ds HAVING ds = '{{ ds }}'
----
# quiet
SELECT count(*) FROM t HAVING count(*) > 1
----
# quiet
SELECT my_udaf(a) FROM t HAVING my_udaf(a) > 1
