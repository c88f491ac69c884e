"""An expected no, as a value."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from pixelprose.records import ConsentSignal, Evidence

Reason = Literal[
    "bad_aspect",
    "bad_url",
    "connect_failed",
    "decode_failed",
    "dns_failed",
    "forbidden_address",
    "forbidden_source",
    "host_backing_off",
    "host_busy",
    "http_client_error",
    "http_forbidden",
    "http_not_found",
    "http_rate_limited",
    "http_server_error",
    "not_an_image",
    "opted_out",
    "robots_disallowed",
    "robots_unreachable",
    "source_changed",
    "source_missing",
    "timeout",
    "tls_failed",
    "too_large",
    "too_many_frames",
    "too_many_pixels",
    "too_many_redirects",
    "too_many_scans",
    "too_small",
    "truncated",
    "unsupported_format",
]
"""Every reason that the web or the image can give; `duplicate_content` is the claim's."""


class Refusal(msgspec.Struct, frozen=True, tag="refused"):
    """This image ends here, for `reason`; `detail` is a sentence for people."""

    reason: Reason
    detail: str
    evidence: Evidence | None = None

    def after(
        self, signals: Iterable[ConsentSignal], *, policy: tuple[str, str] | None = None
    ) -> "Refusal":
        """Return it with what was said before; name and hash of `policy`, which judged it all."""
        consent = (*signals, *(self.evidence.consent if self.evidence else ()))
        if not consent:
            return self
        name, hash_ = policy or (None, None)
        seen = Evidence(consent=consent, consent_policy=name, consent_policy_hash=hash_)
        return Refusal(self.reason, self.detail, seen)
