"""The hash that names a policy: what makes two policies the same."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def policy_hash(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of the document as JSON with sorted keys and no spaces.

    Comments, order and layout of the file do not count; every value does.

    Raises:
        TypeError, ValueError: a value is not JSON's.
    """
    canonical = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
