"""What Spark and Trino have in common: tasks over tables in a catalog, a Hive metastore or Iceberg."""
