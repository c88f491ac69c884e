"""Keys are told apart from what a killed S3 server leaves beside them."""

from uuid import UUID

import pytest

from chaos.store_view import is_half

BESIDE = UUID(int=7)
HASH = "ab" * 32


@pytest.mark.parametrize(
    "key",
    [
        f"receipts/{HASH}",
        f"receipts/{HASH}.1",
        f"seen/{HASH}",
        f"images/{HASH}/rendition.jpg",
        "lake/captions/_delta_log/00000000000000000000.json",
        f"lake/captions/_delta_log/_commit_{BESIDE}.json.tmp",
        f"lake/captions/day=2026-11-26/part-00000-{BESIDE}-c000.zstd.parquet",
    ],
)
def test_only_an_upload_beside_its_key_is_half(key: str) -> None:
    assert not is_half(key)
    assert is_half(f"{key}-{BESIDE}")
