"""The pages of `docs/reference/`, made from the code that they are about."""

from pixelprose.cli.reference.pages import pages

__all__ = ["pages"]
