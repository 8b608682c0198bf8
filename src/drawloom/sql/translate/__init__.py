"""Translates DuckDB's SQL to Spark and Trino: a text means the same there, or it is refused with what to write instead.

``statements`` translates a text; ``translator`` has the registries of rules. ``parse`` reads the text, ``query``,
``sources``, ``joins``, ``select``, ``select_list`` and ``qualify`` translate its clauses; ``calls``, ``casts``,
``comparisons``, ``operators`` and ``nested`` its expressions; ``aggregates``, ``dates``, ``lists``, ``numbers`` and
``strings`` the functions of DuckDB; ``portable`` has drawloom's own functions.
"""
