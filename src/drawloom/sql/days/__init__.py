"""Day inference: which days of which table a text reads, from its predicates, constants, joins and subqueries."""
