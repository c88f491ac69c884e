"""A bucket of the embedded S3 server, as the sink's settings name it."""

import pytest

from pixelprose.embedded.testing import FreshBucket
from pixelprose.objectstore import StoreSettings


@pytest.fixture
def store(bucket: FreshBucket) -> StoreSettings:
    """An empty bucket; ask for it by name where a test is also run without a server."""
    access = bucket.access
    return StoreSettings(
        endpoint=access.endpoint,
        bucket=bucket.name,
        access_key=access.access_key,
        secret_key=access.secret_key,
    )
