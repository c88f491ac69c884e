import secrets
from collections.abc import Iterator

import pytest

from pixelprose.curator.testing import SmallLake
from pixelprose.embedded import EmbeddedS3
from pixelprose.objectstore import StoreSettings

ROWS = 24


def a_lake(s3: EmbeddedS3) -> SmallLake:
    made = SmallLake(
        StoreSettings(
            endpoint=s3.access.endpoint,
            bucket=f"test-{secrets.token_hex(6)}",
            access_key=s3.access.access_key,
            secret_key=s3.access.secret_key,
            region=s3.access.region,
            create_bucket=True,
        )
    )
    made.lake.store.prepare()
    return made


@pytest.fixture
def small(s3: EmbeddedS3) -> Iterator[SmallLake]:
    """A lake without tables, in a bucket of its own on the embedded S3."""
    made = a_lake(s3)
    yield made
    made.lake.close()


@pytest.fixture(scope="module")
def full(s3: EmbeddedS3) -> Iterator[SmallLake]:
    """Captions in three sources, two days and two partitions, with images: to be read alone."""
    made = a_lake(s3)
    made.captions(range(10), range(10, ROWS))
    for number in range(ROWS):
        made.image(number)
    yield made
    made.lake.close()
