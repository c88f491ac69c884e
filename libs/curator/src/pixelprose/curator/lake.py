"""The lake: the Delta tables under `lake/` in the store's bucket, each at one version."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from pixelprose.curator.errors import LakeError, WrongRequest
from pixelprose.lake import TABLES, TableSpec
from pixelprose.objectstore import ObjectKey, ObjectStore, StoreSettings, open_store
from pixelprose.sink.delta import storage_options

_NAMES = tuple(spec.name for spec in TABLES)
_LONGEST_MESSAGE = 600
_SPECS = {spec.name: spec for spec in TABLES}


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of a table, as the table's log knows it."""

    path: str
    size_bytes: int
    rows: int
    day: date


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A table at one version, with the store that holds its files."""

    spec: TableSpec
    handle: DeltaTable
    store: ObjectStore

    @property
    def name(self) -> str:
        """The table's name, such as `captions`."""
        return self.spec.name

    @property
    def version(self) -> int:
        """The version of the table that is looked at."""
        return self.handle.version()

    def key(self, path: str) -> ObjectKey:
        """Return the store's key of a path inside the table."""
        return ObjectKey(f"lake/{self.name}/{path}")

    def files(self) -> Sequence[DataFile]:
        """Return the table's files, by path."""
        added = pa.table(self.handle.get_add_actions(flatten=True)).to_pylist()
        found = [
            DataFile(
                path=add["path"],
                size_bytes=add["size_bytes"],
                rows=add["num_records"],
                day=add["partition.ingest_date"],
            )
            for add in added
        ]
        return sorted(found, key=lambda file: file.path)

    def query(self, sql: str) -> pa.Table:
        """Return the answer to an SQL query, in which the table has its name or is called `t`.

        Raises:
            LakeError: the SQL is wrong, a file is missing, or the store does not answer.
        """
        with self._translated():
            return pa.table(self._engine().execute(sql).read_all())

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the answer to an SQL query piece by piece. Raises as `query` does."""
        with self._translated():
            yield from pa.RecordBatchReader.from_stream(self._engine().execute(sql))

    def records(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows that answer an SQL query, as plain values."""
        return self.query(sql).to_pylist(maps_as_pydicts="strict")

    def _engine(self) -> QueryBuilder:
        # deltalake's own engine: to_pyarrow_table() of 1.6.6 aborts many interpreters at exit.
        return QueryBuilder().register("t", self.handle).register(self.name, self.handle)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise LakeError(f"table {self.name}: {_words(error)}") from error


class Lake:
    """All tables of one store."""

    def __init__(self, settings: StoreSettings) -> None:
        self.settings = settings
        self.store = open_store(settings)

    def open(self, name: str, *, version: int | None = None) -> LakeTable:
        """Return a table, at its newest version or at that one.

        Raises:
            WrongRequest: no table has that name, or the table has no such version yet.
            LakeError: the table is not there, its version is gone, or the store does not answer.
        """
        if name not in _SPECS:
            raise WrongRequest(f"no table {name!r}; the tables are {', '.join(_NAMES)}")
        uri = f"s3://{self.settings.bucket}/lake/{name}"
        try:
            handle = DeltaTable(uri, storage_options=dict(storage_options(self.settings)))
            newest = handle.version()
            if version is not None and version <= newest:
                handle.load_as_version(version)
        except TableNotFoundError as error:
            raise LakeError(
                f"there is no table {name} in {uri} yet; the sink makes it when it starts"
            ) from error
        except (DeltaError, OSError) as error:
            at = "" if version is None else f" at version {version}"
            raise LakeError(f"{uri}{at} can't be opened: {_words(error)}") from error
        if version is not None and version > newest:
            raise WrongRequest(f"{uri} has no version {version} yet; its newest is {newest}")
        return LakeTable(_SPECS[name], handle, self.store)

    def tables(self) -> Sequence[LakeTable]:
        """Return the tables that are there.

        Raises:
            LakeError: there is none.
        """
        found = [self.open(name) for name in _NAMES if self._is_there(name)]
        if not found:
            raise LakeError(
                f"there are no tables in {self.settings.endpoint}/{self.settings.bucket} yet; "
                "the sink makes them when it starts"
            )
        return found

    def close(self) -> None:
        """Let the store's connections go."""
        self.store.close()

    def _is_there(self, name: str) -> bool:
        return next(iter(self.store.list(f"lake/{name}/_delta_log/")), None) is not None


def _words(error: Exception) -> str:
    """The engine's message on one line: it names an unknown column, and those there are."""
    return " ".join(str(error).split())[:_LONGEST_MESSAGE]
