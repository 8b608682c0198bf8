"""Trino over partitioned tables of its Hive connector, or over Iceberg.

What a step gives is written into a table of its own first. On Hive one INSERT puts it in the place of the old partition,
on Iceberg one MERGE does, which is one snapshot.
"""

from drawloom.engines.trino.connect import connect
from drawloom.engines.trino.engine import Trino

__all__ = ["Trino", "connect"]
