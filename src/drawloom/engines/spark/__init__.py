"""Spark over partitioned Parquet in the session's catalog, or in a Hive metastore.

A partition is written into a folder of its run and published by one change in the catalog. Queries that already read
the old folder can finish; it is removed later.
"""

from drawloom.engines.spark.connect import connect, shown_url
from drawloom.engines.spark.engine import Spark

__all__ = ["Spark", "connect", "shown_url"]
