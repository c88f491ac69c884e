"""Members of shards, good and hostile: nothing is trusted, nothing is looked for for ever."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pixelprose.cli.images.entries import units
from pixelprose.cli.images.folder import file_entry
from pixelprose.cli.images.shard import Member, members
from pixelprose.cli.rows import BadRow, Columns, SourceRow

PICTURE = b"picture" * 100


def tar_of(*named: tuple[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002 - tarfile's own word
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:", format=format) as tar:
        for name, data in named:
            header = tarfile.TarInfo(name)
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
    return out.getvalue()


def found(data: bytes) -> list[Member | BadRow]:
    return list(
        members("s.tar", lambda first, size: data[first : first + size], size_bytes=len(data))
    )


def good(data: bytes) -> list[str]:
    return [member.name for member in found(data) if isinstance(member, Member)]


def bad(data: bytes) -> list[str]:
    return [row.why for row in found(data) if isinstance(row, BadRow)]


def header(name: str = "a.jpg", *, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.type = size, kind
    return made


def raw(made: tarfile.TarInfo) -> bytes:
    return made.tobuf(tarfile.GNU_FORMAT)


def negative_size() -> bytes:
    block = bytearray(raw(header(size=0)))
    block[124:136] = b"\xff" * 12  # base-256, -1
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    "format",
    [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT],
)
def test_members_are_where_they_say(format: int) -> None:  # noqa: A002 - as above
    names = ["000/0.jpg", "0.txt", "l" * 90 + "/" + "l" * 90 + ".png"]
    data = tar_of(*((name, name.encode() * 50) for name in names), format=format)
    for member, name in zip(found(data), names, strict=True):
        assert isinstance(member, Member)
        assert member.name == name
        assert data[member.first : member.first + member.size_bytes] == name.encode() * 50
        assert member.read(0, 10**9) == name.encode() * 50


def test_a_size_beyond_the_shard_is_refused_and_what_came_before_is_kept() -> None:
    before = tar_of(("a.jpg", PICTURE))[:1536]
    data = before + raw(header("b.jpg", size=8 * 1024**3)) + b"x" * 512
    assert good(data) == ["a.jpg"]
    assert "claims more bytes than the shard has" in bad(data)


def test_a_negative_size_ends_the_shard() -> None:
    data = tar_of(("a.jpg", PICTURE))[:1536] + negative_size() + b"\0" * 1024
    assert good(data) == ["a.jpg"]
    assert bad(data)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_no_images(kind: bytes) -> None:
    made = header("a.jpg", kind=kind)
    made.linkname = "/etc/passwd"
    data = raw(made) + tar_of(("b.jpg", PICTURE))
    assert good(data) == ["b.jpg"]
    assert bad(data) == ["a link, a device or a sparse file"]


def test_a_sparse_member_is_no_image() -> None:
    made = header("a.jpg", size=512, kind=tarfile.GNUTYPE_SPARSE)
    block = bytearray(raw(made))
    block[386:398], block[398:410] = b"00000000000\0", b"00000001000\0"  # one piece
    block[483:495] = b"77777777777\0"  # it says it is 8 GiB
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    data = bytes(block) + b"x" * 512 + tar_of(("b.jpg", PICTURE))
    assert good(data) == ["b.jpg"]
    assert bad(data) == ["a link, a device or a sparse file"]


def test_a_huge_extended_header_is_not_read() -> None:
    asked: list[int] = []
    data = raw(header("x", size=1024**3, kind=tarfile.XHDTYPE)) + b"\0" * 4096

    def read(first: int, size: int) -> bytes:
        asked.append(size)
        return data[first : first + size]

    ends = list(members("s.tar", read, size_bytes=2 * 1024**3))
    assert [type(end) for end in ends] == [BadRow]
    assert sum(asked) < 2 * 1024**2


def test_a_chain_of_extended_headers_ends() -> None:
    one = raw(header("x", size=20, kind=tarfile.XHDTYPE)) + b"20 comment=abcdefghi"[:20].ljust(
        512, b"\0"
    )
    data = one * 5_000 + tar_of(("a.jpg", PICTURE))
    assert bad(data)


def test_names_are_text_and_never_paths(tmp_path: Path) -> None:
    shard = tmp_path / "s.tar"
    names = ["../../etc/passwd.jpg", "/etc/shadow.png", "a\nb.jpg", "\udcff.jpg"]
    shard.write_bytes(tar_of(*((name, PICTURE) for name in names), format=tarfile.GNU_FORMAT))
    (unit,) = units([file_entry(shard)], Columns())
    rows = [row for row in unit.rows() if isinstance(row, SourceRow)]
    assert len(rows) == len(names)
    for row in rows:
        assert row.url.startswith(f"file://{shard}#bytes=")
        row.fields["file"].encode()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.tar"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:700],
        lambda data: data[:1536] + b"garbage" * 200,
        lambda data: data[:0],
        lambda data: b"\x1f\x8b" + data,
        lambda data: b"not a tar at all" * len(data),
    ],
)
def test_what_is_no_tar_any_more_is_said(spoil: Callable[[bytes], bytes]) -> None:
    data = spoil(tar_of(("a.jpg", PICTURE), ("b.jpg", PICTURE)))
    assert bad(data)


def test_a_shard_without_its_last_zeros_is_whole() -> None:
    data = tar_of(("a.jpg", PICTURE))[:1536]
    assert good(data) == ["a.jpg"]
    assert bad(data) == []


def test_folders_and_empty_members() -> None:
    data = raw(header("d", kind=tarfile.DIRTYPE)) + raw(header("e.jpg")) + tar_of(("a.jpg", b"x"))
    assert good(data) == ["a.jpg"]
    assert bad(data) == ["empty"]


def test_headers_are_read_once_however_many_members_there_are() -> None:
    asked = 0
    data = tar_of(*((f"{n:05d}.jpg", b"x" * 3_000) for n in range(2_000)))

    def read(first: int, size: int) -> bytes:
        nonlocal asked
        asked += size
        return data[first : first + size]

    assert len(list(members("s.tar", read, size_bytes=len(data)))) == 2_000
    assert asked <= len(data)
