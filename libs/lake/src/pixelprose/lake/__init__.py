"""The tables: names, columns, files and views, for who writes them and who reads them."""

from pixelprose.lake.columns import Column, columns_of
from pixelprose.lake.groups import Caption, Consent, Fetched, Lineage, Position, Source, Submitted
from pixelprose.lake.pixelprose_28 import PIXELPROSE_28, Counterpart
from pixelprose.lake.rows import CaptionRow, DeadLetterRow, ImageRow, RejectionRow
from pixelprose.lake.tables import (
    CAPTIONS,
    DEAD_LETTERS,
    IMAGES,
    PARTITION_BY,
    REJECTIONS,
    TABLES,
    TableSpec,
    table_named,
)
from pixelprose.lake.views import CAPTIONS_CURRENT, SUBMISSION_ENDS, VIEWS

__all__ = [
    "CAPTIONS",
    "CAPTIONS_CURRENT",
    "DEAD_LETTERS",
    "IMAGES",
    "PARTITION_BY",
    "PIXELPROSE_28",
    "REJECTIONS",
    "SUBMISSION_ENDS",
    "TABLES",
    "VIEWS",
    "Caption",
    "CaptionRow",
    "Column",
    "Consent",
    "Counterpart",
    "DeadLetterRow",
    "Fetched",
    "ImageRow",
    "Lineage",
    "Position",
    "RejectionRow",
    "Source",
    "Submitted",
    "TableSpec",
    "columns_of",
    "table_named",
]
