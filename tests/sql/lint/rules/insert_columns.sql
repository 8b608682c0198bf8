# at: 1:13
# message: o.t (a, b, c) takes 3 columns, but the SELECT gives 2.
INSERT INTO o.t (a, b, c) SELECT x, y FROM i
----
# quiet
INSERT INTO o.t (a, b) SELECT x, y FROM i
----
# quiet
INSERT INTO o.t (a, b) SELECT * FROM i
----
# quiet
INSERT INTO o.t (a, b) VALUES (1, 2)
