"""A store that does not answer is said to be unavailable, whatever was asked of it."""

from typing import cast

import pytest
from deltalake import DeltaTable

from pixelprose.lake import CAPTIONS
from pixelprose.sink.datafile import DataFiles
from pixelprose.sink.delta import DeltaSnapshot
from pixelprose.streamkit import Unavailable


class Cut:
    """A handle whose store went away."""

    def transaction_version(self, app: str) -> int:
        raise OSError(f"connection closed before message completed: {app}")


def never(path: str, data: bytes) -> None:
    pytest.fail(f"{path} is written, of {len(data)} bytes")


def test_a_position_that_cannot_be_asked_for_is_no_crash() -> None:
    files = DataFiles(CAPTIONS, never)
    snapshot = DeltaSnapshot(cast("DeltaTable", Cut()), CAPTIONS, files, give_back=pytest.fail)
    with pytest.raises(Unavailable, match="connection closed"):
        snapshot.version_of("cluster/topic/0")
