"""Tables as Delta tables in an S3 store, through delta-rs."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from deltalake import (
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Schema,
    Transaction,
)
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction

from pixelprose.lake import PARTITION_BY, TableSpec
from pixelprose.objectstore import ObjectStore, StoreError, StoreSettings
from pixelprose.sink import row_ids
from pixelprose.sink.datafile import DataFiles, Put, into_folder, into_store
from pixelprose.sink.evolution import Fields, clashes, fitted, is_known, joining
from pixelprose.sink.gathered import gathered
from pixelprose.sink.guarded import AppId, Conflict, Snapshot, Table
from pixelprose.sink.kept import KeptHandle
from pixelprose.sink.row import Row, Who
from pixelprose.streamkit import ExitCode, Stop, Unavailable

StorageOptions = Mapping[str, str]

_CHECKPOINT_EVERY: Final = 100
"""Commits from one checkpoint to the next."""


def storage_options(store: StoreSettings) -> StorageOptions:
    """Return delta-rs' options for the store; a commit is a conditional put there."""
    return {
        "AWS_ENDPOINT_URL": store.endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": store.region,
        "AWS_ACCESS_KEY_ID": store.access_key,
        "AWS_SECRET_ACCESS_KEY": store.secret_key.get_secret_value(),
        "aws_conditional_put": "etag",
        # All tries of a request end before the watchdog takes the loop for hung; the runner itself
        # then waits and tries again, and knows when to give up.
        "timeout": "20s",
        "connect_timeout": "5s",
        "retry_timeout": "30s",
        "max_retries": "5",
    }


class DeltaSnapshot(Snapshot):
    """One handle: what was read on it is what the commit is held against; there is one commit."""

    def __init__(
        self,
        handle: DeltaTable,
        spec: TableSpec,
        files: DataFiles,
        *,
        give_back: Callable[[], None],
    ) -> None:
        self._handle = handle
        self._spec = spec
        self._files = files
        self._give_back = give_back

    def version_of(self, app: AppId) -> int | None:
        """Return the last offset of this partition that the table holds."""
        try:
            return self._handle.transaction_version(app)
        except (DeltaError, OSError) as error:  # it reads the log for this
            raise Unavailable("table", f"{self._spec.name}: {error}") from error

    def newest(self, after: object | None, *, limit: int) -> tuple[Mapping[str, Any], object]:
        """Return row_ids that came since the mark `after` with their times, and the mark of now."""
        mark = after if isinstance(after, row_ids.Mark) else None
        with _store(self._spec):
            return row_ids.newest(self._handle, mark, limit=limit)

    def owners(self, rows: Sequence[Row], *, since: object | None) -> Mapping[str, Collection[Who]]:
        """Return the row_ids among those of `rows` that the table holds, and whose they are."""
        begin = since if isinstance(since, datetime) else None
        with _store(self._spec):
            return row_ids.owners(self._handle, rows, since=begin)

    def append(self, rows: Sequence[Row], versions: Mapping[AppId, int]) -> None:
        """Append the rows and set the partitions' versions: both, or neither.

        Columns that the table has not yet join it first, which is a commit of its own; what was
        read is then older than the table, and must be compared again.

        Raises:
            Stop: a column of ours has another type in the table.
        """
        with _store(self._spec):
            columns = self._columns()
        values = fitted(gathered(self._spec, rows), columns)
        with _store(self._spec):
            files = self._files.write(values)
            self._commit(files, versions, rows=values.num_rows)
        del self._handle  # the next look may bring it forward
        self._give_back()

    def _commit(
        self, files: Sequence[AddAction], versions: Mapping[AppId, int], *, rows: int
    ) -> None:
        metrics = {"num_added_files": len(files), "num_added_rows": rows}
        self._handle.create_write_transaction(
            [*files],
            mode="append",
            schema=self._handle.schema(),
            partition_by=[PARTITION_BY],
            commit_properties=CommitProperties(
                custom_metadata={"operationMetrics": metrics},
                app_transactions=[Transaction(app, last) for app, last in versions.items()],
            ),
            post_commithook_properties=_after_commit(self._handle),
        )

    def _columns(self) -> Fields:
        """Return the table's columns; all of ours are among them."""
        known: Any = self._handle.schema().to_arrow()
        ours, theirs = list(self._spec.schema), list(pa.schema(known))
        if clash := list(clashes(ours, theirs)):
            detail = f"table {self._spec.name} has columns that this release cannot write: {clash}"
            raise Stop(ExitCode.BAD_CONFIGURATION, detail)
        if lacking := [field for field in joining(ours, theirs) if not is_known([field], theirs)]:
            self._handle.alter.add_columns(Schema.from_arrow(pa.schema(lacking)).fields)
            # That commit is held against no position, and it took the handle past whatever came
            # between: an append on it could write rows that are there.
            raise Conflict(f"columns joined table {self._spec.name}")
        return theirs


def _after_commit(handle: DeltaTable) -> PostCommitHookProperties:
    """Let the log be cleaned up as often as it gets a checkpoint: that lists all of it."""
    is_due = handle.version() % _CHECKPOINT_EVERY == 0
    return PostCommitHookProperties(cleanup_expired_logs=None if is_due else False)


@contextmanager
def _store(spec: TableSpec) -> Iterator[None]:
    """Translate what delta-rs, the store and Arrow raise."""
    try:
        yield
    except CommitFailedError as error:
        raise Conflict(str(error)) from error
    except (DeltaError, StoreError, OSError, pa.ArrowException) as error:
        raise Unavailable("table", f"{spec.name}: {error}") from error


def table_in(store: ObjectStore, settings: StoreSettings, spec: TableSpec) -> "DeltaLakeTable":
    """Return the table under `lake/` in the store of these settings."""
    folder = f"lake/{spec.name}"
    uri, options = f"s3://{settings.bucket}/{folder}", storage_options(settings)
    return DeltaLakeTable(uri, spec, options, into_store(store, folder))


class DeltaLakeTable(Table):
    """A Delta table; made when it is not there yet.

    Its files go by `put`, and without that into the folder of this machine that `uri` is.
    """

    def __init__(
        self, uri: str, spec: TableSpec, options: StorageOptions, put: Put | None = None
    ) -> None:
        self.uri = uri
        self._spec = spec
        self._options = dict(options)
        self._files = DataFiles(spec, put or into_folder(Path(uri)))
        self._handles = KeptHandle(uri, options)

    def create(self) -> None:
        """Make the table if there is none.

        Raises:
            Unavailable: the store does not answer or refuses.
        """
        with _store(self._spec):
            DeltaTable.create(
                self.uri,
                self._spec.schema,
                mode="ignore",
                partition_by=[PARTITION_BY],
                configuration={
                    "delta.dataSkippingStatsColumns": ",".join(self._spec.statistics),
                    "delta.checkpointInterval": str(_CHECKPOINT_EVERY),
                },
                storage_options=self._options,
            )

    def snapshot(self) -> DeltaSnapshot:
        """Return the newest state, on a handle of its own."""
        with _store(self._spec):
            lent = self._handles.lend()
        give_back = partial(self._handles.give_back, lent)
        return DeltaSnapshot(lent.handle, self._spec, self._files, give_back=give_back)
