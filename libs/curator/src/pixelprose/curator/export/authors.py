"""Names of authors leave the house as keyed hashes alone: they are personal data."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pixelprose.curator.errors import LakeError, WrongRequest

FIELD = "author"
"""The source's own field that names a person (RedCaps)."""

_LEAST_BYTES = 16


@dataclass(frozen=True, slots=True)
class AuthorKey:
    """A secret; the same name under the same key has the same hash."""

    secret: bytes

    @property
    def fingerprint(self) -> str:
        """Return what tells keys apart and does not give the key away."""
        return hmac.digest(self.secret, b"pixelprose author key", hashlib.sha256).hex()[:16]

    def hash(self, author: str) -> str:
        """Return the HMAC-SHA-256 (hex) of a name."""
        return hmac.digest(self.secret, author.encode(), hashlib.sha256).hex()


def read_key(file: Path) -> AuthorKey:
    """Return the key in a file.

    Raises:
        WrongRequest: there is no such file, or it is too short to be a secret.
    """
    try:
        secret = file.read_bytes().strip()
    except OSError as error:
        raise WrongRequest(f"{file}: {error.strerror}; it must hold the key for authors") from error
    if len(secret) < _LEAST_BYTES:
        raise WrongRequest(f"{file}: at least {_LEAST_BYTES} bytes are needed for a secret")
    return AuthorKey(secret)


def hashed(fields: Mapping[str, str], key: AuthorKey | None) -> dict[str, str]:
    """Return a source's own fields with the author hashed.

    Raises:
        LakeError: there is an author and no key.
    """
    if FIELD not in fields:
        return dict(fields)
    if key is None:
        raise LakeError(
            "rows name their authors, and names are exported as keyed hashes alone: name a file "
            "of random bytes with --author-key (`head -c 32 /dev/urandom > author.key`), and keep "
            "it secret"
        )
    return {**fields, FIELD: key.hash(fields[FIELD])}
