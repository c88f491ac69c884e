"""Known bugs, put back in copies: what each does is its whole body."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pixelprose.ingester.quarantine import Quarantine
from pixelprose.ingester.receipt import Accepted
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.step import IngestStep
from pixelprose.kafkalog import KafkaLog
from pixelprose.kafkalog.settings import Configuration
from pixelprose.objectstore import seen
from pixelprose.records import ImageFetched, SubmissionId, Submitted
from pixelprose.sink.admission import Owners
from pixelprose.sink.guarded import Appended, AppId, Conflict, GuardedTable, Snapshot, Table
from pixelprose.sink.letters import LetterCodec
from pixelprose.sink.positions import Positions as BrokerPositions
from pixelprose.sink.row import Row, Who
from pixelprose.sink.table_log import TableLog
from pixelprose.streamkit import (
    Committed,
    Emit,
    Later,
    Message,
    Outcome,
    Outgoing,
    Reject,
    Runner,
    Stop,
    TopicPartition,
)
from pixelprose.streamkit.commits import Commits
from pixelprose.streamkit.testing import MemoryLog
from pixelprose.streamkit.window import Windows

Positions = Mapping[TopicPartition, Committed]


class OffsetsBeforeOutputs(MemoryLog):
    def commit(
        self, outputs: Sequence[Outgoing], letters: Sequence[Outgoing], positions: Positions
    ) -> bool:
        return super().commit((), (), positions) and super().commit(outputs, letters, {})


class AutoCommit(MemoryLog):
    def poll(self, timeout_seconds: float) -> Message | None:
        message = super().poll(timeout_seconds)
        self.broker.positions |= self.idle_positions(self._next)
        return message


class GuessesEarliest(MemoryLog):
    def _take(self, at: TopicPartition) -> Message | None:
        try:
            return super()._take(at)
        except Stop:
            self.broker.positions[at] = self.broker.firsts[at]
            return super()._take(at)


def overriding(changes: Configuration) -> type[KafkaLog]:
    class Overrides(KafkaLog):
        def __init__(self, *positional: Any, **named: Any) -> None:  # noqa: ANN401 - as the one it stands in for
            super().__init__(*positional, **named)
            self._consumer_configuration = {**self._consumer_configuration, **changes}

    return Overrides


class KeepsRevokedWork(Runner[str, str, Any]):
    def _forget(self, partitions: Sequence[TopicPartition]) -> None:  # type: ignore[override]
        self._log.resume([at for at in partitions if self._flow.forget(at)])


class KeepsThePause(Runner[str, str, Any]):
    def _forget(self, partitions: Sequence[TopicPartition]) -> None:  # type: ignore[override]
        for at in partitions:
            self._flow.forget(at)
            self._windows.forget(at)
        self._suspicion.release(now=self._clock())


class _Discards(Commits[str, str, Any]):
    def finished(self) -> bool:
        done = super().finished()
        if not done:
            for _, window in self._windows.items():
                window.ready.clear()
        return done


class DiscardsAfterAFailedCommit(Runner[str, str, Any]):
    def __init__(self, *positional: Any, **named: Any) -> None:  # noqa: ANN401 - as the one it stands in for
        super().__init__(*positional, **named)
        self._commits.__class__ = _Discards


class _TakesNoLeave(Commits[str, str, Any]):
    def take_leave(self, partitions: Collection[TopicPartition]) -> None:
        pass


class TakesNoLeave(Runner[str, str, Any]):
    def __init__(self, *positional: Any, **named: Any) -> None:  # noqa: ANN401 - as the one it stands in for
        super().__init__(*positional, **named)
        self._commits.__class__ = _TakesNoLeave


class _KnowsNoneUnderWay(Commits[str, str, Any]):
    under_way = property(lambda _: False, lambda *_: None)


class CommitsAgainAtAStop(Runner[str, str, Any]):
    def __init__(self, *positional: Any, **named: Any) -> None:  # noqa: ANN401 - as the one it stands in for
        super().__init__(*positional, **named)
        self._commits.__class__ = _KnowsNoneUnderWay


class DrainsWithoutACommit(Runner[str, str, Any]):
    def _drain(self) -> None:
        deadline = self._clock() + self._settings.drain_seconds
        while self._windows.unfinished and self._clock() < deadline:
            self.tick()


class OneWindow(Windows[str, str, Any]):
    def advance(self) -> int:
        return 0 if self.unfinished else super().advance()


class GlobalWindow(Runner[str, str, Any]):
    def __init__(self, *positional: Any, **named: Any) -> None:  # noqa: ANN401 - as the one it stands in for
        super().__init__(*positional, **named)
        self._windows.__class__ = OneWindow


class ClaimsBeforeTheReceipt(IngestStep):
    async def _decide(self, submitted: Submitted) -> Accepted | Refusal | Later:
        decided = await super()._decide(submitted)
        if isinstance(decided, Accepted):
            sha256 = decided.record.image.sha256
            await self.quarantine.claim(sha256, claimant=submitted.submission_id)
        return decided


class TakesAReplayForADuplicate(IngestStep):
    async def _claimed(self, record: ImageFetched) -> Outcome[ImageFetched]:
        quarantine: Quarantine = self.quarantine
        key, claimant = seen(record.image.sha256), record.submission.submission_id
        store = quarantine._store
        if await quarantine._call(
            "put_claim",
            lambda: store.put_if_absent(key, claimant.encode(), content_type="text/plain"),
        ):
            return Emit((record,))
        owner = await quarantine._call("get_owner", lambda: store.get(key))
        return Reject("duplicate_content", duplicate_of=SubmissionId(owner.decode()))


@dataclass(frozen=True)
class _ByPath(Snapshot):
    read: Snapshot
    table: Table

    def version_of(self, app: AppId) -> int | None:
        return self.read.version_of(app)

    def owners(self, rows: Sequence[Row], *, since: object | None) -> Owners:
        return self.read.owners(rows, since=since)

    def newest(self, after: object | None, *, limit: int) -> tuple[Mapping[str, Any], object]:
        return self.read.newest(after, limit=limit)

    def append(self, rows: Sequence[Row], versions: Mapping[AppId, int]) -> None:
        self.table.snapshot().append(rows, versions)


@dataclass(frozen=True)
class CommitsByPath(Table):
    inner: Table

    def snapshot(self) -> Snapshot:
        return _ByPath(self.inner.snapshot(), self.inner)


class ComparesOnce(GuardedTable):
    def append(self, rows: Sequence[Row]) -> Appended:
        snapshot = self.table.snapshot()
        last = self._last(snapshot, {row.at for row in rows})
        new = [row for row in rows if row.offset > last.get(row.at, -1)]
        while new:
            try:
                snapshot.append(new, self._versions(new))
                break
            except Conflict:
                snapshot = self.table.snapshot()
        return Appended(len(new))


class OffsetsBeforeTheTable(TableLog[Row]):
    def commit(
        self, outputs: Sequence[Row], letters: Sequence[Outgoing], positions: Positions
    ) -> bool:
        return self._inner.commit((), letters, positions) and super().commit(outputs, (), {})


@dataclass(frozen=True)
class _VersionsOfTheConsumer(GuardedTable):
    read: Mapping[TopicPartition, int] = field(default_factory=dict)

    def _versions(self, rows: Sequence[Row]) -> dict[AppId, int]:
        return {self.apps[row.at]: self.read[row.at] - 1 for row in rows}


class WritesTheConsumersPosition(TableLog[Row]):
    def commit(
        self, outputs: Sequence[Row], letters: Sequence[Outgoing], positions: Positions
    ) -> bool:
        read = self.idle_positions(self._table.apps)
        self._table = _VersionsOfTheConsumer(self._table.table, self._table.apps, read=read)
        return super().commit(outputs, letters, positions)


class ForgetsWhatItRefused(GuardedTable):
    def append(self, rows: Sequence[Row]) -> Appended:
        given = {(row.at, row.offset): row for row in rows}
        done = super().append([replace(row, cause=None) for row in rows])
        return Appended(
            done.new,
            [replace(one, row=given[one.row.at, one.row.offset]) for one in done.refused],
        )


@dataclass(frozen=True)
class _OfNobody(_ByPath):
    def owners(self, rows: Sequence[Row], *, since: object | None) -> Owners:
        return {row_id: {Who("", 0)} for row_id in super().owners(rows, since=since)}

    def append(self, rows: Sequence[Row], versions: Mapping[AppId, int]) -> None:
        self.read.append(rows, versions)


@dataclass(frozen=True)
class KnowsNoOwner(Table):
    inner: Table

    def snapshot(self) -> Snapshot:
        return _OfNobody(self.inner.snapshot(), self.inner)


class RejectsBesideTheCommit(TableLog[Row]):
    def commit(
        self, outputs: Sequence[Row], letters: Sequence[Outgoing], positions: Positions
    ) -> bool:
        ends = self._refusals.ends(self._table.append(outputs).refused)
        told = not ends or self._inner.commit((), ends, {})
        return told and self._inner.commit((), letters, positions)


def names_the_topic_alone(_: int, at: TopicPartition) -> AppId:
    return f"cluster/{at.topic}/{at.partition}"


class NamesTheTopicAlone(BrokerPositions):
    def app_ids(self, topics: Sequence[str]) -> dict[TopicPartition, AppId]:
        return {at: names_the_topic_alone(0, at) for at in super().app_ids(topics)}


class NamesALetterByItsTopic(LetterCodec):
    def __init__(self, *, cluster: str, apps: Mapping[TopicPartition, AppId]) -> None:
        named = {at: names_the_topic_alone(0, at) for at in apps}
        super().__init__(cluster=cluster, apps=named)
