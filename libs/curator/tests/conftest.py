from collections.abc import Iterator

import pytest

from pixelprose.curator.testing import SmallLake
from pixelprose.embedded.testing import FreshBucket
from pixelprose.objectstore import StoreSettings


@pytest.fixture
def small(bucket: FreshBucket) -> Iterator[SmallLake]:
    """A lake without tables, in a bucket of its own on the embedded S3."""
    made = SmallLake(
        StoreSettings(
            endpoint=bucket.access.endpoint,
            bucket=bucket.name,
            access_key=bucket.access.access_key,
            secret_key=bucket.access.secret_key,
            region=bucket.access.region,
        )
    )
    yield made
    made.lake.close()
