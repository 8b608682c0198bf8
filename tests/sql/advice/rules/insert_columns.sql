# at: 1:13
# message: 2 columns for the 3 of o.t (a, b, c), must be as many.
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
