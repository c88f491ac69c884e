"""Counts per service, read from the services' own metrics."""

import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

_TIMEOUT_SECONDS = 1.0
_RECORDS = "pixelprose_records_total"


@dataclass(slots=True)
class ServiceCounts:
    """What one service has committed since counting began, over its restarts.

    A process counts from zero; what a dead one had counted is kept and added.
    """

    name: str
    address: str
    before: Counter[tuple[str, str]] = field(default_factory=Counter)
    now: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: bool = False

    def refresh(self) -> None:
        """Ask the service once; a service that does not answer keeps its last counts."""
        try:
            found = _scrape(f"{self.address}/metrics")
        except (urllib.error.URLError, OSError):
            self.answers = False
            return
        if found.total() < self.now.total():
            self.before += self.now
        self.now, self.answers = found, True

    def outcomes(self) -> Mapping[str, Mapping[str, int]]:
        """Return counts by step and outcome (emitted, rejected, skipped, dead_letter)."""
        both: dict[str, Counter[str]] = {}
        for (step, outcome), count in (self.before + self.now).items():
            both.setdefault(step, Counter())[outcome] += count
        return both


def all_sunk(services: Iterable[ServiceCounts]) -> bool:
    """Return whether the sinks have dealt with whatever the other steps say they sent."""
    steps = {step: found for one in services for step, found in one.outcomes().items()}

    def sent(outcome: str, *of: str) -> int:
        return sum(steps.get(step, {}).get(outcome, 0) for step in of)

    others = [step for step in steps if not step.startswith("sink.")]
    sent_to = {
        "sink.captions": sent("emitted", "metadata-annotator.caption"),
        "sink.images": sent("emitted", "metadata-annotator.image"),
        "sink.rejections": sent("rejected", *others),
        "sink.dead_letters": sent("dead_letter", *others),
    }
    return all(sum(steps.get(sink, {}).values()) >= count for sink, count in sent_to.items())


def _scrape(url: str) -> Counter[tuple[str, str]]:
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own loopback service
        text = answer.read().decode()
    counts: Counter[tuple[str, str]] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == _RECORDS:
                key = sample.labels["service"], sample.labels["outcome"]
                counts[key] += int(sample.value)
    return counts


def is_ready(address: str) -> bool:
    """Return whether the service behind `address` reads its topic."""
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own loopback service
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
    except (urllib.error.URLError, OSError):
        return False
