"""A commit by its parts and as a whole, beside pyarrow writing the same rows."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
from bench.sink.captions import Captions, column_reader, opened
from bench.sink.meter import Figures, least, ratios

from pixelprose.lake import CAPTIONS
from pixelprose.sink.avro import read_columns
from pixelprose.sink.files import ROW_GROUP_ROWS
from pixelprose.sink.gathered import gathered
from pixelprose.sink.row import Row


def throughput(*, rows: int, rounds: int) -> Figures:
    """Microseconds a row, and ratios to plain Parquet.

    `whole` is what a commit does: messages as the broker gave them, to a table that has them.
    """
    batch = Captions().messages(rows)
    reader = column_reader()
    bodies = [message.value[len(reader.prefix) :] for message in batch]
    figures: Figures = {"avro_bytes_a_row": sum(map(len, bodies)) / rows}
    one_by_one = reader.rows
    tenth = batch[: max(1, rows // 10)]

    def slowly() -> list[Row]:
        return [one_by_one.encode(one_by_one.decode(message), message) for message in tenth]

    least(figures, "one_by_one", slowly, per=len(tenth), rounds=1)
    least(figures, "avro", lambda: read_columns(bodies, reader.schema), per=rows, rounds=rounds)
    read = least(figures, "read", lambda: reader(batch).rows, per=rows, rounds=rounds)
    values = least(figures, "sort", lambda: gathered(CAPTIONS, read), per=rows, rounds=rounds)
    with TemporaryDirectory() as name:
        folder = Path(name)
        plain = folder / "plain.parquet"
        tables = iter([opened(folder, f"{number}")[1] for number in range(2 * rounds)])
        least(figures, "parquet", lambda: write(values, plain), per=rows, rounds=rounds)
        least(figures, "commit", lambda: next(tables).append(read), per=rows, rounds=rounds)
        least(
            figures,
            "whole",
            lambda: next(tables).append(reader(batch).rows),
            per=rows,
            rounds=rounds,
        )
    for part in ("whole", "commit"):
        ratios(figures, f"parquet_over_{part}", "parquet", part)
    for kind in ("cpu", "wall"):
        figures[f"rows_a_second_{kind}"] = 1e6 / figures[f"whole_{kind}_us"]
    return figures


def write(values: pa.Table, path: Path) -> None:
    """Write a file as pyarrow does, with our compression and row groups."""
    pq.write_table(
        values, path, compression="zstd", compression_level=3, row_group_size=ROW_GROUP_ROWS
    )
