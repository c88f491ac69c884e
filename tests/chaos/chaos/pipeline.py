"""The pipeline as a stranger would draw it: who reads what, and what must come of it."""

from dataclasses import dataclass
from typing import Final

from chaos.fleet import Name
from pixelprose.records import topic_list

PARTITIONS: Final = 4

SUBMITTED: Final = "pixelprose.images.submitted.v1"
FETCHED: Final = "pixelprose.images.fetched.v1"
SCREENED: Final = "pixelprose.images.screened.v1"
ANNOTATED: Final = "pixelprose.images.annotated.v1"
GENERATED: Final = "pixelprose.captions.generated.v1"
CAPTIONS: Final = "pixelprose.captions.annotated.v1"
REJECTED: Final = "pixelprose.images.rejected.v1"


@dataclass(frozen=True, slots=True)
class Step:
    """A consumer group: what it reads, and the topic or table that its work shows in.

    Attributes:
        service: whose processes are its members; also the stage that its rejections name.
        name: of what it does here; of its group, too, unless that reads several topics.
        retry_of: the step whose records come back from the topic that it reads.
    """

    service: str
    name: str
    reads: str
    writes: str
    retry_of: "Step | None" = None

    @property
    def group(self) -> str:
        """Whose positions are its own."""
        return self.retry_of.name if self.retry_of else self.name

    @property
    def dead_letters(self) -> str:
        """Where the records lie that it could not work on."""
        return self.retry_of.dead_letters if self.retry_of else f"{self.reads}.{self.name}.dlq"

    @property
    def retries(self) -> tuple[str, ...]:
        """Where the records wait that it put off: for one that came back, the later tiers."""
        if self.retry_of:
            tiers = self.retry_of.retries
            return tiers[tiers.index(self.reads) + 1 :]
        return tuple(t for t in RETRY_TOPICS if t.startswith(f"{self.reads}.{self.name}."))


STEPS: Final = (
    Step("ingester", "ingester", SUBMITTED, FETCHED),
    Step("safety-filter", "safety-filter", FETCHED, SCREENED),
    Step("metadata-annotator", "metadata-annotator.image", SCREENED, ANNOTATED),
    Step("captioner", "captioner", ANNOTATED, GENERATED),
    Step("metadata-annotator", "metadata-annotator.caption", GENERATED, CAPTIONS),
)
SINKS: Final = (
    Step("sink", "sink.captions", CAPTIONS, "captions"),
    Step("sink", "sink.images", ANNOTATED, "images"),
    Step("sink", "sink.rejections", REJECTED, "rejections"),
)
GROUPS: Final = (*STEPS, *SINKS)
TOPICS: Final = (SUBMITTED, FETCHED, SCREENED, ANNOTATED, GENERATED, CAPTIONS, REJECTED)
RETRY_TOPICS: Final = topic_list().retry_topics()
TIERS: Final = tuple(
    Step(step.service, topic.removeprefix(f"{step.reads}."), topic, step.writes, step)
    for step in STEPS
    for topic in step.retries
)
WATCHED: Final = (*GROUPS, *TIERS)
"""All that reads: of a group with retry topics, each of its topics by itself."""

ALL_TOPICS: Final = (*TOPICS, *(step.dead_letters for step in GROUPS), *RETRY_TOPICS)

REAL: Final = {
    "ingester": "chaos.quick_retries",
    "safety-filter": "pixelprose.safety_filter",
    "metadata-annotator": "pixelprose.metadata_annotator",
    "captioner": "pixelprose.captioner",
    "sink": "pixelprose.sink",
}
CANARY: Final = REAL | {
    "safety-filter": "chaos.canary.safety_filter",
    "metadata-annotator": "chaos.canary.metadata_annotator",
    "captioner": "chaos.canary.captioner",
}

AT_FIRST: Final = tuple(
    Name(service, slot)
    for service, slots in {
        "ingester": 2,
        "safety-filter": 1,
        "metadata-annotator": 1,
        "captioner": 2,
        "sink": 2,
    }.items()
    for slot in range(slots)
)


def steps_of(service: str) -> tuple[Step, ...]:
    """The groups that a service's processes are members of."""
    return tuple(step for step in GROUPS if step.service == service)
