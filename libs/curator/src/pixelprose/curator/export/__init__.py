"""Exports: rows of a table version become files that are the same each time."""

from pixelprose.curator.export.authors import AuthorKey, read_key
from pixelprose.curator.export.request import SHARD_ROWS, Format, Request, Rows
from pixelprose.curator.export.run import Export, begun

__all__ = ["SHARD_ROWS", "AuthorKey", "Export", "Format", "Request", "Rows", "begun", "read_key"]
