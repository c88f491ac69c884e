import secrets
from collections.abc import Callable, Iterator

import pytest

from pixelprose.curator.testing import SmallLake
from pixelprose.embedded import EmbeddedS3
from pixelprose.objectstore import StoreSettings


@pytest.fixture(scope="module")
def new_lake(s3: EmbeddedS3) -> Iterator[Callable[[], SmallLake]]:
    """Makes lakes without tables, each in a bucket of its own on the embedded S3."""
    made: list[SmallLake] = []

    def new() -> SmallLake:
        lake = SmallLake(
            StoreSettings(
                endpoint=s3.access.endpoint,
                bucket=f"report-{secrets.token_hex(6)}",
                access_key=s3.access.access_key,
                secret_key=s3.access.secret_key,
                region=s3.access.region,
                create_bucket=True,
            )
        )
        lake.lake.store.prepare()
        made.append(lake)
        return lake

    yield new
    for lake in made:
        lake.lake.close()
