"""Spark and Daft read the tables as docs/how-to/reading.md says.

Behind `make interop`, which fetches them.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixelprose.curator.testing import SmallLake, a_caption, a_dead_letter, digest, small_lake
from pixelprose.embedded import EmbeddedS3
from pixelprose.lake import CAPTIONS_CURRENT, DEAD_LETTERS, IMAGES, SUBMISSION_ENDS, TABLES

pytestmark = [pytest.mark.interop, pytest.mark.real, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "reading.md"
INTEROP = ROOT / "build" / "interop"


@pytest.fixture(scope="module")
def lake(s3: EmbeddedS3) -> Iterator[SmallLake]:
    with small_lake(s3.access, bucket="interop") as made:
        made.captions(range(10), range(10, 24))
        made.duplicates(digest("submission", 3))
        made.append(DEAD_LETTERS, [a_dead_letter(0, 1)])
        yield made


def program(name: str) -> str:
    found = re.search(rf"<!-- run: {name} -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def run(text: str, lake: SmallLake) -> list[str]:
    jars = ",".join(sorted(map(str, (INTEROP / "jars").glob("*.jar"))))
    done = subprocess.run(
        [INTEROP / "venv/bin/python", "-c", re.sub("//pixelprose/", "//interop/", text)],
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
    assert run(program("spark"), lake) == ["cc12m 8", "redcaps 8", "your own 8"]


def in_spark(sql: str, lake: SmallLake) -> list[str]:
    """The answer to SQL on all tables, in the session that the page makes."""
    session, _ = program("spark").split("captions = ", 1)
    tables = "".join(
        f"spark.read.format('delta').load('s3a://pixelprose/lake/{spec.name}')"
        f".createOrReplaceTempView('{spec.name}')\n"
        for spec in TABLES
        if spec is not IMAGES
    )
    # As many tasks as these few rows need: it takes 200 by itself.
    few = "spark.conf.set('spark.sql.shuffle.partitions', '1')\n"
    return run(f"{session}{few}{tables}for row in spark.sql({sql!r}).collect(): print(*row)", lake)


def test_spark_takes_the_view_of_current_captions(lake: SmallLake) -> None:
    found = in_spark(f"select row_id from ({CAPTIONS_CURRENT})", lake)
    assert set(found) == {a_caption(number).row_id for number in range(24)}


def test_spark_takes_the_view_of_submissions_ends(lake: SmallLake) -> None:
    ends = f"select state, reason, count(*) from ({SUBMISSION_ENDS}) group by 1, 2 order by 1"
    assert in_spark(ends, lake) == [
        "captioned None 24",
        "dead_letter undecodable 1",
        "rejected duplicate_content 1",
    ]


def test_daft_reads_one_source(lake: SmallLake) -> None:
    rows = [a_caption(number) for number in range(24)]
    assert run(program("daft"), lake) == sorted(
        row.image_id for row in rows if row.dataset == "redcaps"
    )
