"""The loop: poll, hand to the worker, keep finished work in order, commit it with its positions."""

import random
import time
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Generic

import structlog

from pixelprose.streamkit.codec import Codec
from pixelprose.streamkit.commits import Commits
from pixelprose.streamkit.errors import OutputTooLarge, Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.flow import Flow
from pixelprose.streamkit.intake import Intake
from pixelprose.streamkit.killers import KillerRecord, Note
from pixelprose.streamkit.letters.dead import DeadLetters, utc_now
from pixelprose.streamkit.letters.retries import Retries
from pixelprose.streamkit.log import Committed, Log, Message, TopicPartition
from pixelprose.streamkit.metrics import Metrics
from pixelprose.streamkit.metrics.of_runner import RunnerMetrics
from pixelprose.streamkit.runner_settings import RunnerSettings
from pixelprose.streamkit.suspicion import Suspicion
from pixelprose.streamkit.trials import Trials
from pixelprose.streamkit.verdict import DEAD, Judge
from pixelprose.streamkit.window import Entry, Window, Windows
from pixelprose.streamkit.worker import I, O, P, Worker

BURST = 20
"""Most messages taken in one tick before finished work is looked at. Ten times as many records,
decoded, leave the processor's cache: a turn of 2.5 KB records then costs a sixth more."""

BUSY_POLL_SECONDS = 0.01
"""Longest poll while work is in flight: how late its end may be noticed."""

RECOMMIT_SECONDS = 0.2
"""Longest wait after a commit that did not happen."""

NO_RETRIES = Retries()


KEEPING = {ExitCode.UNAVAILABLE, ExitCode.FUSE_BLOWN}
"""Reasons to stop that leave the log sound: what is finished is committed first."""


