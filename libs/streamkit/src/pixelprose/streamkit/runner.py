"""The loop: poll, hand to the worker, keep finished work in order, commit it with its positions."""

import random
import time
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Generic, TypeVar

import structlog

from pixelprose.streamkit.codec import Codec
from pixelprose.streamkit.dead_letters import DeadLetters, utc_now
from pixelprose.streamkit.errors import OutputTooLarge, Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.flow import Flow
from pixelprose.streamkit.log import Log, Message, Outgoing, TopicPartition
from pixelprose.streamkit.metrics import Metrics
from pixelprose.streamkit.metrics.of_runner import RunnerMetrics
from pixelprose.streamkit.runner_settings import RunnerSettings
from pixelprose.streamkit.suspicion import Suspicion
from pixelprose.streamkit.trials import Trials
from pixelprose.streamkit.verdict import DEAD, Judge
from pixelprose.streamkit.window import Entry, Windows
from pixelprose.streamkit.worker import Worker

I = TypeVar("I")  # noqa: E741 - input, as in every generic of this library
O = TypeVar("O")  # noqa: E741 - output
P = TypeVar("P")

BURST = 200
"""Most messages taken in one tick before finished work is looked at."""

BUSY_POLL_SECONDS = 0.01
"""Longest poll while work is in flight: how late its end may be noticed."""

RECOMMIT_SECONDS = 0.2
"""Longest wait after a commit that did not happen."""

KEEPING = {ExitCode.UNAVAILABLE, ExitCode.FUSE_BLOWN}
"""Reasons to stop that leave the log sound: what is finished is committed first."""


