"""What was seen from outside: frozen records, no opinion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaos.plan import Planned

Try = tuple[str, int]
"""A submission id and an attempt."""


@dataclass(frozen=True, slots=True)
class CaptionSeen:
    """A caption, on the public topic or in the table."""

    who: Try
    row_id: str
    sha256: str
    policy: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class RejectionSeen:
    """A rejection, on the topic or in the table."""

    who: Try
    stage: str
    reason: str
    duplicate_of: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterSeen:
    """A dead letter and what it says about itself."""

    who: Try
    topic: str
    reason: str
    error: str


@dataclass(frozen=True, slots=True)
class PutOffSeen:
    """A record on a retry topic, put there for the so many-th time."""

    who: Try
    times: int


@dataclass(frozen=True, slots=True)
class PassedSeen:
    """An image on one of the topics between."""

    who: Try
    sha256: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """A committed position above an input whose outcome was nowhere to be read."""

    group: str
    partition: int
    position: int
    offset: int
    who: Try


@dataclass(frozen=True, slots=True)
class Stored:
    """The bucket: keys with their ETags, who owns each claim, which bytes each receipt accepts.

    Attributes:
        halves: keys of uploads that the S3 server had not put in their place when it was killed.
    """

    etags: Mapping[str, str]
    claims: Mapping[str, str]
    receipts: Mapping[str, str | None]
    halves: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what was done to whom, and how long the pipeline needed after its end.

    Attributes:
        recovery_seconds: None where nothing new came after it, or the next one came at once.
    """

    kind: str
    target: str
    began: float
    ended: float
    recovery_seconds: float | None


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise, by name, and what shows it."""

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class History:
    """Everything a checker gets about one schedule.

    Attributes:
        planned: what was submitted, by submission id.
        address: of the site, before every path.
        scenes: SHA-256 of the bytes of every scene that could have been served, to its number.
        unsafe: scenes that must not leave quarantine.
        annotated: who is on the topic that the table of images is made from.
        image_rows: whose rows that table has, each as often as it stands there.
        deliveries: how often each was put on the topic of submissions.
        put_off: all records of retry topics.
        store_kills: how often the S3 server was killed.
        lagging: groups that had not reached the end of their topic in time.
    """

    planned: Mapping[str, Planned]
    address: str
    scenes: Mapping[str, int]
    md5s: Mapping[str, str]
    unsafe: frozenset[int]
    fetched: Sequence[PassedSeen]
    screened: Sequence[PassedSeen]
    captions: Sequence[CaptionSeen]
    rejections: Sequence[RejectionSeen]
    dead_letters: Sequence[DeadLetterSeen]
    rows: Sequence[CaptionSeen]
    rejection_rows: Sequence[RejectionSeen]
    annotated: Sequence[Try]
    image_rows: Sequence[Try]
    deliveries: Mapping[Try, int]
    put_off: Sequence[PutOffSeen]
    stored: Stored
    store_kills: int
    ahead: Sequence[Ahead]
    lagging: Sequence[str]
