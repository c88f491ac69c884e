"""Bytes that lie in a folder or an S3 store, where the operator allows it."""

from pixelprose.ingester.sources.files import LocalFiles
from pixelprose.ingester.sources.objects import Objects
from pixelprose.ingester.sources.origin import Origin, Origins, canonical, named
from pixelprose.ingester.sources.permits import SourceSettings

__all__ = [
    "LocalFiles",
    "Objects",
    "Origin",
    "Origins",
    "SourceSettings",
    "canonical",
    "named",
]
