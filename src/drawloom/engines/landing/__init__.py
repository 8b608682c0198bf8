"""Raw files: landed as partitions of a table, or read where they are as external sources."""
