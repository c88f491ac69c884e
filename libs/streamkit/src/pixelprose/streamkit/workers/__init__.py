"""What runs steps: at once, in threads, on an event loop, or several at a time."""

from pixelprose.streamkit.workers.asynchronous import Async
from pixelprose.streamkit.workers.batches import Batches
from pixelprose.streamkit.workers.inline import Inline
from pixelprose.streamkit.workers.threads import Threads

__all__ = ["Async", "Batches", "Inline", "Threads"]
