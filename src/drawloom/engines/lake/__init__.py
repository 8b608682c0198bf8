"""The lake: a folder of Parquet files, one for each partition of a table."""

from drawloom.engines.lake.lake import FILE, Lake, disk_problem, file_version

__all__ = ["FILE", "Lake", "disk_problem", "file_version"]
