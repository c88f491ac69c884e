"""Who may use the S3 server: made at random once per data folder, and kept there."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr


@dataclass(frozen=True, slots=True)
class S3Access:
    """All that an S3 client needs."""

    endpoint: str
    access_key: str
    secret_key: SecretStr
    region: str = "us-east-1"


class Credentials(BaseModel):
    """A pair of keys; the secret one shows itself only where it is opened."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    access_key: str
    secret_key: SecretStr


def keep_credentials(file: Path) -> Credentials:
    """The pair in ``file``, or a new one that is now there; only its owner may read it."""
    if not file.exists():
        made = {
            "access_key": f"pixelprose{secrets.token_hex(5)}",
            "secret_key": secrets.token_urlsafe(30),
        }
        write_private(file, json.dumps(made))
    return Credentials.model_validate_json(file.read_text("utf-8"))


def write_private(file: Path, text: str) -> None:
    """Replace ``file``; at no moment may anyone but its owner read it."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    draft.replace(file)
