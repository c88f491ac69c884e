"""What people see of a failure: by default nothing that may be personal."""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

import msgspec

from pixelprose.cli.redrive.failure import Failure
from pixelprose.cli.redrive.ledger import Ledger
from pixelprose.records import RecordCodec, Submitted
from pixelprose.streamkit import Undecodable

Shown = Mapping[str, Any]
"""Names and plain values, in the order in which they are printed."""


def shown(failure: Failure, ledger: Ledger) -> Shown:
    """Return what says nothing about a person: no key, header, error text or record.

    An error text is free text: a library may quote the URL or the alt text in it. A rejection's
    detail is a sentence of ours without personal data, which its schema promises.
    """
    entry, original = ledger.decided(failure.place), failure.original
    found: dict[str, Any] = {
        "id": str(failure.place),
        "state": entry.action if entry else "open",
        "at": failure.message.timestamp.isoformat(),
        "service": failure.service,
        "version": failure.version,
        "reason": failure.reason,
        "error_class": failure.error_class,
        "submission_id": failure.submission_id,
        "attempt": failure.attempt,
    }
    if failure.kind == "rejection":
        found["detail"] = failure.error_text
    if original is not None:
        found["topic"] = original.at.topic
        found["partition"], found["offset"] = original.at.partition, original.offset
        found["bytes"] = len(original.value)
    if entry is not None:
        found |= {"decided_at": entry.decided_at.isoformat(), "by": entry.by}
        found |= {"new_attempt": entry.attempt} if entry.attempt else {"note": entry.note}
    return found


def shown_with_personal_data(failure: Failure, ledger: Ledger, codec: RecordCodec) -> Shown:
    """Return everything: also the error text, the key, the headers and the record."""
    original = failure.original
    found = {**shown(failure, ledger), "error_text": failure.error_text}
    if original is None:
        return found
    key = original.key
    return found | {
        "key": None if key is None else key.decode(errors="replace"),
        "headers": [[name, value.decode(errors="replace")] for name, value in original.headers],
        "record": _record(failure, codec),
    }


def _record(failure: Failure, codec: RecordCodec) -> Any:  # noqa: ANN401 - plain JSON values
    if failure.original is None:
        return None
    try:
        record = codec.decode(failure.original)
    except Undecodable as error:
        return {"undecodable": str(error), "hex": failure.original.value.hex()}
    value = record.record if isinstance(record, Submitted) else record
    return json.loads(msgspec.json.encode(value))


def printable(value: object) -> str:
    """Return text that can do nothing to a terminal: control characters are replaced."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join("\N{REPLACEMENT CHARACTER}" if _controls(one) else one for one in text)


def _controls(character: str) -> bool:
    # Also the marks that turn the direction of text around (category Cf).
    return unicodedata.category(character) in {"Cc", "Cf"}
