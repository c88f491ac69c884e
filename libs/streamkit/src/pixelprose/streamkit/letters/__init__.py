"""Records that leave the way of the stream: dead letters, and those put off to a retry topic."""

from pixelprose.streamkit.letters.dead import DeadLetters
from pixelprose.streamkit.letters.retries import Retries, Tier, retries_of

__all__ = ["DeadLetters", "Retries", "Tier", "retries_of"]
