import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.ingester.body import TooSlow, beginning, bounded, paced
from pixelprose.ingester.refusal import Refusal

LIMIT = 1000


def read(*chunks: bytes, encoding: str = "") -> bytes | str:
    async def arriving() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    body = asyncio.run(bounded(arriving(), encoding=encoding, max_bytes=LIMIT))
    return body.reason if isinstance(body, Refusal) else body


def test_a_body_of_just_the_limit_is_read_whole() -> None:
    assert read(b"a" * 600, b"b" * 400) == b"a" * 600 + b"b" * 400


def test_one_byte_more_is_too_large() -> None:
    assert read(b"a" * 600, b"b" * 401) == "too_large"


def test_nothing_is_read_after_the_limit() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(LIMIT)

    body = asyncio.run(bounded(endless(), encoding="identity", max_bytes=LIMIT))
    assert isinstance(body, Refusal)


@pytest.mark.parametrize(
    ("encoding", "fold"),
    [("gzip", gzip.compress), ("X-GZIP ", gzip.compress), ("deflate", zlib.compress)],
)
def test_a_folded_body_is_unfolded(encoding: str, fold: type[bytes]) -> None:
    folded = fold(b"picture" * 100)
    assert read(folded[:10], folded[10:], encoding=encoding) == b"picture" * 100


def test_a_gzip_bomb_is_too_large_before_it_unfolds() -> None:
    assert read(gzip.compress(bytes(100_000_000), 1)[:900], encoding="gzip") == "too_large"


def test_bytes_behind_a_folded_body_count_as_well() -> None:
    assert read(gzip.compress(b"picture"), *[bytes(400)] * 3, encoding="gzip") == "too_large"


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_the_beginning_of_a_long_body_is_read_folded_or_not(encoding: str) -> None:
    text = bytes(range(256)) * 100
    sent = gzip.compress(text) if encoding else text

    async def arriving() -> AsyncIterator[bytes]:
        for at in range(0, len(sent), 100):
            yield sent[at : at + 100]

    begun = asyncio.run(beginning(arriving(), encoding=encoding, max_bytes=LIMIT))
    assert begun == text[: len(begun)]
    assert len(begun) == LIMIT or (encoding and len(sent) >= LIMIT)


def test_a_folded_body_without_its_end_is_truncated() -> None:
    assert read(gzip.compress(b"picture" * 100)[:-9], encoding="gzip") == "truncated"


def test_a_folded_body_that_is_none_is_broken() -> None:
    assert read(b"\xff\xd8\xff picture", encoding="gzip") == "decode_failed"


def test_an_encoding_that_nobody_asked_for_is_refused() -> None:
    assert read(b"\x1b\x00", encoding="br") == "unsupported_format"
    assert read(b"\x1b\x00", encoding="gzip, gzip") == "unsupported_format"


@given(
    st.lists(st.binary(max_size=400), max_size=6),
    st.sampled_from(["", "gzip", "deflate", "GZIP ", "br", "gzip, br", "\x00"]),
)
def test_any_bytes_in_any_encoding_end_in_a_body_within_its_limit_or_a_reason(
    chunks: list[bytes], encoding: str
) -> None:
    end = read(*chunks, encoding=encoding)
    assert isinstance(end, str) or len(end) <= LIMIT


async def drip(*, every_seconds: float, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        await asyncio.sleep(every_seconds)
        yield b"ab"


def pace(chunks: AsyncIterator[bytes], *, rate: float, grace_seconds: float) -> bytes:
    async def collected() -> bytes:
        passed = paced(chunks, least_bytes_per_second=rate, grace_seconds=grace_seconds)
        return b"".join([chunk async for chunk in passed])

    return asyncio.run(collected())


def test_a_body_that_comes_fast_enough_is_passed_on() -> None:
    assert pace(drip(every_seconds=0, count=3), rate=1, grace_seconds=30) == b"ababab"


def test_a_body_that_drips_is_too_slow_although_it_never_stops() -> None:
    with pytest.raises(TooSlow, match="bytes per second"):
        pace(drip(every_seconds=0.01, count=100_000), rate=1e6, grace_seconds=0.05)


def test_a_body_that_stops_is_too_slow_without_another_byte() -> None:
    with pytest.raises(TooSlow):
        pace(drip(every_seconds=3600, count=1), rate=1e6, grace_seconds=0.01)
