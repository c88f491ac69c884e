"""The files that the pages talk about, with one row or one picture each."""

import io
import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pixelprose.demoworld import HELDOUT_FROM, render, scene


def picture(seed: int) -> bytes:
    """A picture that the demo's models know."""
    made = io.BytesIO()
    render(scene(HELDOUT_FROM + seed), size=256).save(made, "JPEG")
    return made.getvalue()


def write_inputs(folder: Path, *, images: Path, site: str) -> None:
    """Write them into the folder, pictures into `images`; URLs are of the site."""
    urls = [f"{site}/scene/{HELDOUT_FROM + 50 + n}.jpg?size=256" for n in range(5)]
    (folder / "urls.csv").write_text(f"url,caption\n{urls[0]},a\n")
    (folder / "links.jsonl").write_text(json.dumps({"link": urls[1], "title": "a"}))
    (folder / "cc12m.tsv").write_text(f"{urls[2]}\ta\n")
    annotations = {"annotations": [{"url": urls[3], "raw_caption": "a", "author": "b"}]}
    (folder / "itookapicture_2019.json").write_text(json.dumps(annotations))
    pq.write_table(pa.table({"url": [urls[4]], "text": ["a"]}), folder / "part-0.parquet")
    rows = [{"image": {"bytes": picture(1), "path": None}, "text": "a"}]
    pq.write_table(pa.Table.from_pylist(rows), folder / "train.parquet")
    photos = images / "photos"
    photos.mkdir(parents=True)
    (photos / "1.jpg").write_bytes(picture(2))
    (photos / "1.txt").write_text("a")
    with tarfile.open(images / "00000.tar", "w") as tar:
        tar.add(photos / "1.jpg", "1.jpg")
        tar.add(photos / "1.txt", "1.txt")
