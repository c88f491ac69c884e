"""Stand-ins that keep the promises of the real ones; the contract suite runs on both."""

from pixelprose.streamkit.testing.memory_log import MemoryBroker, MemoryLog

__all__ = ["MemoryBroker", "MemoryLog"]
