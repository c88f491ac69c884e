"""The sink beside plain Parquet: rows/s, commit latency as the table grows, memory, a lookup.

`make bench NAME=sink` takes a minute; `python bench/sink.py --commits 10000 --rows 1000000` is
the long run. Rows are captions of real size (1.5 KB of text and all their metadata), each
different.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder

from pixelprose.lake import CAPTIONS, CaptionRow
from pixelprose.records import (
    CaptionAnnotated,
    ImageId,
    Registry,
    RegistrySettings,
    RowId,
    Sha256,
    SubmissionId,
    Wire,
    schema_text,
    topic_of,
)
from pixelprose.records.codec import Passing, RecordCodec
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.sink.avro import read_columns
from pixelprose.sink.codec import RowCodec
from pixelprose.sink.columns import caption_columns
from pixelprose.sink.delta import DeltaLakeTable
from pixelprose.sink.files import ROW_GROUP_ROWS
from pixelprose.sink.gathered import gathered
from pixelprose.sink.guarded import GuardedTable
from pixelprose.sink.reading import ColumnReader
from pixelprose.sink.row import Row
from pixelprose.sink.rows import caption_row
from pixelprose.streamkit import Message, TopicPartition
from pixelprose.streamkit.letters import DeadLetters

BATCH = 20_000
ROUNDS = 3
WORDS = [
    f"{a}{b}" for a in ("mo", "ta", "ri", "sen", "ble", "kor") for b in ("na", "li", "ter", "d")
]
AT = TopicPartition(topic_of(CaptionAnnotated), 0)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RNG = random.Random(1)
REGISTRY = Registry(RegistrySettings())
WIRE = Wire(CaptionAnnotated, REGISTRY)
RECORDS = RecordCodec(
    Passing(service="sink", stage="sink", version="1", instance="live", cluster="c"),
    REGISTRY,
    now=lambda: NOON,
)


def digest() -> str:
    """Return 64 hexadecimal digits."""
    return f"{RNG.getrandbits(256):064x}"


def record() -> CaptionAnnotated:
    """Return a caption whose text, URL and digests nobody else has."""
    replace = msgspec.structs.replace
    known = example(packaged(), CaptionAnnotated, "full")
    name = digest()
    return replace(
        known,
        submission=replace(
            known.submission,
            submission_id=SubmissionId(name),
            image_id=ImageId(digest()),
            url=f"https://images.example/{name}.jpg",
            canonical_url=f"https://images.example/{name}.jpg",
        ),
        image=replace(known.image, sha256=Sha256(digest())),
        caption=replace(
            known.caption, row_id=RowId(digest()), text=" ".join(RNG.choices(WORDS, k=300))[:1500]
        ),
    )


def messages(count: int, *, start: int = 0) -> list[Message]:
    """Return captions as they lie on the topic."""
    return [
        Message(AT, start + n, b"k", WIRE.encode(record()), (), NOON + timedelta(seconds=n))
        for n in range(count)
    ]


def values_of(message: Message) -> CaptionRow:
    """Return the row that the sink makes of a message."""
    return caption_row(WIRE.decode(message.value), message, {})


def placed(values: CaptionRow, offset: int) -> Row:
    """Return a row with its position."""
    return Row(AT, offset, values, row_id=values.row_id)


def opened(folder: Path, name: str) -> tuple[DeltaLakeTable, GuardedTable]:
    """Return a new table and its guard."""
    table = DeltaLakeTable(str(folder / name), CAPTIONS, {})
    table.create()
    return table, GuardedTable(table, {AT: "bench"})


def throughput(folder: Path) -> dict[str, float]:
    """Each part of the sink by itself, the whole, and pyarrow writing the same batch.

    The whole is what a commit does: messages as the broker gave them, to a table that has them.
    """
    batch = messages(BATCH)
    figures: dict[str, float] = {"avro_bytes_per_row": sum(len(m.value) for m in batch) / BATCH}
    prefix = RECORDS.prefix(CaptionAnnotated)
    bodies = [message.value[len(prefix) :] for message in batch]
    reader = column_reader()
    rows_one_by_one = reader.rows

    def timed(name: str, work: Callable[[], Any], rows: int = BATCH) -> Any:  # noqa: ANN401 - what the work returns
        # The best of some rounds: the first one pays for memory that later commits have already.
        for _ in range(ROUNDS):
            cpu, wall = time.process_time(), time.perf_counter()
            result = work()
            for kind, took in (
                ("_cpu_us", time.process_time() - cpu),
                ("_us", time.perf_counter() - wall),
            ):
                figure = took / rows * 1e6
                figures[name + kind] = min(figures.get(name + kind, figure), figure)
        return result

    def one_by_one() -> list[Row]:
        return [rows_one_by_one.encode(rows_one_by_one.decode(m), m) for m in batch[: BATCH // 10]]

    timed("one_by_one", one_by_one, BATCH // 10)
    timed("avro", lambda: read_columns(bodies, reader.schema))
    rows = timed("read", lambda: reader(batch)).rows
    values = timed("gather", lambda: gathered(CAPTIONS, rows))
    timed("parquet", lambda: plainly_written(values, folder / "plain.parquet"))
    fresh = iter([opened(folder, f"table {number}")[1] for number in range(2 * ROUNDS)])
    timed("commit", lambda: next(fresh).append(rows))
    timed("whole", lambda: next(fresh).append(reader(batch).rows))
    for kind in ("_cpu_us", "_us"):
        figures[f"ratio{kind}"] = figures[f"parquet{kind}"] / figures[f"whole{kind}"]
        figures[f"write_ratio{kind}"] = figures[f"parquet{kind}"] / figures[f"commit{kind}"]
        figures[f"rows_per_second{kind}"] = 1e6 / figures[f"whole{kind}"]
    return figures


def plainly_written(values: pa.Table, path: Path) -> None:
    """Write a file as pyarrow does, with our compression and row groups."""
    pq.write_table(
        values, path, compression="zstd", compression_level=3, row_group_size=ROW_GROUP_ROWS
    )


def memory(commits: int = 8) -> dict[str, Any]:
    """Peak memory of processes that commit buffers of two sizes, after the first and the last."""
    figures: dict[str, Any] = {}
    for rows in (BATCH // 8, BATCH // 2):
        words = [sys.executable, __file__, "--buffer", str(rows), "--commits", str(commits)]
        told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        figures[f"memory_{rows}_rows"] = json.loads(told)
    return figures


def buffered(folder: Path, rows: int, commits: int) -> dict[str, float]:
    """Megabytes that wait for a commit, and the peak before any, after one, and at the end."""
    _, guarded = opened(folder, "buffered")
    reader = column_reader()
    peaks = [peak_megabytes()]
    size = 0
    for start in range(0, rows * commits, rows):
        batch = messages(rows, start=start)
        size = sum(len(message.value) for message in batch)
        guarded.append(reader(batch).rows)
        peaks.append(peak_megabytes())
    return {
        "buffer_mb": size / 1024**2,
        "before_mb": peaks[0],
        "first_mb": peaks[1],
        "last_mb": peaks[-1],
    }


def column_reader() -> ColumnReader:
    """Return what reads captions in the sink."""
    return ColumnReader(
        CAPTIONS,
        caption_columns,
        RowCodec(RECORDS, caption_row, instance="live"),
        DeadLetters("sink.captions", version="1"),
        schema=schema_text("CaptionAnnotated"),
        prefix=RECORDS.prefix(CaptionAnnotated),
        instance="live",
        fuse_least=50,
        fuse_share=0.5,
    )


def latency(folder: Path, commits: int) -> dict[str, Any]:
    """Milliseconds of a small commit at tenths of the table's growth."""
    _, guarded = opened(folder, "latency")
    first = values_of(messages(1)[0])
    taken: list[float] = []
    for offset in range(commits):
        values = msgspec.structs.replace(first, row_id=RowId(digest()))
        row = placed(values, offset)
        began = time.perf_counter()
        guarded.append([row])
        taken.append((time.perf_counter() - began) * 1e3)
    tenth = max(1, commits // 10)
    tenths = [statistics.median(taken[start:][:tenth]) for start in range(0, commits, tenth)]
    return {"commits": commits, "median_ms_by_tenth": [round(one, 1) for one in tenths]}


def lookups(folder: Path, count: int) -> dict[str, float]:
    """Seconds of a filtered count and a lookup, on the table and on plain Parquet files."""
    table, guarded = opened(folder, "lookups")
    plain = folder / "plain"
    plain.mkdir()
    made = [values_of(message) for message in messages(BATCH)]
    wanted = ""
    for start in range(0, count, BATCH):
        named = [
            msgspec.structs.replace(values, row_id=RowId(digest()), image_id=ImageId(digest()))
            for values in made
        ]
        guarded.append([placed(values, start + n) for n, values in enumerate(named)])
        pq.write_table(CAPTIONS.arrow(named), plain / f"{start}.parquet", compression="zstd")
        wanted = named[0].image_id
    handle = DeltaTable(table.uri)
    builder = QueryBuilder().register("captions", handle)

    def asked(sql: str) -> float:
        began = time.perf_counter()
        pa.table(builder.execute(sql).read_all())
        return time.perf_counter() - began

    def plainly(column: str, value: object) -> float:
        began = time.perf_counter()
        pq.read_table(plain, columns=[column], filters=[(column, "=", value)], use_threads=False)
        return time.perf_counter() - began

    return {
        "rows": count,
        "count_seconds": asked("select count(*) from captions where dataset = 'none'")
        + asked("select count(*) from captions where attempt = 0"),
        "count_plain_seconds": plainly("dataset", "none") + plainly("attempt", 0),
        "lookup_seconds": asked(f"select row_id from captions where image_id = '{wanted}'"),
        "lookup_plain_seconds": plainly("image_id", wanted),
    }


def main() -> None:
    """Measure, print, and as the last line one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=300, help="of the growing table")
    parser.add_argument("--rows", type=int, default=100_000, help="of the table that is asked")
    parser.add_argument("--buffer", type=int, default=0, help="only that: rows of each commit")
    given = parser.parse_args()
    if given.buffer:
        with tempfile.TemporaryDirectory() as name:
            print(json.dumps(buffered(Path(name), given.buffer, given.commits)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures: dict[str, Any] = throughput(folder)
        figures["peak_mb_one_batch"] = peak_megabytes()
        figures |= memory()
        figures |= latency(folder, given.commits)
        figures |= lookups(folder, given.rows)
        figures["peak_mb"] = peak_megabytes()
    rounded = {n: round(v, 3) if isinstance(v, float) else v for n, v in figures.items()}
    for figure, value in rounded.items():
        print(f"{figure:>28} {value}")
    print(json.dumps(rounded))


def peak_megabytes() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
