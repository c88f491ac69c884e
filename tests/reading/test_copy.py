"""Starting a copy from the table and following the topic: the page's program, beside a sink."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixelprose.cli.schema_command import schema_json
from pixelprose.curator.testing import digest, small_lake
from pixelprose.curator.testing_topic import FedLake
from pixelprose.embedded import EmbeddedKafka, EmbeddedS3

pytestmark = pytest.mark.real

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "reading.md"
PATIENCE_SECONDS = 120.0


@pytest.fixture
def fed(kafka: EmbeddedKafka, s3: EmbeddedS3, topic_prefix: str) -> Iterator[FedLake]:
    with small_lake(s3.access) as small:
        yield FedLake(kafka.bootstrap_servers, topic_prefix, small)


class Copy:
    """The page's program, on this bucket, in a process of its own."""

    def __init__(self, fed: FedLake, folder: Path) -> None:
        text = PAGE.read_text().split("<!-- run: copy -->\n```python\n", 1)[1].split("```", 1)[0]
        store = fed.small.settings
        self.output, schema = folder / "row_ids.txt", folder / "captions.avsc"
        schema.write_text(schema_json("caption_annotated"))
        program = text.replace("s3://pixelprose/", f"s3://{store.bucket}/")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    program,
                    fed.settings.bootstrap_servers,
                    fed.topic,
                    schema,
                ],
                stdout=output,
                env={**os.environ, **fed.small.aws_variables()},
            )

    def row_ids(self) -> list[str]:
        return self.output.read_text().split()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def test_a_copy_has_everything_once_while_the_sink_goes_on(fed: FedLake, tmp_path: Path) -> None:
    fed.sink(fed.feed(*range(6)))
    # A record whose row is there already: refused, and the position goes past it.
    assert fed.sink([*fed.feed(6), *fed.feed(5)]) == 1
    unsunk = fed.feed(7, 8)  # on the topic, and not in the table yet
    copy = Copy(fed, tmp_path)
    try:
        number = 9
        deadline = time.monotonic() + PATIENCE_SECONDS
        # The sink goes on before, while and after the copy opens the table.
        while len(copy.row_ids()) < number and time.monotonic() < deadline:
            assert copy.process.poll() is None
            if number < 40:
                fed.sink(unsunk)
                unsunk = fed.feed(number)
                number += 1
    finally:
        copy.stop()
    assert sorted(copy.row_ids()) == sorted(digest("row", n) for n in range(number))
