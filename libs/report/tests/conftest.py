from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pixelprose.curator.testing import SmallLake, small_lake
from pixelprose.embedded import EmbeddedS3


@pytest.fixture(scope="module")
def new_lake(s3: EmbeddedS3) -> Iterator[Callable[[], SmallLake]]:
    """Makes lakes without tables, each in a bucket of its own on the embedded S3."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(small_lake(s3.access))
