"""`pixelprose captions`: the table's rows if asked for, then the topic's records."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, Final

from rich.console import Console

from pixelprose.cli.captions import starting
from pixelprose.cli.captions.reader import Reader
from pixelprose.cli.captions.starting import TOPIC, Span
from pixelprose.cli.captions.tail import Tail
from pixelprose.cli.captions.view import card, line
from pixelprose.cli.choices import Output
from pixelprose.cli.client_settings import ClientSettings, client_settings
from pixelprose.cli.errors import WrongUsage
from pixelprose.cli.group_positions import positions
from pixelprose.cli.lake_settings import lake_of
from pixelprose.cli.progress import looking
from pixelprose.cli.redrive.filters import moment
from pixelprose.cli.slowly import Slowly
from pixelprose.cli.stopping import asked_to_stop
from pixelprose.cli.writing import ReaderLeft, Writer
from pixelprose.curator import LakeTable, Where
from pixelprose.curator.where import check_where, condition
from pixelprose.kafkalog import cluster_id
from pixelprose.records import CaptionAnnotated, Registry, Wire

Values = dict[str, Any]

INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionsRequest:
    """The command line."""

    from_table: bool
    follow: bool
    where: str | None
    since: str | None
    group: str | None
    limit: int | None
    output: Output


def run_captions(
    request: CaptionsRequest, config: Path | None, console: Console, aside: Console
) -> int:
    """Print captions and return the exit code; `aside` is told what is no caption.

    Raises:
        CommandError, LakeError, KafkaException, StreamError: it can't be done as asked.
    """
    if request.from_table and (request.since or request.group):
        raise WrongUsage("--from-table begins with everything: leave out --since and --group")
    settings = client_settings(config)
    judge = Where(request.where)
    cluster_id(settings.kafka)  # waits for a broker, and says so if there is none
    run = _Run(request, settings, judge, Writer(console), aside)
    with asked_to_stop() as asked:
        try:
            run.print_all(asked)
        except ReaderLeft:
            return 0
    return INTERRUPTED if asked.is_set() and not request.follow else 0


@dataclass(slots=True)
class _Run:
    request: CaptionsRequest
    settings: ClientSettings
    judge: Where
    writer: Writer
    aside: Console
    printed: int = field(default=0, init=False)

    def print_all(self, asked: Event) -> None:
        with ExitStack() as held:
            with looking(self.aside, "Looking where to begin"):
                span, table = self._begin(held)
            if table is not None:
                self._print_table(table, asked)
            if not (asked.is_set() or self._enough()):
                self._print_topic(span, asked)

    def _begin(self, held: ExitStack) -> tuple[Span, LakeTable | None]:
        kafka, request = self.settings.kafka, self.request
        span = starting.whole(kafka)
        if request.from_table:
            sink = kafka.group("sink.captions", self.settings.instance)
            sunk = positions(kafka, span.starts, sink)
            table = held.enter_context(lake_of(self.settings)).open("captions")
            check_where(table, request.where)
            return starting.after_table(kafka, span, table, sunk=sunk), table
        if request.since is not None:
            span = starting.since(kafka, span, moment(request.since, now=datetime.now(UTC)))
        if request.group is not None:
            read = positions(kafka, span.starts, request.group)
            span = Span({**span.starts, **read}, span.ends)
        return span, None

    def _print_table(self, table: LakeTable, asked: Event) -> None:
        sql = f"select * from captions where {condition(self.request.where)}"  # noqa: S608 - the filter is the person's own
        for batch in table.batches(sql):
            # In slices: a batch has thousands of rows, and somebody may want to stop.
            for first in range(0, batch.num_rows, 100):
                some = batch.slice(first, 100).to_pylist(maps_as_pydicts="strict")
                self._print(some)
                if asked.is_set() or self._enough():
                    return

    def _print_topic(self, span: Span, asked: Event) -> None:
        tail = self._tail(span)
        slowly = Slowly(self.aside)
        advance = slowly(f"{TOPIC}, offsets", _size(span))
        reader = Reader(Wire(CaptionAnnotated, Registry(self.settings.registry)), self._unread)
        try:
            for messages in tail.batches(asked):
                rows = self.judge.matching(reader.rows(messages))
                if rows:
                    slowly.hide()
                self._print(rows)
                if not self.request.follow:
                    advance(len(messages))
                if self._enough():
                    return
                tail.remember()
        finally:
            slowly.hide()
            tail.close()

    def _tail(self, span: Span) -> Tail:
        return Tail(
            self.settings.kafka,
            span.starts,
            ends=None if self.request.follow else span.ends,
            group=self.request.group,
            say=lambda text: self.aside.print(text, style="yellow", highlight=False),
        )

    def _print(self, rows: Sequence[Values]) -> None:
        limit = self.request.limit
        left = len(rows) if limit is None else limit - self.printed
        for row in rows[:left]:
            if self.request.output is Output.JSON:
                self.writer.line(line(row))
            else:
                self.writer.show(card(row))
            self.printed += 1
        self.writer.flush()

    def _enough(self) -> bool:
        return self.request.limit is not None and self.printed >= self.request.limit

    def _unread(self, what: str) -> None:
        self.aside.print(f"Left out: {what}", style="yellow", highlight=False, markup=False)


def _size(span: Span) -> int:
    return sum(max(0, span.ends[lane] - start) for lane, start in span.starts.items())
