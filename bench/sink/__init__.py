"""The sink beside plain Parquet; its memory, and its table as it grows (bench/README.md)."""
