"""How files are laid out: compression, row groups, statistics and Bloom filters.

Said twice: pyarrow writes the files of a commit, and delta-rs those of a compaction.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import BloomFilterProperties, ColumnProperties, WriterProperties

from pixelprose.lake import PARTITION_BY, TableSpec

ROW_GROUP_ROWS: Final = 16_384
"""Some 30 MB of captions before compression: what a lookup reads when a Bloom filter says yes."""

_COMPRESSION_LEVEL: Final = 3
_FALSE_POSITIVES: Final = 0.01


def parquet_options(table: TableSpec, schema: pa.Schema) -> Mapping[str, Any]:
    """Return the layout of a table's files, of this schema, as pyarrow takes it.

    Statistics stand only where the table says so: a URL or a caption in a footer or in the log
    would outlive an erasure.
    """
    return {
        "compression": "zstd",
        "compression_level": _COMPRESSION_LEVEL,
        "row_group_size": ROW_GROUP_ROWS,
        "write_statistics": list(table.statistics),
        # Bounds by page too, where there are any by file.
        "write_page_index": True,
        # Digests seldom repeat: a dictionary of them costs a tenth of all writing.
        "use_dictionary": [path for path in _paths(schema) if path not in table.looked_up],
        "bloom_filter_options": {
            name: {"ndv": ROW_GROUP_ROWS, "fpp": _FALSE_POSITIVES} for name in table.looked_up
        },
    }


@cache
def _paths(schema: pa.Schema) -> Sequence[str]:
    """Return what Parquet calls the columns, those inside of groups and lists as well."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    columns: Any = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    return [columns.column(number).path for number in range(len(columns))]


def writer_properties(table: TableSpec) -> WriterProperties:
    """Return the same layout as delta-rs takes it."""
    return WriterProperties(
        compression="ZSTD",
        compression_level=_COMPRESSION_LEVEL,
        max_row_group_size=ROW_GROUP_ROWS,
        default_column_properties=ColumnProperties(statistics_enabled="NONE"),
        column_properties={
            name: ColumnProperties(
                statistics_enabled="CHUNK",
                dictionary_enabled=name not in table.looked_up,
                bloom_filter_properties=_bloom(table, name),
            )
            for name in table.statistics
            if name != PARTITION_BY
        },
    )


def _bloom(table: TableSpec, column: str) -> BloomFilterProperties | None:
    if column not in table.looked_up:
        return None
    return BloomFilterProperties(
        set_bloom_filter_enabled=True, fpp=_FALSE_POSITIVES, ndv=ROW_GROUP_ROWS
    )
