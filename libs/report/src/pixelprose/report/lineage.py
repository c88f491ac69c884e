"""How a caption came to be, step by step and model by model, in words for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pixelprose.report.masking import without
from pixelprose.report.rows import Model, Row


@dataclass(frozen=True, slots=True)
class Step:
    """What happened, by whom, and when.

    Attributes:
        after_seconds: time since the submission.
    """

    what: str
    by: str
    at: datetime
    after_seconds: float
    detail: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A name, and what is known under it. `code` says that it is an identifier."""

    name: str
    value: str
    code: bool = False


def steps(row: Row) -> Sequence[Step]:
    """Return what happened to it, in order."""
    began = row.source.submitted_at

    def step(what: str, by: str, at: datetime, detail: str) -> Step:
        return Step(what, by, at, (at - began).total_seconds(), detail)

    fetch, place = row.source.fetch, row.lineage
    found = [step("submitted", row.dataset, began, row.source.url)]
    redirects = f"after {len(fetch.redirects)} redirects, " if fetch.redirects else ""
    answered = f"{redirects}status {fetch.status} from {fetch.final_url} in {fetch.seconds:.2f} s"
    found.append(step("fetched", "", fetch.fetched_at, answered))
    found += [
        step(
            "",
            f"{hop.service} {hop.version}",
            hop.at,
            f"read {hop.topic}/{hop.partition}/{hop.offset} ({hop.instance})",
        )
        for hop in place.hops
    ]
    written = f"{place.topic}/{place.partition}/{place.offset}, schema {place.schema_id}"
    found.append(step("on the public topic", "", row.ingested_at, written))
    return found


def models(row: Row) -> Sequence[Fact]:
    """Return every model that had a say."""
    signals, annotation = row.signals, row.annotation
    named = {
        "Caption": row.caption.model,
        "NSFW": row.safety.nsfw_model,
        "Aesthetic": signals.aesthetic_model,
        "Watermark": signals.watermark_model,
        "Style": signals.style_model,
        "Words": signals.words_model,
        "Language": signals.language_model,
        "Toxicity": annotation.toxicity_model,
        "Personal data": annotation.pii_model,
        "Linguistics": annotation.linguistics_model,
    }
    return [Fact(name, _model(model), code=True) for name, model in named.items()]


def _model(model: Model) -> str:
    return f"{model.name} @ {model.revision[:19]} ({model.library})"


def facts(row: Row) -> Sequence[Fact]:
    """Return what else is known: how it was asked for, by which rules, by which right, as whom."""
    return [*_asked(row), *_ruled(row), *_identified(row)]


def _asked(row: Row) -> Iterator[Fact]:
    caption, sampling = row.caption, row.caption.sampling
    spans = row.signals.alt_text.pii
    prompt = without(caption.prompt, row.source.alt_text, spans)
    hint = ", with the alt text as a hint" if caption.hint_used else ""
    yield Fact("Prompt", f"{caption.prompt_id}{hint}: {prompt}")
    yield Fact(
        "Sampling",
        f"temperature {sampling.temperature:g}, top-p {sampling.top_p:g}, seed {sampling.seed}, "
        f"{caption.completion_tokens} of {sampling.max_tokens} tokens, "
        f"{caption.prompt_tokens} before them, ended by {caption.finish_reason}; {caption.engine}",
    )


def _ruled(row: Row) -> Iterator[Fact]:
    caption = row.caption
    yield Fact(
        "Policies",
        f"caption {caption.policy} ({row.policy_hash[:12]}), selection {caption.selection}, "
        f"safety {row.safety.policy}, annotation {row.annotation.policy}, "
        f"consent {row.consent.consent_policy or 'none'}",
    )
    lists = ", ".join(f"{one.name} {one.version}" for one in row.safety.hash_lists)
    yield Fact(
        "Screened", f"NSFW score {row.safety.nsfw_score:.3f}; no hit in {lists or 'no list'}"
    )
    signals = ", ".join(f"{one.name}: {one.value}" for one in row.consent.signals)
    yield Fact("Publisher's words on use", signals or "none seen")


def _identified(row: Row) -> Iterator[Fact]:
    image = row.image
    yield Fact(
        "Original", f"{image.format}, {image.width} x {image.height} pixels, {image.bytes:,} bytes"
    )
    for name, value in (
        ("row_id", row.row_id),
        ("image_id", row.image_id),
        ("submission_id", f"{row.submission_id}, attempt {row.attempt}"),
        ("sha256", row.sha256),
    ):
        yield Fact(name, value, code=True)
