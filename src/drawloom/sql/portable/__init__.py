"""DuckDB's SQL said in the words of Spark, Trino, Hive and Presto: it means the same there, or it is refused."""
