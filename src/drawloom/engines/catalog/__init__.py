"""What engines with a catalog share: Spark and Trino over tables of a Hive metastore, or of Iceberg."""
