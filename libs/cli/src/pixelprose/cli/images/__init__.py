"""Images that people already have: folders, S3 prefixes, shards, data sets with an image column."""

from pixelprose.cli.images.entries import Entry, Unit, units
from pixelprose.cli.images.folder import folder_entries
from pixelprose.cli.images.prefix import prefix_entries
from pixelprose.cli.images.unpack import Unpacked, has_images, unpacked

__all__ = [
    "Entry",
    "Unit",
    "Unpacked",
    "folder_entries",
    "has_images",
    "prefix_entries",
    "units",
    "unpacked",
]
