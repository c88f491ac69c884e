"""`pixelprose report` on a large table: seconds, memory, size of the page, and whose rows it shows.

`make bench NAME=report` makes 100,000 captions of real size (1.5 KB of text and all their metadata)
in a store of its own, with 24 renditions that they share, and runs the command as people do.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil
import yaml
from bench.ingest.corpus import Set, files
from bench.sink.captions import WIRE, WORDS
from deltalake import write_deltalake

from pixelprose.embedded import EmbeddedS3, JarCache, StackSettings, open_jars
from pixelprose.lake import CAPTIONS, PARTITION_BY, CaptionRow
from pixelprose.objectstore import ObjectStore, StoreSettings, image_rendition, open_store
from pixelprose.records import CaptionAnnotated, ImageId, RowId, Sha256, SubmissionId
from pixelprose.records.testing import like_example
from pixelprose.sink.delta import storage_options
from pixelprose.sink.rows import caption_row
from pixelprose.streamkit import Message, TopicPartition

COMMIT_ROWS: Final = 10_000
SET: Final = Set("renditions", 1024, 768, 85, 24, 0)
"""Noise with the spectrum of photographs, as large as the ingester's renditions."""
NOON: Final = datetime(2026, 1, 2, 12, tzinfo=UTC)
AT: Final = TopicPartition("captions", 0)
RNG: Final = random.Random(2)
_LOOK_SECONDS: Final = 0.02
BUCKET: Final = "report-bench"


def pictures(store: ObjectStore) -> list[Sha256]:
    """Put renditions into the store, and return whose they are."""
    owners = []
    for picture in files(SET):
        owners.append(Sha256(_digest()))
        store.put(image_rendition(owners[-1]), picture, content_type="image/jpeg")
    return owners


def row(number: int, owner: Sha256) -> CaptionRow:
    """Return a caption that nobody else has, of one of the pictures, with scores of its own."""
    made = like_example(
        CaptionAnnotated,
        submission={
            "submission_id": SubmissionId(_digest()),
            "image_id": ImageId(_digest()),
            "url": f"https://images.example/{number}.jpg",
        },
        image={"sha256": owner, "rendition_key": image_rendition(owner)},
        signals={"aesthetic": RNG.uniform(1, 10)},
        caption={"row_id": RowId(_digest()), "text": " ".join(RNG.choices(WORDS, k=300))[:1500]},
    )
    return caption_row(made, Message(AT, number, b"k", WIRE.encode(made), (), NOON), {})


def _digest() -> str:
    return f"{RNG.getrandbits(256):064x}"


def filled(settings: StoreSettings, rows: int) -> None:
    """Make the table of captions, a file for every ten thousand."""
    store = open_store(settings)
    store.prepare()
    owners = pictures(store)
    store.close()
    for first in range(0, rows, COMMIT_ROWS):
        some = [row(n, RNG.choice(owners)) for n in range(first, min(rows, first + COMMIT_ROWS))]
        write_deltalake(
            f"s3://{settings.bucket}/lake/captions",
            CAPTIONS.arrow(some),
            mode="append",
            partition_by=[PARTITION_BY],
            storage_options=dict(storage_options(settings)),
        )


def measured(config: Path, page: Path, *options: str) -> dict[str, float]:
    """Run the command, and return what it took."""
    command = [sys.executable, "-m", "pixelprose.cli", "report", "--out", str(page), *options]
    began, peak = time.perf_counter(), 0
    with (page.parent / "said.txt").open("wb") as said:
        process = subprocess.Popen([*command, "--config", str(config)], stdout=said, stderr=said)
        running = psutil.Process(process.pid)
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            # Not ru_maxrss: a child begins with that of its parent.
            peak = max(peak, running.memory_info().rss)
            time.sleep(_LOOK_SECONDS)
    if os.waitstatus_to_exitcode(ended[1]):
        raise SystemExit((page.parent / "said.txt").read_text())
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(ended[2].ru_utime + ended[2].ru_stime, 1),
        "peak_mb": round(peak / 1e6),
        "page_mb": round(page.stat().st_size / 1e6, 1),
    }


def shown(page: Path) -> list[str]:
    """Return the submissions on a page, in their order."""
    return re.findall(r"([0-9a-f]{64}), attempt", page.read_text(encoding="utf-8"))


def _jars() -> JarCache:
    return open_jars(StackSettings(data_dir=Path()).cache_dir)


def main() -> None:
    """Make the table, measure some reports, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder, EmbeddedS3(Path(folder), jars=_jars()) as s3:
        access = s3.access
        store = {
            "endpoint": access.endpoint,
            "bucket": BUCKET,
            "access_key": access.access_key,
            "secret_key": access.secret_key.get_secret_value(),
            "create_bucket": True,
        }
        filled(StoreSettings.model_validate(store), rows)
        config = Path(folder) / "pixelprose.yaml"
        kafka = {"bootstrap_servers": "127.0.0.1:1"}  # never asked
        config.write_text(yaml.safe_dump({"kafka": kafka, "store": store}))
        page = Path(folder) / "report.html"
        found: dict[str, object] = {"rows": rows}
        pages = []
        for name, options in (
            ("sample of 60", ()),
            ("the same again", ()),
            ("another seed", ("--seed", "2")),
            ("filtered", ("--where", "signals['aesthetic'] > 9.9")),
            ("sample of 1000", ("--sample", "1000")),
        ):
            found[name] = measured(config, page, *options)
            print(f"{name:<16} {found[name]}", flush=True)
            pages.append(shown(page))
        found["same_seed_same_rows"] = pages[0] == pages[1]
        found["shared_with_another_seed"] = len(set(pages[0]) & set(pages[2]))
        found["a_larger_sample_begins_with_the_smaller"] = pages[4][: len(pages[0])] == pages[0]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
