"""Tables as Delta tables in an S3 store, through delta-rs."""

from collections.abc import Mapping, Sequence

from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from pixelprose.lake import PARTITION_BY, TableSpec
from pixelprose.objectstore import StoreSettings
from pixelprose.sink.files import writer_properties
from pixelprose.sink.guarded import AppId, Conflict, Snapshot, Table
from pixelprose.sink.row import Row
from pixelprose.streamkit import Unavailable

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
        "timeout": "30s",
        "connect_timeout": "5s",
    }


class DeltaSnapshot(Snapshot):
    """One handle: what was read on it is what the commit is held against."""

    def __init__(self, handle: DeltaTable, spec: TableSpec) -> None:
        self._handle = handle
        self._spec = spec

    def version_of(self, app: AppId) -> int | None:
        """Return the last offset of this partition that the table holds."""
        try:
            return self._handle.transaction_version(app)
        except (DeltaError, OSError) as error:  # it reads the log for this
            raise Unavailable("table", f"{self._spec.name}: {error}") from error

    def append(self, rows: Sequence[Row], versions: Mapping[AppId, int]) -> None:
        """Append the rows and set the partitions' versions: both, or neither."""
        transactions = [Transaction(app, version) for app, version in versions.items()]
        try:
            write_deltalake(
                self._handle,
                self._spec.arrow([row.values for row in rows]),
                mode="append",
                writer_properties=writer_properties(self._spec),
                commit_properties=CommitProperties(app_transactions=transactions),
            )
        except CommitFailedError as error:
            raise Conflict(str(error)) from error
        except (DeltaError, OSError) as error:
            raise Unavailable("table", f"{self._spec.name}: {error}") from error


class DeltaLakeTable(Table):
    """A Delta table under `lake/`; made when it is not there yet."""

    def __init__(self, uri: str, spec: TableSpec, options: StorageOptions) -> None:
        self.uri = uri
        self._spec = spec
        self._options = dict(options)

    def create(self) -> None:
        """Make the table if there is none.

        Raises:
            Unavailable: the store does not answer or refuses.
        """
        try:
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
        except (DeltaError, OSError) as error:
            raise Unavailable("table", f"{self.uri}: {error}") from error

    def snapshot(self) -> DeltaSnapshot:
        """Return the newest state, on a handle of its own."""
        try:
            return DeltaSnapshot(DeltaTable(self.uri, storage_options=self._options), self._spec)
        except (DeltaError, OSError) as error:
            raise Unavailable("table", f"{self.uri}: {error}") from error
