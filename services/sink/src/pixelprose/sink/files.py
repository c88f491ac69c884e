"""How files are laid out: compression, row groups, statistics and Bloom filters."""

from typing import Final

from deltalake import BloomFilterProperties, ColumnProperties, WriterProperties

from pixelprose.lake import PARTITION_BY, TableSpec

ROW_GROUP_ROWS: Final = 16_384
"""Some 30 MB of captions before compression: what a lookup reads when a Bloom filter says yes."""

_FALSE_POSITIVES: Final = 0.01


def writer_properties(table: TableSpec) -> WriterProperties:
    """Return the layout of a table's files.

    Statistics stand only where the table says so: a URL or a caption in a footer or in the log
    would outlive an erasure.
    """
    return WriterProperties(
        compression="ZSTD",
        compression_level=3,
        max_row_group_size=ROW_GROUP_ROWS,
        default_column_properties=ColumnProperties(statistics_enabled="NONE"),
        column_properties={
            name: ColumnProperties(
                statistics_enabled="CHUNK",
                # Digests seldom repeat: a dictionary of them costs a tenth of all writing.
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
