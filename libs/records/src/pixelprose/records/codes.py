"""The checked list of codes, `schemas/codes.yaml`."""

from collections.abc import Mapping
from functools import cache

import msgspec

from pixelprose.records.files import SchemaFolder, packaged


class Codes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every code with its meaning."""

    reasons: Mapping[str, Mapping[str, str]]
    final_reasons: Mapping[str, str]
    skip_reasons: Mapping[str, str]
    dead_letter_reasons: Mapping[str, str]
    redrive_actions: Mapping[str, str]
    rights_basis: Mapping[str, str]
    review_states: Mapping[str, str]
    watermark_classes: Mapping[str, str]
    styles: Mapping[str, str]
    pii_types: Mapping[str, str]
    pii_actions: Mapping[str, str]
    finish_reasons: Mapping[str, str]
    takedown_kinds: Mapping[str, str]


@cache
def codes() -> Codes:
    """Return the list, read once."""
    return codes_in(packaged())


def codes_in(folder: SchemaFolder) -> Codes:
    """Return the list of a folder.

    Raises:
        msgspec.ValidationError: the file is not what it must be.
    """
    return msgspec.convert(folder.yaml("codes.yaml"), Codes)


def check_reason(stage: str, reason: str) -> None:
    """Do nothing if `stage` (a service) may reject with `reason`.

    Raises:
        ValueError: it is not on the list: a bug of the service.
    """
    known = codes().reasons
    if reason not in known.get(stage, {}) and reason not in known["any"]:
        raise ValueError(f"{stage} has no rejection reason {reason!r} in codes.yaml")
