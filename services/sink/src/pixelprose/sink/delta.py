"""Tables as Delta tables in an S3 store, through delta-rs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NoReturn

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError

from pixelprose.lake import PARTITION_BY, TableSpec
from pixelprose.objectstore import StoreSettings
from pixelprose.sink import row_ids
from pixelprose.sink.datafile import DataFiles
from pixelprose.sink.evolution import Fields, clashes, fitted, is_known, joining
from pixelprose.sink.gathered import gathered
from pixelprose.sink.guarded import AppId, Conflict, Snapshot, Table
from pixelprose.sink.row import Row, Who
from pixelprose.streamkit import ExitCode, Stop, Unavailable

StorageOptions = Mapping[str, str]


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
    """One handle: what was read on it is what the commit is held against."""

    def __init__(self, handle: DeltaTable, spec: TableSpec, files: DataFiles) -> None:
        self._handle = handle
        self._spec = spec
        self._files = files

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
        ours, theirs = list(self._spec.schema), self._columns()
        if clash := list(clashes(ours, theirs)):
            detail = f"table {self._spec.name} has columns that this release cannot write: {clash}"
            raise Stop(ExitCode.BAD_CONFIGURATION, detail)
        if not is_known(ours, theirs):
            self._add(joining(ours, theirs))
        self._append(fitted(gathered(self._spec, rows), theirs), versions)

    def _append(self, values: pa.Table, versions: Mapping[AppId, int]) -> None:
        with _store(self._spec):
            files = self._files.put(values)
            self._handle.create_write_transaction(
                [*files],
                mode="append",
                schema=self._handle.schema(),
                partition_by=[PARTITION_BY],
                commit_properties=CommitProperties(
                    custom_metadata={
                        "operationMetrics": {
                            "num_added_files": len(files),
                            "num_added_rows": values.num_rows,
                        }
                    },
                    app_transactions=[Transaction(app, last) for app, last in versions.items()],
                ),
            )

    def _columns(self) -> Fields:
        known: Any = self._handle.schema().to_arrow()
        return list(pa.schema(known))

    def _add(self, columns: Fields) -> NoReturn:
        with _store(self._spec):
            self._handle.alter.add_columns(Schema.from_arrow(pa.schema(columns)).fields)
        # That commit holds nothing against the partitions' versions, and it took the handle past
        # whatever came between: an append on it could write rows that are there.
        raise Conflict(f"columns joined table {self._spec.name}")


@contextmanager
def _store(spec: TableSpec) -> Iterator[None]:
    """Translate what delta-rs, its store and Arrow's reader raise."""
    try:
        yield
    except CommitFailedError as error:
        raise Conflict(str(error)) from error
    except (DeltaError, OSError, pa.ArrowException) as error:
        raise Unavailable("table", f"{spec.name}: {error}") from error


class DeltaLakeTable(Table):
    """A Delta table under `lake/`; made when it is not there yet."""

    def __init__(self, uri: str, spec: TableSpec, options: StorageOptions) -> None:
        self.uri = uri
        self._spec = spec
        self._options = dict(options)
        self._files = DataFiles(uri, spec, options)

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
                    "delta.checkpointInterval": "100",
                },
                storage_options=self._options,
            )

    def snapshot(self) -> DeltaSnapshot:
        """Return the newest state, on a handle of its own."""
        with _store(self._spec):
            handle = DeltaTable(self.uri, storage_options=self._options)
        return DeltaSnapshot(handle, self._spec, self._files)
