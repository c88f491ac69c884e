from collections.abc import Iterator

import pytest

from pixelprose.curator.testing import SmallLake, small_lake
from pixelprose.embedded import EmbeddedS3

ROWS = 24


@pytest.fixture
def small(s3: EmbeddedS3) -> Iterator[SmallLake]:
    """A lake without tables, in a bucket of its own on the embedded S3."""
    with small_lake(s3.access) as made:
        yield made


@pytest.fixture(scope="module")
def full(s3: EmbeddedS3) -> Iterator[SmallLake]:
    """Captions in three sources, two days and two partitions, with images: to be read alone."""
    with small_lake(s3.access) as made:
        made.captions(range(10), range(10, ROWS))
        for number in range(ROWS):
            made.image(number)
        yield made
