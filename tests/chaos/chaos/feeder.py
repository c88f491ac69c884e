"""Submits the plan, spread over a schedule, as `pixelprose submit` would."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chaos.plan import Planned
from pixelprose.cli.rows import SourceRow
from pixelprose.cli.submit import Submitter
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import RegistrySettings, Rights


@dataclass(slots=True)
class Feeder:
    """Sends in the order of the plan, at an even pace; all at once after `hurry` is set.

    Attributes:
        submissions: event ids to submission ids, of what was sent.
        ended: when the last was sent, by the monotonic clock.
    """

    kafka: KafkaSettings
    planned: Sequence[Planned]
    address: str
    seconds: float
    submissions: dict[str, str] = field(default_factory=dict)
    hurry: threading.Event = field(default_factory=threading.Event)
    ended: float | None = None

    def run(self) -> None:
        """Return when all is on the topic.

        Raises:
            SubmitFailed: the broker did not take all of it.
        """
        submitter = Submitter(
            self.kafka, RegistrySettings(), source="chaos", identity=self.kafka.topic_prefix
        )
        for number, submission in submitter.submit(self._paced(), on_sent=lambda: None):
            self.submissions[str(number)] = submission
        self.ended = time.monotonic()

    def by_submission(self) -> dict[str, Planned]:
        """What was submitted, by submission id."""
        planned = {str(one.number): one for one in self.planned}
        return {submission: planned[event] for event, submission in self.submissions.items()}

    def _paced(self) -> Iterator[SourceRow]:
        began = time.monotonic()
        for index, one in enumerate(self.planned):
            due = began + self.seconds * index / len(self.planned)
            self.hurry.wait(max(0.0, due - time.monotonic()))
            yield SourceRow(
                number=one.number,
                url=f"{self.address}/{one.path}",
                alt_text=None,
                rights=Rights(licence="CC0-1.0", basis="declared"),
                fields={},
            )
