"""The inside of a decoder process: frames of bytes in, decisions out, nothing else.

`python -m pixelprose.ingester.decoder_process LIMITS` reads frames (8 bytes of length, then an
image) from standard input and writes frames to standard output, a `Decoded` or `Refusal` each; the
first frame is empty and says that the process is ready. It ends with its input, and so with its
parent.
"""

import os
import resource
import sys
from typing import BinaryIO

import msgspec
from PIL import Image

from pixelprose.ingester.decode import decode
from pixelprose.ingester.limits import DecodeLimits

LENGTH = 8
"""Bytes of a frame's length, big-endian."""


def main() -> None:
    """Decode until standard input ends."""
    limits = DecodeLimits.model_validate_json(sys.argv[1])
    answers = _claim_output()
    _restrict(limits)
    _write(answers, b"")
    while head := sys.stdin.buffer.read(LENGTH):
        data = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        _write(answers, msgspec.msgpack.encode(decode(data, limits)))


def _claim_output() -> BinaryIO:
    """Keep standard output for frames: what a C library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _restrict(limits: DecodeLimits) -> None:
    # The data segment, not the address space: shared libraries are mapped in plenty.
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Pillow's own guard is a process-wide number; ours is the one that counts.
    Image.MAX_IMAGE_PIXELS = limits.max_pixels


def _write(answers: BinaryIO, data: bytes) -> None:
    answers.write(len(data).to_bytes(LENGTH, "big") + data)
    answers.flush()


if __name__ == "__main__":
    main()
