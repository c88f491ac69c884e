"""Bytes under keys, in any S3 store: few operations, one conditional put, three errors."""

from pixelprose.objectstore.errors import (
    ObjectMissing,
    StoreError,
    StoreLacks,
    StoreRefused,
    StoreUnavailable,
)
from pixelprose.objectstore.expiry import Days, Expiry
from pixelprose.objectstore.keys import (
    ObjectKey,
    image_original,
    image_rendition,
    quarantine_original,
    quarantine_rendition,
    receipt,
    robots,
    seen,
    tdm_file,
)
from pixelprose.objectstore.lifetimes import ExpirySettings, Lifetime
from pixelprose.objectstore.memory import MemoryStore
from pixelprose.objectstore.port import ObjectFacts, ObjectStore, OpenStore
from pixelprose.objectstore.probe import probe
from pixelprose.objectstore.reading import ObjectVersion, S3Reader
from pixelprose.objectstore.s3 import S3Store, open_store
from pixelprose.objectstore.settings import StoreSettings
from pixelprose.objectstore.sweep import Sweep

__all__ = [
    "Days",
    "Expiry",
    "ExpirySettings",
    "Lifetime",
    "MemoryStore",
    "ObjectFacts",
    "ObjectKey",
    "ObjectMissing",
    "ObjectStore",
    "ObjectVersion",
    "OpenStore",
    "S3Reader",
    "S3Store",
    "StoreError",
    "StoreLacks",
    "StoreRefused",
    "StoreSettings",
    "StoreUnavailable",
    "Sweep",
    "image_original",
    "image_rendition",
    "open_store",
    "probe",
    "quarantine_original",
    "quarantine_rendition",
    "receipt",
    "robots",
    "seen",
    "tdm_file",
]
