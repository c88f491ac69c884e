"""The groups of columns that differ from a record's groups; the others are taken as they are.

A field without a description of its own is the field of that name of the class in `taken_from`,
and the schema documents it.
"""

from typing import Annotated, ClassVar

from msgspec import Meta

from pixelprose.records import Caption as CaptionRecord
from pixelprose.records import (
    ConsentSignal,
    Fetch,
    Group,
    Hop,
    Model,
    Sampling,
    Submission,
)
from pixelprose.records.groups import Instant


class Fetched(Group, frozen=True, kw_only=True):
    """How the bytes were fetched."""

    taken_from: ClassVar[type[Group]] = Fetch

    final_url: str
    status: int
    redirects: tuple[str, ...]
    address: str
    content_type: str | None
    etag: str | None
    last_modified: str | None
    user_agent: str
    fetched_at: Instant
    seconds: float


class Submitted(Group, frozen=True, kw_only=True):
    """What was submitted: the URL and what came with it."""

    taken_from: ClassVar[type[Group]] = Submission

    url: str
    canonical_url: str
    alt_text: str | None
    alt_text_language: str | None
    fields: dict[str, str]
    submitted_at: Instant


class Source(Submitted, frozen=True, kw_only=True):
    """What was submitted, and how its bytes were fetched."""

    fetch: Annotated[Fetched, Meta(description="How the bytes were fetched.")]


class Consent(Group, frozen=True, kw_only=True):
    """What the publisher says about use, and who judged it."""

    signals: Annotated[
        tuple[ConsentSignal, ...],
        Meta(description="Machine-readable words of the publisher about use, as seen."),
    ]
    consent_policy: Annotated[
        str | None,
        Meta(description="Name and version of the policy that judged them; null when none did."),
    ]
    consent_policy_hash: Annotated[
        str | None, Meta(description="SHA-256 (hex) of that policy; null when none did.")
    ]


class Caption(Group, frozen=True, kw_only=True):
    """A caption and everything that made it."""

    taken_from: ClassVar[type[Group]] = CaptionRecord

    text: str
    absent: tuple[str, ...]
    kind: str
    language: str
    policy: str
    selection: str
    selection_hash: str
    prompt_id: str
    prompt: str
    hint_used: bool
    absent_requested: bool
    model: Model
    engine: str
    sampling: Sampling
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str
    generated_at: Instant
    seconds: float


class Position(Group, frozen=True, kw_only=True):
    """A place on the log."""

    topic: Annotated[str, Meta(description="Topic, without a deployment's prefix.")]
    partition: Annotated[int, Meta(description="Partition of the topic.")]
    offset: Annotated[int, Meta(description="Offset in the partition.")]


class Lineage(Position, frozen=True, kw_only=True):
    """Where the row's record lies, and which services passed it on."""

    schema_id: Annotated[
        int, Meta(description="Id of the Avro schema that the record was written by.")
    ]
    hops: Annotated[
        tuple[Hop, ...], Meta(description="Which services passed it on, in order, and when.")
    ]
    unknown: Annotated[
        dict[str, str],
        Meta(
            description="What a newer schema says beyond these columns: JSON by path; "
            "empty as a rule."
        ),
    ]
