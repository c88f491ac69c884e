"""The safety filter: known hashes first, then an NSFW classifier; what passes leaves quarantine."""

from pixelprose.safety_filter.app import build
from pixelprose.safety_filter.settings import SafetyFilterSettings

__all__ = ["SafetyFilterSettings", "build"]
