"""Compaction: many small files become few large ones, beside running sinks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from pixelprose.lake import TableSpec
from pixelprose.sink.files import writer_properties
from pixelprose.streamkit import Unavailable

TARGET_BYTES: Final = 128 * 1024 * 1024
"""Size of a file that readers like: few requests, and still enough files to share out."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did."""

    removed: int
    added: int


def compact(
    uri: str,
    spec: TableSpec,
    options: Mapping[str, str],
    *,
    target_bytes: int = TARGET_BYTES,
) -> Compacted:
    """Bring a table's files up to `target_bytes`, day by day; rows and their order stay.

    Sinks go on meanwhile: their appends and this do not conflict. A delete or another compaction
    does; then nothing was done, and the next run does it. Files that are replaced stay until a
    vacuum, for readers that are still at them.

    Raises:
        Unavailable: the store does not answer, or another commit came between.
    """
    try:
        done = DeltaTable(uri, storage_options=dict(options)).optimize.compact(
            target_size=target_bytes,
            # One file in work at a time: each takes several times its size in memory.
            max_concurrent_tasks=1,
            writer_properties=writer_properties(spec),
        )
    except CommitFailedError as error:
        raise Unavailable("table", f"{spec.name}: another commit came between: {error}") from error
    except (DeltaError, OSError) as error:
        raise Unavailable("table", f"{spec.name}: {error}") from error
    return Compacted(removed=int(done["numFilesRemoved"]), added=int(done["numFilesAdded"]))
