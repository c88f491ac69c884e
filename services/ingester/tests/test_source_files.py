"""What may be read from a folder, and what is refused: each refusal is seen."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest
from pydantic import ValidationError

from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.sources import LocalFiles, SourceSettings
from pixelprose.ingester.sources.body import Body
from pixelprose.records.source_uri import SourceUri, Span, file_version, source_uri

MAX_BYTES = 3_000_000
FAR = 1e9


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "a.jpg").write_bytes(b"picture")
    (tmp_path / "allowed-not").mkdir()
    for outside in (tmp_path / "secret.jpg", tmp_path / "allowed-not" / "secret.jpg"):
        outside.write_bytes(b"secret")
    return folder


@pytest.fixture
def files(root: Path) -> LocalFiles:
    return LocalFiles([PurePosixPath(root)], max_bytes=MAX_BYTES)


def read(files: LocalFiles, path: Path | str, span: Span | None = None) -> Body | Refusal:
    uri = SourceUri.of_file(PurePosixPath(path), span)
    return files.read(uri, deadline=FAR)


def reason(end: Body | Refusal) -> str:
    assert isinstance(end, Refusal), end
    return end.reason


def span_of(path: Path, first: int, last: int) -> Span:
    facts = path.stat()
    return Span(first, last, file_version(facts.st_size, facts.st_mtime_ns))


def test_a_file_below_an_allowed_folder_is_read(files: LocalFiles, root: Path) -> None:
    end = read(files, root / "in" / "a.jpg")
    assert isinstance(end, Body)
    assert end.data == b"picture"


def test_by_default_no_file_at_all_is_read(root: Path) -> None:
    nothing = LocalFiles(SourceSettings().roots, max_bytes=MAX_BYTES)
    assert reason(read(nothing, root / "in" / "a.jpg")) == "forbidden_source"


@pytest.mark.parametrize("path", ["secret.jpg", "allowed-not/secret.jpg", "nothing/there.jpg"])
def test_outside_is_forbidden_whether_it_is_there_or_not(
    files: LocalFiles, tmp_path: Path, path: str
) -> None:
    assert reason(read(files, tmp_path / path)) == "forbidden_source"


def test_outside_is_not_even_looked_at(
    files: LocalFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touched(*_: object, **__: object) -> None:
        raise AssertionError("the disk was asked")

    for name in ("open", "stat"):
        monkeypatch.setattr(os, name, touched)
    monkeypatch.setattr(os.path, "realpath", touched)
    assert reason(read(files, tmp_path / "secret.jpg")) == "forbidden_source"


def links() -> Iterator[tuple[str, Callable[[Path], Path]]]:
    def file_link(root: Path) -> Path:
        (root / "out.jpg").symlink_to(root.parent / "secret.jpg")
        return root / "out.jpg"

    def relative_link(root: Path) -> Path:
        (root / "in" / "out.jpg").symlink_to("../../secret.jpg")
        return root / "in" / "out.jpg"

    def folder_link(root: Path) -> Path:
        (root / "out").symlink_to(root.parent)
        return root / "out" / "secret.jpg"

    def chain(root: Path) -> Path:
        (root / "b.jpg").symlink_to(file_link(root))
        return root / "b.jpg"

    def sibling(root: Path) -> Path:
        (root / "near").symlink_to(root.parent / "allowed-not")
        return root / "near" / "secret.jpg"

    def process_root(root: Path) -> Path:
        (root / "proc").symlink_to("/proc/self/root")
        return root / "proc" / str(root.parent / "secret.jpg").lstrip("/")

    def loop(root: Path) -> Path:
        (root / "loop.jpg").symlink_to(root / "loop.jpg")
        return root / "loop.jpg"

    for make in (file_link, relative_link, folder_link, chain, sibling, process_root, loop):
        yield make.__name__, make


@pytest.mark.parametrize(("name", "make"), list(links()))
def test_a_link_out_of_the_folder_is_refused(
    files: LocalFiles, root: Path, name: str, make: Callable[[Path], Path]
) -> None:
    assert reason(read(files, make(root))) == "forbidden_source", name


def test_a_link_that_stays_inside_is_followed(files: LocalFiles, root: Path) -> None:
    (root / "b.jpg").symlink_to(root / "in" / "a.jpg")
    end = read(files, root / "b.jpg")
    assert isinstance(end, Body)
    assert end.data == b"picture"


def test_a_root_may_itself_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    files = LocalFiles([PurePosixPath(tmp_path / "alias")], max_bytes=MAX_BYTES)
    assert isinstance(read(files, tmp_path / "alias" / "in" / "a.jpg"), Body)


@pytest.mark.parametrize("last", ["folder", "file"])
def test_a_link_that_is_swapped_in_after_the_check_is_not_followed(
    files: LocalFiles, root: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    real = os.path.realpath(root / "in" / "a.jpg")
    outside = root.parent / "allowed-not"
    (outside / "a.jpg").write_bytes(b"secret")

    def checked_then_swapped(path: str | PurePosixPath) -> str:
        if str(path).endswith("a.jpg"):
            if last == "folder":
                shutil.rmtree(root / "in")
                (root / "in").symlink_to(outside)
            else:
                (root / "in" / "a.jpg").unlink()
                (root / "in" / "a.jpg").symlink_to(outside / "a.jpg")
            return real
        return str(root)

    monkeypatch.setattr(os.path, "realpath", checked_then_swapped)
    assert reason(read(files, root / "in" / "a.jpg")) == "forbidden_source"


def test_a_fifo_is_refused_and_nobody_waits_for_it(files: LocalFiles, root: Path) -> None:
    os.mkfifo(root / "pipe.jpg")
    assert reason(read(files, root / "pipe.jpg")) == "forbidden_source"


def test_a_fifo_that_takes_the_place_of_a_file_is_refused(
    files: LocalFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(root / "pipe.jpg")
    plain = (root / "in" / "a.jpg").stat()
    monkeypatch.setattr(os, "stat", lambda *_, **__: plain)
    assert reason(read(files, root / "pipe.jpg")) == "forbidden_source"


def test_a_socket_and_a_folder_are_refused(
    files: LocalFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.jpg")
        assert reason(read(files, root / "s.jpg")) == "forbidden_source"
    assert reason(read(files, root / "in")) == "forbidden_source"
    assert reason(read(files, root)) == "forbidden_source"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/proc/self/environ"])
def test_a_device_is_refused_even_below_a_root(device: str) -> None:
    files = LocalFiles([PurePosixPath(device).parent], max_bytes=MAX_BYTES)
    end = read(files, device)
    if device.startswith("/dev"):
        assert reason(end) == "forbidden_source"
    else:  # a regular file by name: its size of 0 is what is read
        assert isinstance(end, Body)
        assert end.data == b""


def test_a_file_that_cannot_be_read_is_forbidden(files: LocalFiles, root: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (root / "in" / "a.jpg").chmod(0)
    assert reason(read(files, root / "in" / "a.jpg")) == "forbidden_source"


def test_a_missing_file_is_missing(files: LocalFiles, root: Path) -> None:
    assert reason(read(files, root / "in" / "b.jpg")) == "source_missing"
    assert reason(read(files, root / "in" / ("b" * 300))) == "source_missing"
    assert reason(read(files, root / "in" / "a.jpg" / "b")) in {
        "forbidden_source",
        "source_missing",
    }


def test_a_file_above_the_limit_is_refused_without_reading_it(
    files: LocalFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (root / "big.jpg").open("wb") as file:
        file.truncate(1 << 40)  # a sparse terabyte

    def read_it(*_: object) -> bytes:
        raise AssertionError("it was read")

    monkeypatch.setattr(os, "pread", read_it)
    assert reason(read(files, root / "big.jpg")) == "too_large"


def test_a_file_that_grows_while_it_is_read_is_refused_and_read_to_its_first_size(
    files: LocalFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing, got, pread = root / "grows.jpg", 0, os.pread
    growing.write_bytes(b"x" * 1_500_000)

    def grown(descriptor: int, count: int, at: int) -> bytes:
        nonlocal got
        with growing.open("ab") as file:
            file.write(b"x" * count)
        chunk = pread(descriptor, count, at)
        got += len(chunk)
        return chunk

    monkeypatch.setattr(os, "pread", grown)
    assert reason(read(files, growing)) == "source_changed"
    assert got == 1_500_000


def test_a_file_that_shrinks_while_it_is_read_is_refused(
    files: LocalFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "pread", lambda *_: b"")
    assert reason(read(files, root / "in" / "a.jpg")) == "source_changed"


def test_reading_ends_at_the_deadline(root: Path) -> None:
    times = iter([0.0, 0.0, 10.0])
    files = LocalFiles([PurePosixPath(root)], max_bytes=MAX_BYTES, clock=lambda: next(times))
    (root / "long.jpg").write_bytes(b"x" * 2_900_000)
    end = files.read(SourceUri.of_file(PurePosixPath(root / "long.jpg")), deadline=5.0)
    assert reason(end) == "timeout"


def test_some_bytes_of_a_shard_are_read(files: LocalFiles, root: Path) -> None:
    shard = root / "0.tar"
    shard.write_bytes(b"header" + b"picture" + b"padding")
    end = read(files, shard, span_of(shard, 6, 12))
    assert isinstance(end, Body)
    assert end.data == b"picture"


def test_a_small_part_of_a_huge_shard_is_within_the_limit(files: LocalFiles, root: Path) -> None:
    shard = root / "0.tar"
    with shard.open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 39)
        file.write(b"picture")
    end = read(files, shard, span_of(shard, 1 << 39, (1 << 39) + 6))
    assert isinstance(end, Body)
    assert end.data == b"picture"


def test_a_part_above_the_limit_is_too_large(files: LocalFiles, root: Path) -> None:
    shard = root / "0.tar"
    with shard.open("wb") as file:
        file.truncate(1 << 40)
    assert reason(read(files, shard, span_of(shard, 0, MAX_BYTES))) == "too_large"


def test_a_part_beyond_the_end_or_of_another_version_is_refused(
    files: LocalFiles, root: Path
) -> None:
    shard = root / "in" / "a.jpg"
    assert reason(read(files, shard, span_of(shard, 3, 7))) == "source_changed"
    before = span_of(shard, 0, 6)
    os.utime(shard, (1, 1))
    assert reason(read(files, shard, before)) == "source_changed"


def test_descriptors_are_given_back(files: LocalFiles, root: Path) -> None:
    os.mkfifo(root / "pipe.jpg")
    held = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("in/a.jpg", "pipe.jpg", "nothing", "in/nothing"):
        read(files, root / path)
    assert len(list(Path("/proc/self/fd").iterdir())) == held


@pytest.mark.parametrize(
    "section",
    [
        {"roots": ["pictures"]},
        {"roots": ["/"]},
        {"roots": ["/a/../b"]},
        {"prefixes": ["bucket/a"]},
        {"prefixes": ["s3://"]},
        {"prefixes": ["s3://bucket/a/../b"]},
        {"prefixes": ["s3://bucket//a"]},
        {"root": ["/a"]},
        {"threads": 0},
    ],
)
def test_permissions_that_mean_nothing_are_refused(section: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SourceSettings.model_validate(section)


def test_percent_escapes_are_decoded_once_and_lead_nowhere_else(
    files: LocalFiles, root: Path
) -> None:
    (root / "%2e%2e").mkdir()
    (root / "%2e%2e" / "secret.jpg").write_bytes(b"harmless")
    end = files.read(source_uri(f"file://{root}/%252e%252e/secret.jpg"), deadline=FAR)
    assert isinstance(end, Body)
    assert end.data == b"harmless"
