"""Spark and Daft read the tables as docs/how-to/reading.md says.

Behind `make interop`, which fetches them.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixelprose.curator.testing import SmallLake, a_caption, small_lake
from pixelprose.embedded import EmbeddedS3

pytestmark = [pytest.mark.interop, pytest.mark.real, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "reading.md"
INTEROP = ROOT / "build" / "interop"


@pytest.fixture(scope="module")
def lake(s3: EmbeddedS3) -> Iterator[SmallLake]:
    with small_lake(s3.access, bucket="interop") as made:
        made.captions(range(10), range(10, 24))
        yield made


def run(name: str, lake: SmallLake) -> list[str]:
    found = re.search(rf"<!-- run: {name} -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    jars = ",".join(sorted(map(str, (INTEROP / "jars").glob("*.jar"))))
    done = subprocess.run(
        [INTEROP / "venv/bin/python", "-c", re.sub("//pixelprose/", "//interop/", found[1])],
        env={
            **os.environ,
            **lake.aws_variables(),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_SUBMIT_ARGS": f"--jars {jars} --conf spark.ui.enabled=false pyspark-shell",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


def test_spark_counts_by_source(lake: SmallLake) -> None:
    assert run("spark", lake) == ["cc12m 8", "redcaps 8", "your own 8"]


def test_daft_reads_one_source(lake: SmallLake) -> None:
    rows = [a_caption(number) for number in range(24)]
    assert run("daft", lake) == sorted(row.image_id for row in rows if row.dataset == "redcaps")
