"""Spark over partitioned Parquet in the session's catalog, or in a Hive metastore.

A partition is written into a folder of its own run and published by one change in the catalog: whoever has begun to
read the old one reads it to its end. Old folders are removed later.
"""

from drawloom.engines.spark.connect import connect, shown
from drawloom.engines.spark.engine import Spark

__all__ = ["Spark", "connect", "shown"]
