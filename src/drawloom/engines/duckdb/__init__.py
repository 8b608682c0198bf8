"""DuckDB over the lake: the engine that runs on one machine."""
