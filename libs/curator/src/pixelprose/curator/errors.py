"""What goes wrong with tables, in words for the person who asked."""


class LakeError(Exception):
    """A table can't do what was asked; the message says why and what to do."""
