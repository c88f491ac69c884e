"""Known-hash lists from files, searched whole for every image.

A scan of a million hashes takes about 5 ms on one core, so no index is kept: a scan is exact, and
there is nothing in it that could be wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pixelprose.records import HashList
from pixelprose.safety_filter.hash_list_file import HashListFile
from pixelprose.safety_filter.known_hashes import Hit, KnownHashes

Words = npt.NDArray[np.uint64]

_HEX_DIGITS = 64
_WORDS = 4


@dataclass(frozen=True, slots=True)
class _Loaded:
    """One list. `columns` is (4, n): word k of every hash lies together, so a scan streams."""

    about: HashList
    columns: Words
    sha256: frozenset[str]

    def distance(self, *, sha256: str, pdq: Words) -> int | None:
        """Bits to the nearest hash, 0 for the same bytes; None in a list without PDQ hashes."""
        if sha256 in self.sha256:
            return 0
        if not self.columns.shape[1]:
            return None
        distances = np.zeros(self.columns.shape[1], dtype=np.uint16)
        for column, word in zip(self.columns, pdq, strict=True):
            distances += np.bitwise_count(column ^ word)
        return int(distances.min())


class HashLists(KnownHashes):
    """Lists held in memory: 32 bytes per PDQ."""

    def __init__(self, read: Sequence[HashListFile]) -> None:
        self._loaded = tuple(_loaded(one) for one in read)

    @property
    def lists(self) -> tuple[HashList, ...]:
        """Name, version and size of every list."""
        return tuple(one.about for one in self._loaded)

    def hits(self, *, sha256: str, pdq: str, reach: int) -> tuple[Hit, ...]:
        """At most one hit per list. Raises ValueError when the PDQ is not 64 hex digits."""
        words = _words([pdq])[:, 0]
        found = ((one.about, one.distance(sha256=sha256, pdq=words)) for one in self._loaded)
        return tuple(
            Hit(about, distance)
            for about, distance in found
            if distance is not None and distance <= reach
        )


def _loaded(read: HashListFile) -> _Loaded:
    return _Loaded(
        about=HashList(name=read.name, version=read.version, entries=read.entries),
        columns=_words(read.pdq),
        sha256=frozenset(read.sha256),
    )


def _words(hashes: Sequence[str]) -> Words:
    """PDQ hashes of 64 hex digits as (4, n) words of 64 bits."""
    data = bytes.fromhex("".join(hashes))
    if len(data) * 2 != _HEX_DIGITS * len(hashes):
        raise ValueError(f"a PDQ hash has {_HEX_DIGITS} hex digits")
    words = np.frombuffer(data, dtype=">u8").astype(np.uint64)
    return np.ascontiguousarray(words.reshape(-1, _WORDS).T)
