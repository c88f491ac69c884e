"""Images with their captions, wherever they lie."""

import json
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pixelprose.cli.images import Unit, folder_entries, units
from pixelprose.cli.images.found import check_images, found_units, is_images
from pixelprose.cli.presets import presets
from pixelprose.cli.report import Report
from pixelprose.cli.rows import BadRow, Columns, SourceError, SourceRow
from pixelprose.cli.submit_options import SubmitOptions
from pixelprose.records.source_uri import SourceUri, source_uri

JPEG = b"\xff\xd8\xff picture"
FACTS = {
    "url": "https://a.example/1.jpg",
    "caption": "a cat",
    "key": "000000001",
    "status": "success",
    "error_message": None,
    "width": 256,
    "exif": '{"GPS GPSLatitude": "[51, 30, 0]"}',
    "sha256": "0" * 64,
    "author": "some_person",
}


def in_folder(folder: Path, columns: Columns | None = None) -> list[SourceRow | BadRow]:
    return rows_of(units(folder_entries(folder), columns or Columns()))


def rows_of(found: Iterable[Unit]) -> list[SourceRow | BadRow]:
    return [row for unit in found for row in unit.rows()]


def good(found: list[SourceRow | BadRow]) -> list[SourceRow]:
    assert not [row for row in found if isinstance(row, BadRow)], found
    return [row for row in found if isinstance(row, SourceRow)]


def uri(path: Path) -> str:
    return str(SourceUri.of_file(PurePosixPath(os.path.realpath(path))))


def member(shard: Path, row: SourceRow) -> bytes:
    span = source_uri(row.url).span
    assert span is not None
    return shard.read_bytes()[span.first : span.last + 1]


def add(tar: tarfile.TarFile, folder: Path, name: str, data: bytes) -> None:
    (folder / "member").write_bytes(data)
    tar.add(folder / "member", name)


def test_a_folder_of_img2dataset_files(tmp_path: Path) -> None:
    shard = tmp_path / "00000"
    shard.mkdir()
    (shard / "000000001.jpg").write_bytes(JPEG)
    (shard / "000000001.txt").write_text("a cat")
    (shard / "000000001.json").write_text(json.dumps(FACTS))
    (tmp_path / "00000_stats.json").write_text("{}")
    pq.write_table(pa.Table.from_pylist([FACTS]), tmp_path / "00000.parquet")
    (row,) = good(in_folder(tmp_path))
    assert row.url == uri(shard / "000000001.jpg")
    assert row.alt_text == "a cat"
    assert row.fields["url"] == FACTS["url"]
    assert row.fields["file"] == "00000/000000001.jpg"
    assert row.fields["width"] == "256"
    assert "exif" not in row.fields


def test_a_shard_of_img2dataset(tmp_path: Path) -> None:
    shard = tmp_path / "00000.tar"
    with tarfile.open(shard, "w") as tar:
        for key in ("000000001", "000000002"):
            add(tar, tmp_path, f"{key}.jpg", JPEG + key.encode())
            add(tar, tmp_path, f"{key}.json", json.dumps({**FACTS, "key": key}).encode())
            add(tar, tmp_path, f"{key}.txt", b"a cat")
    (tmp_path / "member").unlink()
    found = good(in_folder(tmp_path))
    assert [(row.alt_text, row.fields["key"]) for row in found] == [
        ("a cat", "000000001"),
        ("a cat", "000000002"),
    ]
    assert [member(shard, row) for row in found] == [
        JPEG + row.fields["key"].encode() for row in found
    ]
    assert len({row.event_id for row in found}) == 2


def test_authors_are_left_out_beside_images_too(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(JPEG)
    (tmp_path / "1.json").write_text(json.dumps(FACTS))
    (row,) = good(in_folder(tmp_path, presets()["redcaps"].columns(author_key=None)))
    assert "some_person" not in repr(row)


def test_plain_photos_are_found_in_order_and_other_files_are_not(tmp_path: Path) -> None:
    names = ["IMG.2021.01.jpg", "IMG.2021.02.JPG", "a b.webp", "sub/x.png", "sub/deep/ä.gif"]
    others = [".hidden.jpg", ".git/x.jpg", "x.jpg.part", "notes.txt", "a.csv"]
    for name in [*names, *others]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(JPEG)
    (tmp_path / "IMG.2021.02.txt").write_text("the second")
    found = good(in_folder(tmp_path))
    assert [row.url for row in found] == [uri(tmp_path / name) for name in names]
    assert [row.alt_text for row in found] == [None, "the second", None, None, None]


def test_fifos_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nothing")
    (tmp_path / "1.jpg").write_bytes(JPEG)
    assert len(good(in_folder(tmp_path))) == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("1.json", b"{"),
        ("1.json", b"[]"),
        ("1.json", b"[" * 100_000),
        ("1.json", b'{"a": "' + b"x" * 1024**2 + b'"}'),
        ("1.txt", b"\xff\xfe"),
        ("1.json", b'{"caption": "\\udcff"}'),
    ],
)
def test_a_broken_sidecar_is_named_and_the_others_go_on(
    tmp_path: Path, name: str, data: bytes
) -> None:
    for image in ("1.jpg", "2.jpg"):
        (tmp_path / image).write_bytes(JPEG)
    (tmp_path / name).write_bytes(data)
    bad, row = in_folder(tmp_path)
    assert isinstance(bad, BadRow)
    assert bad.where == "1.jpg"
    assert isinstance(row, SourceRow)


