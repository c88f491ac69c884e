"""A table's handle, kept from a commit to the next look, which then reads newer commits alone.

Opening a table reads its checkpoint: everything that its log must still say (docs/adr/0026).
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler


@dataclass(frozen=True, slots=True)
class _Commit:
    """A commit's file: size and time tell it from another table's of the same version."""

    version: int
    size: int | None
    written_ns: int | None


@dataclass(frozen=True, slots=True)
class Lent:
    """A handle at the newest version, and that version's commit, null when its file is gone."""

    handle: DeltaTable
    commit: _Commit | None


class KeptHandle:
    """Lends handles of one table: what is lent is nobody else's, until it is given back.

    So a look that sleeps keeps what it saw, and its commit is held against that. Only after a
    commit that went well may a handle be given back; of any other it is not known what it says.
    """

    def __init__(self, uri: str, options: Mapping[str, str]) -> None:
        self._uri = uri
        self._options = dict(options)
        self._kept: deque[Lent] = deque(maxlen=1)

    def lend(self) -> Lent:
        """Bring the kept handle forward, or open the table.

        A table that was deleted and made anew has other commits under the same versions. delta-rs
        takes none of them for new up to the version that it knows, and joins those beyond to what
        it knows: so the commit that the handle stood at must still be there, and the same.

        Raises:
            DeltaError, OSError: the store does not answer, or the log ends before the handle.
        """
        try:
            kept = self._kept.pop()
        except IndexError:
            return self._opened()
        kept.handle.update_incremental()
        if kept.commit is None or self._commit(kept.commit.version) != kept.commit:
            return self._opened()
        return self._lent(kept.handle)

    def give_back(self, lent: Lent) -> None:
        """Keep it for the next look; its borrower uses it no more."""
        self._kept.append(lent)

    def _opened(self) -> Lent:
        return self._lent(DeltaTable(self._uri, storage_options=self._options))

    def _lent(self, handle: DeltaTable) -> Lent:
        return Lent(handle, self._commit(handle.version()))

    def _commit(self, version: int) -> _Commit | None:
        (found,) = self._store.get_file_info([f"_delta_log/{version:020}.json"])
        return _Commit(version, found.size, found.mtime_ns) if found.is_file else None

    @cached_property
    def _store(self) -> DeltaStorageHandler:
        # Made once: a client costs 5 ms, and its connections can be used again.
        return DeltaStorageHandler(self._uri, self._options)
