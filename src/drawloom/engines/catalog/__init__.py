"""Shared by Spark and Trino: tasks over tables in a catalog, which is a Hive metastore or Iceberg."""