def test_the_same_file_is_the_same_event_and_a_changed_one_another(tmp_path: Path) -> None:
    image = tmp_path / "1.jpg"
    image.write_bytes(JPEG)
    (first,), (again,) = good(in_folder(tmp_path)), good(in_folder(tmp_path))
    assert first.event_id == again.event_id
    image.write_bytes(JPEG + b"more")
    (changed,) = good(in_folder(tmp_path))
    assert changed.event_id != first.event_id
    assert changed.url == first.url


def test_a_mended_sidecar_makes_another_unit_and_the_same_event(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(JPEG)
    (tmp_path / "1.txt").write_text("one")
    (before,) = units(folder_entries(tmp_path), Columns())
    (tmp_path / "1.txt").write_text("another")
    (after,) = units(folder_entries(tmp_path), Columns())
    assert before.key != after.key
    assert good(list(before.rows()))[0].event_id == good(list(after.rows()))[0].event_id


def table(path: Path) -> Path:
    rows = [
        {"image": {"bytes": JPEG, "path": "1.jpg"}, "text": "a cat", "label": 3},
        {"image": {"bytes": None, "path": "elsewhere.jpg"}, "text": "gone", "label": 4},
        {"image": {"bytes": b"\x89PNG dog", "path": None}, "text": "a dog", "label": 5},
    ]
    made = pa.Table.from_pylist(rows)
    if path.suffix == ".parquet":
        pq.write_table(made, path)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, made.schema) as stream:
            stream.write_table(made)
    return path


def data_sets(tmp_path: Path, kind: str) -> Path:
    """As `datasets` writes them: Parquet, `Dataset.save_to_disk` and that of a `DatasetDict`."""
    if kind == "parquet":
        return table(tmp_path / "train.parquet")
    saved = tmp_path / "saved"
    train = saved / "train" if kind == "splits" else saved
    train.mkdir(parents=True)
    if kind == "splits":
        (saved / "dataset_dict.json").write_text('{"splits": ["train"]}')
    table(train / "data-00000-of-00001.arrow")
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}
    (train / "state.json").write_text(json.dumps(state))
    return saved


@pytest.mark.parametrize("kind", ["parquet", "saved", "splits"])
def test_a_data_set_with_an_image_column_is_unpacked_once(tmp_path: Path, kind: str) -> None:
    path, into = data_sets(tmp_path, kind), tmp_path / "unpacked"
    assert is_images(str(path), None)
    options = SubmitOptions(unpack_to=into, columns=Columns(alt_text=("text",)))
    runs = []
    for _ in range(2):
        report = Report()
        runs.append(good(rows_of(found_units(str(path), options, None, report))))
        assert [bad.where.rpartition(", ")[2] for bad in report.first_bad] == ["row 2"]
        for made in into.glob("*.tar"):
            made.unlink()
    assert runs[0] == runs[1]
    assert [(row.alt_text, row.fields["label"]) for row in runs[0]] == [
        ("a cat", "3"),
        ("a dog", "5"),
    ]


def test_unpacked_bytes_are_the_images(tmp_path: Path) -> None:
    options = SubmitOptions(unpack_to=tmp_path / "to")
    found = good(rows_of(found_units(str(table(tmp_path / "a.parquet")), options, None, Report())))
    (shard,) = (tmp_path / "to").glob("*.tar")
    assert [member(shard, row) for row in found] == [JPEG, b"\x89PNG dog"]


def test_a_data_set_without_a_place_for_its_images_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="--unpack-to"):
        check_images(str(path), SubmitOptions())


def test_a_table_of_urls_is_no_data_set_of_images(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"url": ["http://a"]}), path)
    assert not is_images(str(path), None)


def test_a_compressed_shard_is_refused_with_what_to_do() -> None:
    with pytest.raises(SourceError, match=r"unpack it to \.tar"):
        is_images("a.tar.gz", None)