class Runner(Generic[I, O, P]):
    """Owns consuming, ordering, committing, retries and dead letters of one service.

    Positions are those of the finished prefix of each partition, and go out in the same commit as
    the outputs. What a step does runs in the worker; everything else in the thread that calls
    `run`. While `held_back` says so, nothing new is read. `owning` is told, in that thread, all
    partitions that are this process's whenever they change.
    """

    def __init__(  # noqa: PLR0913 - everything that the loop touches is passed in
        self,
        log: Log[P],
        codec: Codec[I, O, P],
        worker: Worker[I, O],
        settings: RunnerSettings,
        *,
        service: str,
        version: str,
        metrics: Metrics,
        retries: Retries = NO_RETRIES,
        held_back: Callable[[], bool] = lambda: False,
        owning: Callable[[Collection[TopicPartition]], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.service = service
        self.beats = 0
        self._log = log
        self._worker = worker
        self._settings = settings
        self._clock = clock
        self._now = now
        self._held_back = held_back
        self._owning = owning
        self._judge = Judge(codec, DeadLetters(service, version=version, now=now), retries)
        self._metrics = RunnerMetrics(metrics, service=service)
        self._events = structlog.get_logger("runner").bind(service=service)
        self._flow = Flow(settings)
        self._suspicion = Suspicion(settings)
        self._trials = Trials(
            worker, self._judge, settings, metrics=self._metrics, clock=clock, uniform=uniform
        )
        self._windows: Windows[I, O, P] = Windows()
        self._intake = Intake(
            self._windows, retries, span=settings.max_in_flight_per_partition, now=now
        )
        self._commits = Commits(
            log, self._windows, self._metrics, too_large=self._condemn, clock=clock
        )
        self._commit_at = clock() + settings.commit_seconds
        self._subscribed = False
        self._stopping = False

    @property
    def ready(self) -> bool:
        """Whether the group was joined and nobody asked to stop."""
        return self._subscribed and not self._stopping

    def probe(self) -> None:
        """Return when the log is usable; raises as `Log.probe` does."""
        self._log.probe()

    def stop(self) -> None:
        """Ask for a drain (safe in a signal handler)."""
        self._stopping = True

    def run(self) -> None:
        """Work until `stop`, then finish what is in flight, commit and leave the group.

        Raises:
            Unavailable: the broker did not answer at the start.
            Stop: the process must end; what was finished is committed where that is still sound.
        """
        try:
            self._log.probe()
            self._log.subscribe(self)
            self._subscribed = True
            self._events.info("started")
            while not self._stopping:
                self.tick()
            self._drain()
        except Stop as stop:
            if stop.code in KEEPING and not self._commits.under_way:
                self._windows.advance()
                self._commits.finished()
                self._commits.take_leave(self._windows.partitions)
            raise
        finally:
            self._subscribed = False
            self._worker.close()
            self._log.close()

    def tick(self, timeout_seconds: float = 0.05) -> None:
        """One turn of the loop; waits at most `timeout_seconds` for a message."""
        self.beats += 1
        self._read(timeout_seconds)
        alone = self._begin()
        self._settle()
        ready = self._windows.advance()
        self._steer()
        if self._clock() >= self._commit_at or ready >= (1 if alone else self._enough):
            done = self._commits.finished()
            wait = self._settings.commit_seconds
            self._commit_at = self._clock() + (wait if done else min(wait, RECOMMIT_SECONDS))
            self._show()

    @property
    def _enough(self) -> float:
        """Ready records that are committed at once; fewer when they are large."""
        heavy = self._windows.bytes >= self._settings.max_in_flight_bytes / 2
        return (self._windows.records if heavy else self._settings.max_in_flight) / 2

    def _show(self) -> None:
        held, now = len(self._suspicion), self._now()
        asleep = sum(self._intake.asleep(window) for _, window in self._windows.items())
        self._metrics.show(self._windows, held=held, asleep=asleep, flow=self._flow, now=now)

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Begin these anew."""
        self._events.info("assigned", partitions=_names(partitions))
        for at in partitions:
            self._windows.open(at)
        self._owning(self._windows.partitions)

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Leave these to their next owner, work and all."""
        self._events.info("revoked", partitions=_names(partitions))
        # Else a slow record that moves often would be taken for a killer.
        self._commits.take_leave(partitions)
        self._forget(partitions)

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        """Drop these: they may have another owner already."""
        self._events.warning("lost", partitions=_names(partitions))
        self._forget(partitions)

    def _forget(self, partitions: Collection[TopicPartition]) -> None:
        # The client keeps a pause through revoke and assign: the partition would stay silent.
        self._log.resume([at for at in partitions if self._flow.forget(at)])
        for at in partitions:
            self._windows.forget(at)
        self._owning(self._windows.partitions)
        self._suspicion.release(now=self._clock())

    def _read(self, timeout_seconds: float) -> None:
        if self._windows.records:
            timeout_seconds = min(timeout_seconds, BUSY_POLL_SECONDS)
        for _ in range(BURST):
            message = self._log.poll(timeout_seconds)
            if message is None or self._take(message):
                return
            timeout_seconds = 0.0

    def _take(self, message: Message) -> bool:
        """Take a message in; return whether its partition, or the whole, takes no more."""
        window = self._intake.put(message)
        if window is None:
            detail = f"the client delivered {message.at} {message.offset}, which is not due"
            raise Stop(ExitCode.CLIENT_BROKEN, detail)
        return (
            len(window.waiting) >= self._settings.max_in_flight_per_partition
            or self._windows.records >= self._settings.max_in_flight
            or self._windows.bytes >= self._settings.max_in_flight_bytes
            or self._intake.asleep(window)
        )

    def _begin(self) -> bool:
        """Hand to the worker what may begin; return whether records are tried one at a time."""
        if self._stopping:
            return False
        if new := self._intake.unannounced():
            self._commits.say(self._intake.announcements(self._log.committed(new)))
        self._commits.say(self._windows.survivors())
        if suspects := self._intake.suspects():
            at, window = suspects[0]
            if not self._windows.unfinished and not window.ready:
                self._begin_alone(at, window)
            return True
        for entry in self._intake.due():
            self._try(entry)
        return False

    def _begin_alone(self, at: TopicPartition, window: Window[I, O, P]) -> None:
        note = window.note or Note()
        if note.condemns:
            error = KillerRecord(f"{note.tried} processes died with nothing but it in work")
            entry = window.fresh.popleft()
            entry.verdict = self._judge.condemned(entry.message, "killer_record", error)
            self._end(entry)
        elif self._commits.say({at: Committed(window.committed, str(note.announced()))}):
            self._try(window.fresh.popleft())

    def _try(self, entry: Entry[I, O, P]) -> None:
        if not self._trials.begin(entry):
            self._end(entry)

    def _settle(self) -> None:
        for entry in self._trials.ended():
            self._end(entry)
        self._suspicion.release(now=self._clock())

    def _end(self, entry: Entry[I, O, P]) -> None:
        if entry.verdict and entry.verdict.outcome == DEAD:
            self._events.warning(
                "dead letter",
                reason=entry.verdict.reason,
                topic=entry.message.at.topic,
                partition=entry.message.at.partition,
                offset=entry.message.offset,
            )
        self._suspicion.weigh(entry, now=self._clock())

    def _steer(self) -> None:
        full = self._settings.max_in_flight_per_partition
        waiting = {
            at: full if self._intake.asleep(window) else len(window.waiting)
            for at, window in self._windows.items()
        }
        if self._stopping:
            if pause := self._flow.stop(waiting):
                self._log.pause(pause)
            return
        pause, resume = self._flow.decide(
            waiting,
            records=self._windows.records,
            size=self._windows.bytes,
            held_back=self._held_back(),
        )
        if pause:
            self._log.pause(pause)
        if resume:
            self._log.resume(resume)

    def _condemn(self, entry: Entry[I, O, P], error: OutputTooLarge) -> None:
        entry.verdict = self._judge.condemned(entry.message, "output_too_large", error)
        self._end(entry)

    def _drain(self) -> None:
        self._events.info("draining", records=self._windows.records)
        deadline = self._clock() + self._settings.drain_seconds
        while self._windows.unfinished and self._clock() < deadline:
            self.tick()
        self._windows.advance()
        done = self._commits.finished()
        while not done and self._clock() < deadline:
            self.tick()
            done = self._commits.finished()
        if done:
            self._commits.take_leave(self._windows.partitions)
        if not done or self._windows.unfinished:
            raise Stop(
                ExitCode.DRAIN_TIMED_OUT,
                f"{self._windows.records} records were not finished within "
                f"{self._settings.drain_seconds:g} s; they will be worked on again",
            )
        self._events.info("drained")


def _names(partitions: Collection[TopicPartition]) -> list[str]:
    return [f"{at.topic}/{at.partition}" for at in sorted(partitions)]
