"""Trino over partitioned tables of its Hive connector, or over Iceberg.

The rows of a step are written into a staging table first. On Hive one INSERT replaces the old partition by them, on
Iceberg one MERGE does, in one snapshot.
"""

from drawloom.engines.trino.connect import connect
from drawloom.engines.trino.engine import Trino

__all__ = ["Trino", "connect"]
