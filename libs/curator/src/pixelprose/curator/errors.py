"""What goes wrong with tables, in words for the person who asked."""

from pixelprose.objectstore import StoreError


class LakeError(StoreError):
    """A table in the store can't do what was asked; the message says why and what to do."""


class WrongRequest(LakeError):
    """What was asked for means nothing here or can't be; nothing was read or written."""
