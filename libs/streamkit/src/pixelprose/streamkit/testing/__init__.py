"""Stand-ins that keep the promises of the real ones; the contract suite runs on both."""

from pixelprose.streamkit.testing.by_hand import HandClock, HandWorker
from pixelprose.streamkit.testing.memory_broker import MemoryBroker
from pixelprose.streamkit.testing.memory_log import MemoryLog
from pixelprose.streamkit.testing.text_codec import TextCodec

__all__ = ["HandClock", "HandWorker", "MemoryBroker", "MemoryLog", "TextCodec"]
