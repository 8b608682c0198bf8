# at: 1:37
# message: The sides of the UNION have 2 and 1 columns; give them the same number.
SELECT a, b FROM t UNION ALL SELECT c FROM u
----
# at: 1:85
SELECT a FROM t WHERE x IN (SELECT k FROM v UNION ALL SELECT k FROM w EXCEPT SELECT k, l FROM z)
----
# quiet
SELECT a, b FROM t UNION ALL SELECT c, d FROM u
----
# quiet
SELECT a, b FROM t UNION ALL SELECT * FROM u
----
# quiet
SELECT a, b FROM t UNION ALL BY NAME SELECT b FROM u
