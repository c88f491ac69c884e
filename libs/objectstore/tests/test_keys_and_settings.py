from collections.abc import Callable

import pytest
from pydantic import SecretStr, ValidationError

from pixelprose.objectstore import (
    ObjectKey,
    StoreSettings,
    image_original,
    image_rendition,
    quarantine_original,
    quarantine_rendition,
    receipt,
    robots,
    seen,
    tdm_file,
)

DIGEST = "0123456789abcdef" * 4
KEYS: dict[Callable[[str], ObjectKey], str] = {
    quarantine_original: f"quarantine/{DIGEST}/original",
    quarantine_rendition: f"quarantine/{DIGEST}/rendition.jpg",
    receipt: f"receipts/{DIGEST}",
    seen: f"seen/{DIGEST}",
    robots: f"robots/{DIGEST}",
    tdm_file: f"tdmrep/{DIGEST}",
    image_original: f"images/{DIGEST}/original",
    image_rendition: f"images/{DIGEST}/rendition.jpg",
}


@pytest.mark.parametrize(("key", "expected"), KEYS.items())
def test_each_object_has_its_place(key: Callable[[str], ObjectKey], expected: str) -> None:
    assert key(DIGEST) == expected


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("bad", ["", "../secrets", DIGEST.upper(), DIGEST[1:], f"{DIGEST}\n"])
def test_what_is_no_digest_becomes_no_key(key: Callable[[str], ObjectKey], bad: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        key(bad)


def settings(**changes: object) -> StoreSettings:
    given = {"endpoint": "http://127.0.0.1:9000", "bucket": "pictures", "access_key": "us"}
    return StoreSettings.model_validate(given | {"secret_key": "secret"} | changes)


def test_the_secret_key_is_not_printed() -> None:
    assert "secret'" not in repr(settings())
    assert settings().secret_key == SecretStr("secret")


@pytest.mark.parametrize("endpoint", ["https://s3.example.org", "http://[::1]:9000/"])
def test_an_endpoint_is_scheme_and_host(endpoint: str) -> None:
    assert settings(endpoint=endpoint).endpoint == endpoint.rstrip("/")


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "127.0.0.1:9000"},
        {"endpoint": "ftp://127.0.0.1"},
        {"endpoint": "http://127.0.0.1/path"},
        {"endpoint": "http://us:secret@127.0.0.1"},
        {"endpoint": "http://127.0.0.1?x=1"},
        {"endpoint": "http://127.0.0.1:99999"},
        {"bucket": "no"},
        {"bucket": "Not_A_Bucket"},
        {"access_key": ""},
        {"region": "not a region"},
        {"read_timeout_seconds": 0},
        {"max_connections": 0},
        {"retries": 3},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**changes)