class Runner(Generic[I, O, P]):
    """Owns consuming, ordering, committing, retries and dead letters of one service.

    Positions are those of the finished prefix of each partition, and go out in the same commit as
    the outputs. What a step does runs in the worker; everything else in the thread that calls
    `run`.
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
        self._judge = Judge(codec, DeadLetters(service, version=version, now=now))
        self._metrics = RunnerMetrics(metrics, service=service)
        self._events = structlog.get_logger("runner").bind(service=service)
        self._flow = Flow(settings)
        self._suspicion = Suspicion(settings)
        self._trials = Trials(
            worker,
            self._judge,
            settings,
            metrics=self._metrics,
            clock=clock,
            uniform=uniform,
        )
        self._windows: Windows[I, O, P] = Windows()
        self._commit_at = clock() + settings.commit_seconds
        self._committing = False
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
            if stop.code in KEEPING and not self._committing:
                self._windows.advance()
                self._commit()
            raise
        finally:
            self._subscribed = False
            self._worker.close()
            self._log.close()

    def tick(self, timeout_seconds: float = 0.05) -> None:
        """One turn of the loop; waits at most `timeout_seconds` for a message."""
        self.beats += 1
        self._read(timeout_seconds)
        self._settle()
        ready = self._windows.advance()
        self._steer()
        if self._clock() >= self._commit_at or ready >= self._settings.max_in_flight / 2:
            done = self._commit()
            wait = self._settings.commit_seconds
            self._commit_at = self._clock() + (wait if done else min(wait, RECOMMIT_SECONDS))
            self._metrics.show(
                self._windows,
                held=len(self._suspicion),
                paused=len(self._flow.paused),
                now=self._now(),
            )

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """Begin these anew."""
        self._events.info("assigned", partitions=_numbers(partitions))
        for at in partitions:
            self._windows.open(at)

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Leave these to their next owner, work and all."""
        self._events.info("revoked", partitions=_numbers(partitions))
        self._forget(partitions)

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        """Drop these: they may have another owner already."""
        self._events.warning("lost", partitions=_numbers(partitions))
        self._forget(partitions)

    def _forget(self, partitions: Collection[TopicPartition]) -> None:
        # The client keeps a pause through revoke and assign: the partition would stay silent.
        self._log.resume([at for at in partitions if self._flow.forget(at)])
        for at in partitions:
            self._windows.forget(at)
        self._suspicion.release(now=self._clock())

    def _read(self, timeout_seconds: float) -> None:
        if self._windows.records:
            timeout_seconds = min(timeout_seconds, BUSY_POLL_SECONDS)
        for _ in range(BURST):
            message = self._log.poll(timeout_seconds)
            if message is None or self._begin(message):
                return
            timeout_seconds = 0.0

    def _begin(self, message: Message) -> bool:
        """Hand a message to the worker; return whether its partition, or the whole, is full."""
        entry: Entry[I, O, P] = Entry(message)
        window = self._windows.add(entry)
        if window is None:
            raise Stop(
                ExitCode.CLIENT_BROKEN,
                f"the client delivered {message.at} {message.offset}, which is not due",
            )
        if not self._trials.begin(entry):
            self._end(entry)
        return (
            len(window.waiting) >= self._settings.max_in_flight_per_partition
            or self._windows.records >= self._settings.max_in_flight
            or self._windows.bytes >= self._settings.max_in_flight_bytes
        )

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
        waiting = {at: len(window.waiting) for at, window in self._windows.items()}
        if self._stopping:
            if pause := self._flow.stop(waiting):
                self._log.pause(pause)
            return
        pause, resume = self._flow.decide(
            waiting, records=self._windows.records, size=self._windows.bytes
        )
        if pause:
            self._log.pause(pause)
        if resume:
            self._log.resume(resume)

    def _commit(self) -> bool:
        """Commit every finished prefix and idle position; return whether nothing is left over."""
        began = self._clock()
        entries = [entry for _, window in self._windows.items() for entry in window.ready]
        positions = self._positions()
        if not positions:
            return True
        outputs, owners, letters = _appended(entries)
        self._committing = True
        try:
            done = self._log.commit(outputs, letters, positions)
        except OutputTooLarge as error:
            self._committing = False
            for owner in {id(owners[index]): owners[index] for index in error.outputs}.values():
                owner.verdict = self._judge.condemned(owner.message, "output_too_large", error)
                self._end(owner)
            self._metrics.aborted()
            return False
        self._committing = False
        if not done:
            self._metrics.aborted()
            return False
        self._windows.committed(positions)
        self._metrics.committed(entries, seconds=self._clock() - began)
        self._events.debug("committed", records=len(entries), outputs=len(outputs))
        return True

    def _positions(self) -> dict[TopicPartition, int]:
        """Behind each finished prefix; where nothing is in flight, what the log calls idle."""
        positions = {
            at: window.ready[-1].message.offset + 1
            for at, window in self._windows.items()
            if window.ready
        }
        known = {at: w.committed for at, w in self._windows.items() if not w.waiting}
        for at, idle in self._log.idle_positions(known).items():
            if idle > positions.get(at, known[at]):
                positions[at] = idle
        return positions

    def _drain(self) -> None:
        self._events.info("draining", records=self._windows.records)
        deadline = self._clock() + self._settings.drain_seconds
        while self._windows.unfinished and self._clock() < deadline:
            self.tick()
        self._windows.advance()
        done = self._commit()
        while not done and self._clock() < deadline:
            self.tick()
            done = self._commit()
        if not done or self._windows.unfinished:
            raise Stop(
                ExitCode.DRAIN_TIMED_OUT,
                f"{self._windows.records} records were not finished within "
                f"{self._settings.drain_seconds:g} s; they will be worked on again",
            )
        self._events.info("drained")


def _appended(
    entries: list[Entry[I, O, P]],
) -> tuple[list[P], list[Entry[I, O, P]], list[Outgoing]]:
    """All outputs in order, the record that each came of, and the dead letters."""
    outputs: list[P] = []
    owners: list[Entry[I, O, P]] = []
    letters: list[Outgoing] = []
    for entry in entries:
        if entry.verdict is None:
            continue
        outputs.extend(entry.verdict.outputs)
        owners.extend(entry for _ in entry.verdict.outputs)
        if entry.verdict.dead_letter:
            letters.append(entry.verdict.dead_letter)
    return outputs, owners, letters


def _numbers(partitions: Collection[TopicPartition]) -> list[int]:
    return sorted(at.partition for at in partitions)
