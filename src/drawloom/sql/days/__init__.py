"""Day inference: which days of which table a text reads, from its predicates, constants, joins and subqueries.

``query`` resolves names, ``predicates`` and ``key_expressions`` turn conditions into ``column_bounds``, ``joins`` carries
those to the sources, ``partition_pruning`` pushes them down to table scans, and ``infer_reads`` fits a rule to the days.
"""
