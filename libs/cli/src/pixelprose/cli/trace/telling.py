"""What each record of the flow tells: who made it, by which model and policy, with which scores."""

from collections.abc import Callable, Mapping
from typing import Any

from pixelprose.cli.trace.event import Event, Facts, Kind, given, place_of, plain
from pixelprose.records import (
    CaptionAnnotated,
    CaptionGenerated,
    Group,
    ImageAnnotated,
    ImageFetched,
    ImageRejected,
    ImageScreened,
    Model,
)
from pixelprose.streamkit import Message


def of_record(record: Any, message: Message) -> Event:  # noqa: ANN401 - any record of the flow
    """Return the making of a record that a service wrote."""
    hop = record.lineage[-1] if record.lineage else None
    kind, why, facts = _told(record)
    return Event(
        at=hop.at if hop else message.timestamp,
        kind=kind,
        submission_id=record.submission.submission_id,
        attempt=record.submission.attempt,
        place=place_of(message),
        by=f"{hop.service} {hop.version}" if hop else "",
        why=why,
        facts=given(facts),
        personal={"record": plain(record)},
    )


def _told(record: Any) -> tuple[Kind, str, Facts]:  # noqa: ANN401 - any record of the flow
    telling: Callable[[Any], tuple[Kind, str, Facts]] = _TELLING[type(record)]
    return telling(record)


def _fetched(record: ImageFetched) -> tuple[Kind, str, Facts]:
    image, fetch = record.image, record.fetch
    return (
        "fetched",
        "",
        {
            "image": f"{image.format} {image.width}x{image.height}, {image.bytes:,} bytes",
            "sha256": image.sha256,
            "status": fetch.status or None,
            "redirects": len(fetch.redirects) or None,
            "seconds": round(fetch.seconds, 3),
            "consent": fetch.consent_policy,
        },
    )


def _screened(record: ImageScreened) -> tuple[Kind, str, Facts]:
    found = record.screening
    lists = ", ".join(f"{one.name} {one.version}" for one in found.hash_lists)
    return (
        "screened",
        "",
        {
            "policy": found.policy,
            "nsfw": round(found.nsfw_score, 4),
            "model": _model(found.nsfw_model),
            "hash lists": lists,
        },
    )


def _annotated(record: ImageAnnotated) -> tuple[Kind, str, Facts]:
    found = record.signals
    return (
        "annotated",
        "",
        {
            "aesthetic": round(found.aesthetic, 2),
            "style": found.style,
            "watermark": found.watermark,
            "words": len(found.words),
            "aesthetic model": _model(found.aesthetic_model),
        },
    )


def _captioned(record: CaptionGenerated) -> tuple[Kind, str, Facts]:
    caption = record.caption
    return (
        "captioned",
        "",
        {
            "policy": caption.policy,
            "selection": caption.selection,
            "prompt": caption.prompt_id,
            "model": _model(caption.model),
            "engine": caption.engine,
            "tokens": caption.completion_tokens,
            "finish": caption.finish_reason,
            "seconds": round(caption.seconds, 3),
        },
    )


def _published(record: CaptionAnnotated) -> tuple[Kind, str, Facts]:
    found = record.annotation
    masked = ", ".join(f"{one.type} {one.action}" for one in found.pii)
    return (
        "published",
        "",
        {
            "row_id": record.caption.row_id,
            "policy": found.policy,
            "toxicity": round(found.toxicity.toxicity, 4),
            "personal data": masked,
            "toxicity model": _model(found.toxicity_model),
        },
    )


def _rejected(record: ImageRejected) -> tuple[Kind, str, Facts]:
    scores = {name: round(value, 4) for name, value in record.scores.items()}
    return (
        "rejected",
        record.reason,
        {
            "stage": record.stage,
            "detail": record.detail,
            "scores": scores or None,
            "owner": record.duplicate_of,
            "policy": record.policy,
            "sha256": record.sha256,
        },
    )


_TELLING: Mapping[type[Group], Callable[[Any], tuple[Kind, str, Facts]]] = {
    ImageFetched: _fetched,
    ImageScreened: _screened,
    ImageAnnotated: _annotated,
    CaptionGenerated: _captioned,
    CaptionAnnotated: _published,
    ImageRejected: _rejected,
}


def _model(model: Model) -> str:
    return f"{model.name} {model.revision[:19]}"
