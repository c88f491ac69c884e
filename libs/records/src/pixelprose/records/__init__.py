"""The typed records of the pipeline, their identities, topics and wire format."""

from pixelprose.records.codec import BLOCKED, Passing, RecordCodec
from pixelprose.records.codes import codes
from pixelprose.records.groups import (
    AltTextSignals,
    Annotation,
    Caption,
    ConsentSignal,
    Fetch,
    Group,
    HashList,
    Hop,
    Image,
    ImageId,
    Linguistics,
    Model,
    PiiSpan,
    Rights,
    RowId,
    Sampling,
    Screening,
    Sha256,
    Signals,
    Submission,
    SubmissionId,
    TextCheck,
    Toxicity,
    Word,
)
from pixelprose.records.headers import Header
from pixelprose.records.identity import image_id, row_id, submission_id, submission_id_at
from pixelprose.records.policy import policy_hash
from pixelprose.records.records import (
    CaptionAnnotated,
    CaptionGenerated,
    ImageAnnotated,
    ImageFetched,
    ImageRejected,
    ImageScreened,
    ImageSubmitted,
    SafetyIncident,
    Takedown,
)
from pixelprose.records.registry import Registry
from pixelprose.records.schemas import schema_text
from pixelprose.records.settings import RegistrySettings, StreamSettings
from pixelprose.records.stream import codec_for, kafka_log, runner_for
from pixelprose.records.submitted import Submitted
from pixelprose.records.topics import topic_list, topic_of
from pixelprose.records.wire import Wire

__all__ = [
    "BLOCKED",
    "AltTextSignals",
    "Annotation",
    "Caption",
    "CaptionAnnotated",
    "CaptionGenerated",
    "ConsentSignal",
    "Fetch",
    "Group",
    "HashList",
    "Header",
    "Hop",
    "Image",
    "ImageAnnotated",
    "ImageFetched",
    "ImageId",
    "ImageRejected",
    "ImageScreened",
    "ImageSubmitted",
    "Linguistics",
    "Model",
    "Passing",
    "PiiSpan",
    "RecordCodec",
    "Registry",
    "RegistrySettings",
    "Rights",
    "RowId",
    "SafetyIncident",
    "Sampling",
    "Screening",
    "Sha256",
    "Signals",
    "StreamSettings",
    "Submission",
    "SubmissionId",
    "Submitted",
    "Takedown",
    "TextCheck",
    "Toxicity",
    "Wire",
    "Word",
    "codec_for",
    "codes",
    "image_id",
    "kafka_log",
    "policy_hash",
    "row_id",
    "runner_for",
    "schema_text",
    "submission_id",
    "submission_id_at",
    "topic_list",
    "topic_of",
]
