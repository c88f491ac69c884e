"""What the demo says at its end, and writes to summary.json."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Sample:
    """One caption next to what was really in the picture."""

    url: str
    caption: str
    absent: tuple[str, ...]
    truth: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The demo's figures. `rows` counts the table; the rest is counted from the topics.

    Attributes:
        seconds: from the first submission to the last terminal state.
        records_per_second: by service, over the time from its first to its last record.
        unexpected: submissions that ended otherwise than the scenario says.
        demo_facts: graded facts of the captions, right, wrong and missing (the demo's world).
    """

    submitted: int
    captioned: int
    rows: int
    rejections: Mapping[str, int]
    dead_letters: Mapping[str, int]
    ended_twice: int
    without_end: int
    unexpected: int
    seconds: float
    total_seconds: float
    records_per_second: Mapping[str, float]
    peak_memory_bytes: int
    demo_facts: Mapping[str, float]
    samples: Sequence[Sample]

    @property
    def adds_up(self) -> bool:
        """Whether every submission ended exactly once, and every caption is a row."""
        ended = self.captioned + sum(self.rejections.values()) + sum(self.dead_letters.values())
        return (
            self.submitted == ended
            and self.rows == self.captioned
            and not (self.ended_twice or self.without_end)
        )

    def document(self) -> dict[str, object]:
        """Return the summary as plain values for JSON."""
        return {**asdict(self), "adds_up": self.adds_up}

    def render(self) -> Group:
        """Return the summary for a terminal."""
        return Group(self._sum(), *map(_sample, self.samples))

    def _sum(self) -> Table:
        table = Table(title="How every submission ended", title_justify="left", box=None)
        table.add_column("end")
        table.add_column("count", justify="right")
        table.add_row("submitted", f"{self.submitted:,}", style="bold")
        table.add_row("captioned (rows in the table)", f"{self.rows:,}")
        for reason, count in self.rejections.items():
            table.add_row(f"rejected: {reason}", f"{count:,}")
        for reason, count in self.dead_letters.items():
            table.add_row(f"dead letter: {reason}", f"{count:,}", style="yellow")
        verdict = "adds up: each exactly once" if self.adds_up else "DOES NOT ADD UP"
        table.add_row(verdict, "", style="green" if self.adds_up else "bold red")
        return table


def _sample(sample: Sample) -> Panel:
    text = Text()
    text.append("caption  ", style="dim").append(sample.caption + "\n")
    if sample.absent:
        text.append("absent   ", style="dim").append(", ".join(sample.absent) + "\n")
    text.append("picture  ", style="dim").append(sample.truth)
    return Panel(text, title=sample.url, title_align="left", border_style="dim")


def records_per_second(times: Mapping[str, Sequence[datetime]]) -> dict[str, float]:
    """Return each service's rate between its first and last record of these."""
    rates = {}
    for service, moments in times.items():
        span = (max(moments) - min(moments)).total_seconds() if moments else 0.0
        rates[service] = round((len(moments) - 1) / span, 1) if span else 0.0
    return rates
